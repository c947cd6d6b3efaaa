"""What really reaches a terminal when the queue is full of what attackers send."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.screens import hostile_queue

_REPOSITORY = Path(__file__).parents[2]


class Terminal:
    """A program on a terminal of its own, and every byte that it sent there."""

    def __init__(self, program: Path) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.screens.{program.stem}"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=_REPOSITORY,
            env=environment | {"COLUMNS": "120", "LINES": "30"},
            start_new_session=True,
        )
        os.close(theirs)
        self.sent = b""
        self._pressed_at = 0

    def press(self, keys: bytes) -> None:
        self._pressed_at = len(self.sent)
        os.write(self._ours, keys)

    def wait_for(self, text: str, seconds: float = 30) -> None:
        """Read until this was sent since the last key."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.sent[self._pressed_at :]:
            assert time.monotonic() < deadline, self.sent[-3000:]
            self._read()

    def wait_for_end(self, seconds: float = 30) -> int:
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < deadline, self.sent[-3000:]
            self._read()
        return self._process.returncode

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def _read(self) -> None:
        if select.select([self._ours], [], [], 0.1)[0]:
            try:
                self.sent += os.read(self._ours, 1 << 16)
            except OSError:
                return


@pytest.mark.timeout(120)
def test_no_byte_of_an_attack_reaches_the_terminal() -> None:
    terminal = Terminal(Path(hostile_queue.__file__))
    try:
        terminal.wait_for("evil␛]52;c;eA==␇")
        terminal.press(b"\r")
        terminal.wait_for("X-Encoded")
        terminal.press(b"q")
        terminal.wait_for("Why it waits")
        terminal.press(b"/")
        terminal.wait_for("older:2h")
        terminal.press(b"from:evil\r")
        terminal.wait_for("2 of 2 messages")
        terminal.press(b"q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()

    # Textual itself sets the shape of the mouse's pointer with OSC 22.
    sent = re.sub(rb"\x1b]22;[a-z-]+\x07", b"", terminal.sent)
    controls = (b"\x1b]", b"\x07", b"\x7f", "\x9b".encode(), "\u202e".encode(), "\u2028".encode())
    assert [control for control in controls if control in sent] == []
