# SPDX-License-Identifier: GPL-2.0-or-later
"""Simulates a person at a terminal: sends keys to a tmux session and reads its screen."""
import os
import subprocess
import time

PATIENCE = 30


class Terminal:
    """A shell in a terminal of its own. It starts in @folder, which also contains tmux's socket.

    The end of a with statement ends it.
    """

    def __init__(self, folder, columns=90, lines=30, environment=None):
        self.tmux = ["tmux", "-S", os.path.join(folder, "tmux"), "-f", "/dev/null"]
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", folder, "env", "PS1=$ ", "HISTFILE=",
                 *["%s=%s" % pair for pair in (environment or {}).items()], "sh")
        self.wait_for_line("$")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True)

    def run(self, *words):
        done = subprocess.run([*self.tmux, *words], capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            raise AssertionError("tmux %s: %s" % (words[0], done.stderr))
        return done.stdout

    def type(self, text):
        self.run("send-keys", "-l", "--", text)

    def press(self, *keys):
        """Presses keys, given by tmux's names: Enter, Tab, Up, C-c."""
        self.run("send-keys", *keys)

    def enter(self, line):
        self.type(line)
        self.press("Enter")

    def screen(self):
        return self.run("capture-pane", "-p").rstrip("\n")

    def title(self):
        """The title, which programs may set."""
        return self.run("display-message", "-p", "#{pane_title}").rstrip("\n")

    def last_line(self):
        return self.screen().split("\n")[-1]

    def wait(self, condition, what):
        """Waits for a screen for which @condition is true, and returns it."""
        end = time.monotonic() + PATIENCE
        while not condition(screen := self.screen()):
            if time.monotonic() > end:
                raise AssertionError("%s is not on the screen:\n%s" % (what, screen))
            time.sleep(0.02)
        return screen

    def wait_for(self, text):
        return self.wait(lambda screen: text in screen, text)

    def wait_for_line(self, line):
        """Waits until @line is the last line of the screen."""
        return self.wait(lambda screen: screen.split("\n")[-1] == line, repr(line))
