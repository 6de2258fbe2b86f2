# SPDX-License-Identifier: GPL-2.0-or-later
"""What shells offer when Tab is pressed at the end of a line. Each shell is the real one and reads our completions only."""
import os
import pathlib
import pty
import re
import shlex
import subprocess
import tempfile
import time

COMPLETIONS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "completions"


def plain(name):
    """A candidate without what the shell adds to it."""
    return name.rstrip("=")


class Bash:
    name = "bash"

    def __init__(self, environment):
        self.environment = environment

    def offers(self, line, folder="/"):
        """Asked as bash asks a function: the words in COMP_WORDS, the answers in COMPREPLY."""
        words = line.split(" ")
        # As readline cuts a line.
        cut = [part for word in words for part in re.findall(r"=|[^=]+", word) or [""]]
        script = """
            source "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
            function=$(complete -p %s | sed 's/.*-F \\([a-z_]*\\) .*/\\1/')
            "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || exit 9
            printf '%%s\\n' "${COMPREPLY[@]}"
        """ % words[0]
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", COMPLETIONS / words[0], *cut], capture_output=True,
                              text=True, timeout=60, cwd=folder, env=self.environment)
        assert (done.returncode, done.stderr) == (0, ""), done
        return sorted(plain(word) for word in done.stdout.split("\n") if word)

    def close(self):
        pass


class Zsh:
    name = "zsh"
    SETUP = """
        fpath=(%(completions)s $fpath)
        autoload -Uz compinit
        compinit -u -D
        unsetopt auto_list auto_menu beep
        tab() { zle complete-word; print -r -- '== end' >>%(answers)s }
        zle -N tab
        bindkey '^I' tab
        bindkey '^U' kill-whole-line
        compadd() {
            # Helpers of zsh call it with these options to filter arrays, which offers nothing.
            if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
            local -a hits
            builtin compadd -O hits "$@"
            (( $#hits )) && print -rl -- $hits >>%(answers)s
            builtin compadd "$@"
        }
        zle-line-init() { print -r -- '== end' >>%(answers)s }
        zle -N zle-line-init
        cd %(folder)s
    """

    def __init__(self, environment):
        self.home = tempfile.TemporaryDirectory()
        home = pathlib.Path(self.home.name)
        self.environment = dict(environment, ZDOTDIR=str(home), TERM="dumb")
        self.answers = home / "answers"
        self.child = None

    def start(self, folder):
        self.answers.write_text("")
        words = {"completions": COMPLETIONS, "answers": self.answers, "folder": folder}
        (self.answers.parent / ".zshrc").write_text(self.SETUP % {key: shlex.quote(str(word)) for key, word in words.items()})
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.execvpe("zsh", ["zsh", "-d", "-i"], self.environment)
        os.set_blocking(self.terminal, False)
        self.folder = folder
        self.wait()

    def wait(self):
        """Waits until the line can be edited, or the completion has ended, and returns what was offered."""
        screen, end = b"", time.monotonic() + 60
        while not (text := self.answers.read_text()).endswith("== end\n"):
            try:
                screen += os.read(self.terminal, 65536)
            except BlockingIOError:
                time.sleep(0.01)
            assert time.monotonic() < end, "zsh does not answer: %r" % screen
        self.answers.write_text("")
        return sorted({plain(word.rstrip("/")) for word in text.splitlines() if word != "== end"})

    def offers(self, line, folder="/"):
        if self.child and self.folder != folder:
            self.stop()
        if not self.child:
            self.start(folder)
        os.write(self.terminal, b"\x15" + line.encode() + b"\t")
        return self.wait()

    def stop(self):
        if self.child:
            os.close(self.terminal)  # hangs up
            os.waitpid(self.child, 0)
            self.child = None

    def close(self):
        self.stop()
        self.home.cleanup()


class Fish:
    name = "fish"

    def __init__(self, environment):
        self.home = tempfile.TemporaryDirectory()
        self.environment = dict(environment, HOME=self.home.name)

    def offers(self, line, folder="/"):
        program = line.split(" ")[0]
        script = "source %s; complete -C %s" % tuple(shlex.quote(str(word)) for word in (COMPLETIONS / (program + ".fish"), line))
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=60, cwd=folder,
                              env=self.environment)
        assert (done.returncode, done.stderr) == (0, ""), done
        found = {candidate.split("\t")[0] for candidate in done.stdout.splitlines()}
        if "=" in line.split(" ")[-1]:  # it offers the whole word
            found = {word.split("=", 1)[1] for word in found}
        return sorted(plain(word) for word in found)

    def close(self):
        self.home.cleanup()
