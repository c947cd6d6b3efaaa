"""Starts a program that outlives the terminal it was started from."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from backends.machine.run import run
from backends.text import clean_lines

_OUTPUT_KEPT = 32 << 10
"""Bytes."""


def start_detached(name: str, argv: Sequence[str], log: Path) -> None:
    """Start a program in a session of its own: a transient systemd unit called `name` where systemd runs.

    A hangup of the terminal, or the end of whoever started it, does not reach it. What it writes goes to the
    journal, or without systemd to `log`.
    """
    if Path("/run/systemd/system").is_dir():
        run(
            [
                "systemd-run",
                "--quiet",
                "--collect",
                f"--unit={name}",
                "--property=OOMPolicy=continue",
                "--property=TimeoutStopSec=15s",
                "--",
                *argv,
            ]
        )
    else:
        _start_in_new_session(argv, log)


def output_of(name: str, log: Path) -> str:
    """The end of what a program that was started as `name` wrote; cleaned, empty where it wrote nothing."""
    if log.exists():
        return clean_lines(log.read_bytes()[-_OUTPUT_KEPT:])
    if not Path("/run/systemd/system").is_dir():
        return ""
    said = run(
        ["journalctl", f"--unit={name}", "--output=cat", "--lines=200", "--no-pager", "--quiet"], check=False
    )
    return clean_lines(said.stdout[-_OUTPUT_KEPT:].strip())


def _start_in_new_session(argv: Sequence[str], log: Path) -> None:
    """Fork twice, so that the program is a child of process 1 and never becomes a zombie of ours."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _become(argv, log)
    finally:
        os._exit(0)


def _become(argv: Sequence[str], log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 256)
    os.chdir("/")
    os.execv(argv[0], list(argv))  # noqa: S606  no shell is wanted
