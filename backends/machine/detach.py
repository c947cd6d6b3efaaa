"""Starts a program that outlives the terminal it was started from."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from backends.machine.run import run


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
