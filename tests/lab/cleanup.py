"""Taking a lab away by its name alone, also one whose process was killed."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.lab import cgroups, network, nspawn, overlay, store

PREFIX = "mslab-"


def labs_directory() -> Path:
    """Where every lab has a directory named like it."""
    return store.cache_directory() / "labs"


@contextlib.contextmanager
def claimed() -> Iterator[str]:
    """The name of a new lab, this process's for the length of the block. What dead labs left goes first.

    A lab is alive while somebody holds the lock on its `owner` file, which the kernel drops with the process.
    """
    with _turn():
        remove_dead()
        name = PREFIX + secrets.token_hex(2)
        directory = labs_directory() / name
        directory.mkdir(parents=True)
        owner = _lock(directory / "owner")
        assert owner is not None
        owner.write(f"{os.getpid()}\n")
        owner.flush()
        network.start_forwarding(labs_directory() / "ip_forward")
    try:
        yield name
    finally:
        with _turn():
            remove(name)
            owner.close()
            _stop_forwarding_after_the_last()


def remove_dead() -> list[str]:
    """Removes every lab whose process is gone, and returns their names."""
    dead = []
    for directory in sorted(labs_directory().glob(f"{PREFIX}*")):
        owner = _lock(directory / "owner")
        if owner is not None:
            remove(directory.name)
            owner.close()
            dead.append(directory.name)
    _stop_forwarding_after_the_last()
    return dead


def remove(name: str) -> None:
    """Kills, unmounts and deletes all that belongs to the lab `name`, in that order."""
    cgroups.kill(cgroups.unified_hierarchy() / name)
    directory = labs_directory() / name
    for machine in directory.glob("*/root"):
        nspawn.forget(machine, f"{name}-{machine.parent.name}")
    for point in overlay.mounts_below(directory):
        overlay.unmount(point)
    network.close(name)
    shutil.rmtree(directory, ignore_errors=True)


def _stop_forwarding_after_the_last() -> None:
    if not list(labs_directory().glob(f"{PREFIX}*")):
        network.stop_forwarding(labs_directory() / "ip_forward")


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    with store.locked(labs_directory() / "lock"):
        yield


def _lock(path: Path) -> IO[str] | None:
    """The file opened and locked, or None when somebody else holds it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
