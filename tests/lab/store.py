"""The cache of finished images: each is built beside its place, then renamed into it."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.host import LabError
from tests.lab.overlay import mounts_below, unmount


def cache_directory() -> Path:
    """Where images and running machines lie: $MAILSTEAD_LAB_CACHE, or /var/cache/mailstead-lab."""
    return Path(os.environ.get("MAILSTEAD_LAB_CACHE", "/var/cache/mailstead-lab"))


@dataclass(frozen=True)
class Entry:
    """One finished image: its directory and what its builder noted about it."""

    directory: Path
    notes: Mapping[str, Any]


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Holds flock(2) on `path`, which is made if need be, waiting for whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def find(release: str, name: str, key: str) -> Entry | None:
    """The newest finished image with this recipe key, or None."""
    for directory in sorted(_finished(release, name, key), reverse=True):
        return Entry(directory, json.loads((directory / "image.json").read_text()))
    return None


def newest(release: str, name: str) -> Path | None:
    """The directory of the newest finished image of that name, whatever its recipe, or None."""
    return max(_finished(release, name), default=None)


def obtain(
    release: str, name: str, key: str, build: Callable[[Path], Mapping[str, Any]], *, fresh: bool = False
) -> Entry:
    """The image with this recipe key, built by `build(directory)` if it is not there or `fresh` is wanted.

    `build` fills the directory it is given and returns the notes to keep. Other images of the same name are
    removed once no machine runs on them.
    """
    with locked(_folder(release) / f"{name}.lock"):
        found = find(release, name, key)
        if found and not fresh:
            return found
        for left in _folder(release).glob(f".{name}.*"):
            _remove(left)
        building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=_folder(release)))
        started = time.monotonic()
        try:
            notes = dict(build(building)) | {
                "seconds": round(time.monotonic() - started, 1),
                "built": time.time(),
            }
        except BaseException:
            _remove(building)
            raise
        (building / "image.json").write_text(json.dumps(notes, indent=1))
        place = _folder(release) / f"{name}-{key}-{time.time_ns() // 1_000_000}"
        building.rename(place)
        _forget_all_but(place, release, name)
        return Entry(place, notes)


@contextlib.contextmanager
def in_use(directory: Path) -> Iterator[None]:
    """Keeps an image from being removed while machines run on it. Raises LabError when it is gone already."""
    with locked(_marker(directory), shared=True):
        if not directory.exists():
            raise LabError(f"the image {directory.name} was replaced just now; try again")
        yield


def _folder(release: str) -> Path:
    return cache_directory() / "images" / release


def _finished(release: str, name: str, key: str = "[0-9a-f]+") -> list[Path]:
    """Directories of finished images, whose last part, the time of building, sorts them by age."""
    pattern = re.compile(rf"{re.escape(name)}-{key}-\d+")
    found = _folder(release).glob(f"{name}-*/image.json")
    return [path.parent for path in found if pattern.fullmatch(path.parent.name)]


def _marker(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.used")


def _forget_all_but(place: Path, release: str, name: str) -> None:
    for other in _finished(release, name):
        if other == place:
            continue
        with _marker(other).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove(other)
            _marker(other).unlink()


def _remove(directory: Path) -> None:
    for point in mounts_below(directory):
        unmount(point)
    shutil.rmtree(directory, ignore_errors=True)
