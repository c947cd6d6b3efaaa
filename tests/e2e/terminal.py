"""A real terminal in which a person works: tmux, with an SSH session into a machine."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.machine import Machine


@dataclass(frozen=True)
class Terminal:
    """What stands on the screen, and the keys."""

    socket: Path

    def send(self, *keys: str) -> None:
        """Press keys, by the names that tmux(1) gives them: `Enter`, `C-n`, `Down`, `y`."""
        self._tmux("send-keys", "-t", "0", *keys)

    def screen(self) -> str:
        """All lines, as they stand there now."""
        return self._tmux("capture-pane", "-p", "-t", "0")

    def wait_for(self, pattern: str, timeout: float = 60) -> str:
        """The screen once this regular expression is found on it; AssertionError with the screen else."""
        deadline = time.monotonic() + timeout
        while True:
            screen = self.screen()
            if re.search(pattern, screen):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} did not come within {timeout} s:\n{screen}")
            time.sleep(0.1)

    def cut(self) -> None:
        """Lose the line: the SSH client is gone at once, and says good-bye to nobody."""
        os.kill(int(self._tmux("list-panes", "-t", "0", "-F", "#{pane_pid}")), signal.SIGKILL)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout


@contextlib.contextmanager
def terminal(
    lab: Lab, machine: Machine, command: Sequence[str], place: Path, size: tuple[int, int] = (80, 24)
) -> Iterator[Terminal]:
    """A terminal of this size on somebody's desk, in which a command runs on the machine over SSH."""
    lab.ssh_key.authorise(machine)
    machine.wait_for("systemctl", "is-active", "ssh.service")
    over_ssh = lab.ssh_key.command(lab.outsider("desk"), machine, *command, terminal=True)
    columns, lines = map(str, size)
    opened = Terminal(place / "tmux")
    begin = ("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", lines, "--", *over_ssh)
    # what was on the screen when the line was lost is still there to be looked at
    opened._tmux(*begin, ";", "set-option", "-g", "remain-on-exit", "on")
    try:
        yield opened
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            opened._tmux("kill-server")
