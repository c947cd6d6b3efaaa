"""Which labs there are on this machine, and taking one away by its name, even if its process was killed."""

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

REGISTRY = Path("/run/mailstead-lab")
"""One file for each lab, whatever its cache. It names the lab's directory; its owner holds a lock on it."""

_FORWARDING = REGISTRY / "ip_forward"


def directory_of(name: str) -> Path:
    """Where the lab `name` of this cache keeps its disks and logs."""
    return store.cache_directory() / "labs" / name


@contextlib.contextmanager
def claimed() -> Iterator[str]:
    """The name of a new lab, this process's for the length of the block. What dead labs left goes first.

    A lab is alive while somebody holds the lock on its file in the registry, which the kernel drops with the
    process.
    """
    with _turn():
        remove_dead()
        name = PREFIX + secrets.token_hex(2)
        owner = _lock(REGISTRY / name)
        assert owner is not None
        directory_of(name).mkdir(parents=True)
        owner.write(f"{directory_of(name)}\n{os.getpid()}\n")
        owner.flush()
        network.start_forwarding(_FORWARDING)
    try:
        yield name
    finally:
        with _turn():
            remove(name)
            owner.close()
            _stop_forwarding_after_the_last()


def remove_dead() -> list[str]:
    """Removes every lab whose process is gone, and returns their names. No lab may start or end meanwhile."""
    dead = []
    for registered in sorted(REGISTRY.glob(f"{PREFIX}*")):
        owner = _lock(registered)
        if owner is not None:
            remove(registered.name)
            owner.close()
            dead.append(registered.name)
    _stop_forwarding_after_the_last()
    for directory in directory_of("").glob(f"{PREFIX}*"):
        # After a restart of this machine the registry is empty, and of its labs only the files are left.
        if not (REGISTRY / directory.name).exists() and not overlay.mounts_below(directory):
            shutil.rmtree(directory, ignore_errors=True)
    return dead


def remove(name: str) -> None:
    """Kills, unmounts and deletes all that belongs to the lab `name`, in that order."""
    registered = REGISTRY / name
    noted = registered.read_text().splitlines()
    directory = Path(noted[0]) if noted else directory_of(name)
    cgroups.kill(cgroups.unified_hierarchy() / name)
    for machine in directory.glob("*/root"):
        nspawn.forget(machine, f"{name}-{machine.parent.name}")
    for point in overlay.mounts_below(directory):
        overlay.unmount(point)
    network.close(name)
    shutil.rmtree(directory, ignore_errors=True)
    registered.unlink()


def _stop_forwarding_after_the_last() -> None:
    if not list(REGISTRY.glob(f"{PREFIX}*")):
        network.stop_forwarding(_FORWARDING)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    with store.locked(REGISTRY / "lock"):
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
