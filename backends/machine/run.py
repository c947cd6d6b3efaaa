"""Runs programs: argument lists only, no shell, no terminal, a session of their own."""

import io
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.errors import CommandFailed
from backends.text import clean, clean_lines

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
    out, err = io.BytesIO(), io.BytesIO()
    try:
        ended = sh.Command(program)(
            *argv[1:],
            _in=stdin,
            _out=out,
            _err=err,
            _env=_environment(environment or {}),
            _cwd=cwd,
            _timeout=timeout,
            _ok_code=list(range(-64, 256)),
            _tty_out=False,
            _new_session=True,
            _return_cmd=True,
        )
    except sh.TimeoutException as problem:
        raise CommandFailed(f"{argv[0]} did not end within {timeout:g} seconds", tried=shown) from problem
    completed = Completed(tuple(argv), int(ended.exit_code), out.getvalue(), err.getvalue())
    if check and not completed.is_ok:
        raise CommandFailed(
            f"{argv[0]} failed with status {completed.status}", tried=clean(shown), seen=completed.complaint()
        )
    return completed


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
