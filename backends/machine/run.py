"""Runs programs: argument lists only, no shell, no terminal, a session of their own."""

import logging
import os
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Timer
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from backends.errors import CommandFailed
from backends.language import _
from backends.text import clean, clean_lines

if TYPE_CHECKING:
    import sh

DEFAULT_TIMEOUT = 60.0
"""Seconds until a program that should answer at once is ended."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHOWN_OUTPUT = 1500
_PIECE = 1 << 18


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
    with _memory("stdout") as out, _memory("stderr") as err:
        running = _start(argv, out, err, stdin=stdin, environment=environment or {}, cwd=cwd)
        is_late = _wait(running, timeout)
        completed = Completed(tuple(argv), int(running.exit_code), _content(out), _content(err))
    if is_late:
        raise _late(argv, timeout)
    if check and not completed.is_ok:
        raise _failure(completed)
    return completed


def stream(argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> Generator[bytes, None, None]:
    """Run a program and give what it writes as it writes it, in pieces of whole lines.

    Only the last piece may lack its line's end. A caller that has seen enough closes the generator, which
    ends the program. Raises CommandFailed as `run` with `check` does, after the last piece.
    """
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as pieces, _memory("stderr") as err:
        with os.fdopen(writer, "wb", buffering=0) as out:
            running = _start(argv, out, err)
        with _time_limit(running, timeout) as is_late:
            try:
                yield from _whole_lines(pieces)
            except GeneratorExit:
                _end(running)
                raise
            finally:
                running.wait()
        completed = Completed(tuple(argv), int(running.exit_code), b"", _content(err))
    if is_late.is_set():
        raise _late(argv, timeout)
    if not completed.is_ok:
        raise _failure(completed)


def _start(
    argv: Sequence[str],
    out: BinaryIO,
    err: BinaryIO,
    *,
    stdin: bytes = b"",
    environment: Mapping[str, str] = MappingProxyType({}),
    cwd: str = "/",
) -> "sh.RunningCommand":
    import sh  # costs 40 ms to import, and most calls of the program start no process

    logging.getLogger("sh").setLevel(logging.CRITICAL)
    program = find_program(argv[0])
    if program is None:
        raise CommandFailed(_("{program} is not installed").format(program=argv[0]), tried=" ".join(argv))
    return sh.Command(program)(
        *argv[1:],
        _in=stdin,
        _out=out,
        _err=err,
        _env=_environment(environment),
        _cwd=cwd,
        _ok_code=list(range(-64, 256)),
        _tty_out=False,
        _new_session=True,
        _bg=True,
        _bg_exc=False,
    )


def _failure(completed: Completed) -> CommandFailed:
    words = _("{program} failed with status {status}")
    return CommandFailed(
        words.format(program=completed.argv[0], status=completed.status),
        tried=clean(" ".join(completed.argv)),
        seen=completed.complaint(),
    )


def _late(argv: Sequence[str], timeout: float) -> CommandFailed:
    words = _("{program} did not end within {seconds} seconds")
    return CommandFailed(words.format(program=argv[0], seconds=f"{timeout:g}"), tried=" ".join(argv))


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while piece := file.read(_PIECE):
        head, end, tail = piece.rpartition(b"\n")
        if end:
            yield rest + head + end
            rest = tail
        else:
            rest += piece
    if rest:
        yield rest


def _memory(name: str) -> BinaryIO:
    """A file in memory: unlike a pipe, a daemon that keeps it open keeps nobody waiting."""
    return os.fdopen(os.memfd_create(name), "w+b")


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _wait(running: "sh.RunningCommand", timeout: float) -> bool:
    """Wait for the end, or end the program and its children when the time is over; gives whether it was."""
    with _time_limit(running, timeout) as is_late:
        running.wait()
    return is_late.is_set()


@contextmanager
def _time_limit(running: "sh.RunningCommand", timeout: float) -> Iterator[Event]:
    """End the program and its children when the time is over; the event tells whether it was.

    A timer, because waiting with a time-out would cost a tenth of a second each time.
    """
    is_late = Event()

    def end() -> None:
        is_late.set()
        _end(running)

    timer = Timer(timeout, end)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()


def _end(running: "sh.RunningCommand") -> None:
    with suppress(ProcessLookupError):
        running.kill_group()


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
