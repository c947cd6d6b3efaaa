"""Runs programs: argument lists only, no shell, no terminal, a session of their own."""

import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Timer
from typing import TYPE_CHECKING, BinaryIO

from backends.errors import CommandFailed
from backends.text import clean, clean_lines

if TYPE_CHECKING:
    import sh

DEFAULT_TIMEOUT = 60.0
"""Seconds until a program that should answer at once is ended."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHOWN_OUTPUT = 1500


@dataclass(frozen=True)
class Completed:
    """How a program ended: its exit status and what it wrote."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the exit status was 0."""
        return self.status == 0

    @property
    def text(self) -> str:
        """Standard output, decoded; not cleaned, for parsing only."""
        return self.stdout.decode("utf-8", errors="replace")

    def complaint(self) -> str:
        """The end of what it said, standard error first; cleaned, for people."""
        said = (self.stderr.strip() or self.stdout.strip())[-_SHOWN_OUTPUT:]
        return clean_lines(said)


def find_program(name: str) -> str | None:
    """The full path of a program on the system's path, or None."""
    return (
        name if name.startswith("/") and os.access(name, os.X_OK) else shutil.which(name, path=_SYSTEM_PATH)
    )


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = DEFAULT_TIMEOUT,
    environment: Mapping[str, str] | None = None,
    cwd: str = "/",
    check: bool = True,
) -> Completed:
    """Run a program to its end and give what it said.

    `environment` adds to a small fixed one (PATH, LC_ALL=C.UTF-8, no pager, nothing interactive). Secrets
    go in by `stdin`, never by `argv`. Raises CommandFailed when the program is missing, takes longer than
    `timeout` seconds, or, with `check`, ends with a status other than 0.
    """
    import sh  # costs 40 ms to import, and most calls of the program start no process

    logging.getLogger("sh").setLevel(logging.CRITICAL)
    shown = " ".join(argv)
    program = find_program(argv[0])
    if program is None:
        raise CommandFailed(f"{argv[0]} is not installed", tried=shown)
    with _memory("stdout") as out, _memory("stderr") as err:
        running = sh.Command(program)(
            *argv[1:],
            _in=stdin,
            _out=out,
            _err=err,
            _env=_environment(environment or {}),
            _cwd=cwd,
            _ok_code=list(range(-64, 256)),
            _tty_out=False,
            _new_session=True,
            _bg=True,
            _bg_exc=False,
        )
        is_late = _wait(running, timeout)
        completed = Completed(tuple(argv), int(running.exit_code), _content(out), _content(err))
    if is_late:
        raise CommandFailed(f"{argv[0]} did not end within {timeout:g} seconds", tried=shown)
    if check and not completed.is_ok:
        raise CommandFailed(
            f"{argv[0]} failed with status {completed.status}", tried=clean(shown), seen=completed.complaint()
        )
    return completed


def _memory(name: str) -> BinaryIO:
    """A file in memory: unlike a pipe, a daemon that keeps it open keeps nobody waiting."""
    return os.fdopen(os.memfd_create(name), "w+b")


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _wait(running: "sh.RunningCommand", timeout: float) -> bool:
    """Wait for the end, or end the program and its children when the time is over; gives whether it was.

    A timer, because waiting with a time-out would cost a tenth of a second each time.
    """
    is_late = Event()

    def end() -> None:
        is_late.set()
        with suppress(ProcessLookupError):
            running.kill_group()

    timer = Timer(timeout, end)
    timer.daemon = True
    timer.start()
    try:
        running.wait()
    finally:
        timer.cancel()
    return is_late.is_set()


def _environment(additions: Mapping[str, str]) -> dict[str, str]:
    fixed = {
        "PATH": _SYSTEM_PATH,
        "LC_ALL": "C.UTF-8",
        "HOME": "/root",
        "PAGER": "cat",
        "SYSTEMD_PAGER": "",
        "DEBIAN_FRONTEND": "noninteractive",
    }
    return fixed | dict(additions)
