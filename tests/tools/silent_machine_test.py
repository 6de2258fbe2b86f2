#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets that do not answer as a QMP monitor does: silent_machine_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import os
import socket
import subprocess
import threading
import time

from command import GUESTDUMP, CommandTest, main

GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\r\n'


class SocketTest(CommandTest):
    def listener(self, *texts, backlog=4):
        """A socket whose first client gets the first text at once and another after each request; then nothing."""
        path = self.folder / "q"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(backlog)
        self.addCleanup(listener.close)
        if texts:
            threading.Thread(target=self.serve, args=(listener, texts), daemon=True).start()
        return path

    def serve(self, listener, texts):
        client, _ = listener.accept()
        self.addCleanup(client.close)
        for text in texts:
            client.sendall(text)
            client.recv(4096)

    def commands(self, path):
        return [["status"], ["stop"], ["cont"], ["dump", self.folder / "out"], ["dump", "--estimate"]]

    def ended(self, *words, timeout=20):
        """(stderr, status, seconds) of the command."""
        begun = time.monotonic()
        done = subprocess.run([GUESTDUMP, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        self.assertEqual(done.stdout, b"")
        return done.stderr.decode(), done.returncode, time.monotonic() - begun


class Silence(SocketTest):
    def test_is_explained_after_three_seconds(self):
        path = self.listener()  # accepts nobody, as a monitor does that another client holds
        children = []
        for command in self.commands(path):
            children.append(subprocess.Popen([GUESTDUMP, *map(str, command), "--qmp", path], stderr=subprocess.PIPE))
            if len(children) == 4:
                break
        time.sleep(2)
        for child in children:
            os.set_blocking(child.stderr.fileno(), False)
            self.assertIsNone(child.stderr.read())
        time.sleep(2.5)
        for child, name in zip(children, ("status", "stop", "cont", "dump")):
            self.assertEqual(child.stderr.read().decode(), "guestdump %s: '%s': waiting for the greeting; another client may hold "
                                                           "this monitor, which serves one at a time\n" % (name, path))
            self.assertIsNone(child.poll())
            child.kill()
            child.communicate()
        self.assertEqual(os.listdir(self.folder), ["q"])

    def test_is_ended_by_the_timeout(self):
        path = self.listener()
        for command in self.commands(path)[:3]:
            err, status, seconds = self.ended(*command, "--qmp", path, "--timeout", "0.5")
            self.assertEqual(status, 2)
            self.assertIn("guestdump %s: '%s': 0.5 s of waiting for the greeting; another client may hold" % (command[0], path), err)
            self.assertLess(seconds, 3)
        self.assertGreaterEqual(seconds, 0.5)

    def test_of_a_machine_that_has_greeted_names_the_request(self):
        path = self.listener(GREETING, b'{"return": {}}\r\n')
        err, status, _ = self.ended("status", "--qmp", path, "--timeout=0.3")
        self.assertEqual((err, status), ("guestdump status: 0.3 s of waiting for the reply to query-name: Connection timed out\n", 2))

    def test_of_a_listener_with_a_full_queue_is_explained_too(self):
        path = self.listener(backlog=0)
        holders = []
        for _ in range(3):
            holder = socket.socket(socket.AF_UNIX)
            holder.setblocking(False)
            try:
                holder.connect(str(path))
            except BlockingIOError:
                holder.close()
                break
            holders.append(holder)
        err, status, seconds = self.ended("cont", "--qmp", path, "--timeout=4")
        self.assertEqual(status, 2)
        self.assertIn("waiting for a place in the full queue of clients\n", err)
        self.assertIn("its queue of clients was full for 4.0 s", err)
        for holder in holders:
            holder.close()

    def test_that_lasts_no_three_seconds_is_not_mentioned(self):
        path = self.listener(GREETING, b'{"return": {}}\r\n', b'{"return": {}}\r\n')
        child = subprocess.Popen([GUESTDUMP, "stop", "--qmp", path], stderr=subprocess.PIPE)
        self.assertEqual((child.communicate(timeout=20)[1], child.returncode), (b"", 0))


class OtherServers(SocketTest):
    def assert_named(self, text, name):
        path = self.listener(text)
        for command in self.commands(path)[:1]:
            err, status, seconds = self.ended(*command, "--qmp", path)
            self.assertEqual((err, status), ("guestdump %s: '%s': %s\n" % (command[0], path, name), 2))
            self.assertLess(seconds, 3)

    def test_hmp_is_known_by_name(self):
        self.assert_named(b"QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ",
                          "this is an HMP monitor, for people: give the socket of a QMP monitor (-qmp)")

    def test_http_is_known_by_name(self):
        self.assert_named(b"HTTP/1.1 400 Bad Request\r\n\r\n", "this is an HTTP server, and no QMP monitor")

    def test_anything_else_is_quoted_and_cannot_command_the_terminal(self):
        self.assert_named(b"220 \x1b[31mmail\r\n", "this is no QMP monitor, it sends '220 \\x1b[31mmail'")

    def test_another_json_server_is_no_monitor(self):
        self.assert_named(b'{"hello": 1}\n', "this is no QMP monitor, it sends '{\"hello\": 1}'")

    def test_bad_timeouts_are_refused(self):
        for value in "0", "-1", "x", "", "nan", "1e9", "3 s":
            self.assert_trouble("--timeout expects a number of seconds above 0", "status", "--qmp", self.folder / "q",
                                "--timeout=" + value)


main()
