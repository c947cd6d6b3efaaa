"""Inside a machine: a program in a real terminal (a pty), its keys pressed and its output read.

Standard library only: it runs with the machine's own Python.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

PATIENCE = 30.0
"""Seconds."""
ENVIRONMENT = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}


class Terminal:
    """A program in a terminal of 80 columns and 24 lines; `sent` is all that the terminal was sent."""

    def __init__(self, argv: list[str], **environment: str) -> None:
        self.started = time.monotonic()
        self.sent = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(argv[0], argv, {**ENVIRONMENT, **environment})
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = b""

    def wait_for(self, mark: bytes) -> float:
        """Seconds from now until the terminal is sent this text anew; SystemExit when it is not."""
        began, place = time.monotonic(), len(self.sent)
        while mark not in self.sent[place:]:
            if not self.read(began + PATIENCE - time.monotonic()):
                raise SystemExit(f"{mark!r} never came; the last was {self.sent[-3000:]!r}")
        return time.monotonic() - began

    def press_until(self, keys: bytes, mark: bytes, patience: float = 8.0, tries: int = 4) -> None:
        """Press keys until the terminal is sent this text, after another escape where it was not: a busy
        machine takes an escape for the beginning of a sequence. SystemExit when it never is.
        """
        for attempt in range(tries):
            if attempt:
                self.send(b"\x1b")
                self.settle(0.6, 2.0)
            place, give_up = len(self.sent), time.monotonic() + patience
            self.send(keys)
            while time.monotonic() < give_up and mark not in self.sent[place:]:
                self.read(0.2)
            if mark in self.sent[place:]:
                return
        raise SystemExit(f"{mark!r} never came; the last was {self.sent[-3000:]!r}")

    def read(self, patience: float) -> bytes:
        """What the terminal is sent next; empty when nothing comes."""
        if patience <= 0 or not select.select([self.master], [], [], patience)[0]:
            return b""
        try:
            got = os.read(self.master, 1 << 16)
        except OSError:
            return b""
        self.sent += got
        return got

    def settle(self, quiet: float = 0.3, most: float = 3.0) -> None:
        """Read until nothing has come for a moment."""
        give_up = time.monotonic() + most
        while time.monotonic() < give_up and self.read(quiet):
            pass

    def send(self, keys: bytes) -> None:
        """Press keys."""
        while keys:
            keys = keys[os.write(self.master, keys) :]

    def end(self, *keys: bytes, patience: float = 8.0, tries: int = 4) -> int:
        """Press keys one by one, as `press_until` does, until the program ends; gives its exit status.
        SystemExit when it never does.
        """
        for attempt in range(tries):
            if attempt:
                self.send(b"\x1b")
                self.settle(0.6, 2.0)
            for key in keys:
                self.settle(0.5, 1.0)
                self.send(key)
            give_up = time.monotonic() + patience
            while time.monotonic() < give_up:
                self.read(0.2)
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.settle(0.1, 1.0)
                    os.close(self.master)
                    return os.waitstatus_to_exitcode(status)
        raise SystemExit(f"it does not end; the last was {self.sent[-3000:]!r}")

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)
