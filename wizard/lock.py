"""One run at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _

LOCK = Path("/run/lock/mailstead.lock")
_LOOK_AGAIN = 0.1
"""Seconds."""


class RunLocked(MailsteadError):
    """Another run is at work."""


@contextmanager
def run_lock(path: Path = LOCK) -> Iterator[None]:
    """Hold the lock while inside; the kernel lets go of it when the process ends, however it ends.

    Raises RunLocked at once when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise RunLocked(
                _("another run of Mailstead is at work"),
                seen=f"held by process {_holder(descriptor)}",
                next_step=_("wait for it, or follow it with: mailstead runs"),
            ) from held
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path = LOCK) -> bool:
    """Whether a run is at work now."""
    try:
        with run_lock(path):
            return False
    except RunLocked:
        return True


def wait_until_free(patience: float, path: Path = LOCK) -> bool:
    """Whether no run is at work, or none is any more within so many seconds: one that has finished lets go of
    the lock a moment after it has said so.
    """
    give_up = time.monotonic() + patience
    while is_locked(path):
        if time.monotonic() > give_up:
            return False
        time.sleep(_LOOK_AGAIN)
    return True


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip() or "unknown"
