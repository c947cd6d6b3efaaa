"""Overlay mounts: read-only layers below, one writable directory on top."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.lab.host import LabError


def mount(target: Path, lower: Sequence[Path], upper: Path, work: Path) -> None:
    """Mounts the layers `lower`, topmost first, with `upper` above them at `target`.

    `volatile` leaves out every fsync to the upper layer: these machines are thrown away, and apt is faster.
    """
    for directory in (target, upper, work):
        directory.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={':'.join(map(str, lower))},upperdir={upper},workdir={work},volatile"
    _run("mount", "-t", "overlay", "overlay", "-o", options, str(target))


@contextlib.contextmanager
def mounted(target: Path, lower: Sequence[Path], upper: Path, work: Path) -> Iterator[Path]:
    """The same mount for the length of a `with` block."""
    mount(target, lower, upper, work)
    try:
        yield target
    finally:
        unmount(target)


def mount_disk(target: Path, image: Path, size_mib: int) -> None:
    """Makes an ext4 filesystem of `size_mib` MiB in the sparse file `image` and mounts it at `target`."""
    target.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(size_mib * 1024 * 1024)
    _run("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", str(image))
    _run("mount", "-o", "loop", str(image), str(target))


def unmount(target: Path) -> None:
    """Takes away whatever is mounted at `target`, busy or not. Nothing mounted there is fine."""
    subprocess.run(["umount", "-l", str(target)], check=False, capture_output=True)


def mounts_below(directory: Path) -> list[Path]:
    """Every mount point at or below `directory`, innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    paths = [Path(os.fsdecode(point.encode().decode("unicode_escape"))) for point in points]
    return sorted((path for path in paths if path.is_relative_to(directory)), reverse=True)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{' '.join(argv)} failed: {done.stderr.strip()}")
