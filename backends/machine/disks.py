"""The disks of this machine, and those beneath a directory, as the kernel shows them in sysfs(5)."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
MOUNTS = Path("/proc/self/mountinfo")

_SECTOR = 512
"""Bytes; sysfs counts in these, whatever the disk's own are (Documentation/ABI/stable/sysfs-block)."""
_VIRTUAL = re.compile(r"(vd|xvd)[a-z]+")
"""Disks of a hypervisor: they call themselves rotating, whatever is beneath."""
_DEPTH = 8


@dataclass(frozen=True)
class Disk:
    """A disk of the machine, real or virtual, with all its partitions."""

    name: str
    """As the kernel calls it: `sda`, `nvme0n1`, `vda`."""
    size_bytes: int
    is_rotational: bool | None
    """None where the kernel doesn't know."""


@dataclass(frozen=True)
class MailPlace:
    """The file system that the mail will lie on."""

    path: str
    size_bytes: int
    free_bytes: int
    disks: tuple[str, ...]
    """The names of the disks beneath it; empty where that can't be seen, as in a container."""


def disks(sys: Path = SYS) -> tuple[Disk, ...]:
    """Every disk with a device behind it: no loops, no memory, no RAID or LVM made of others; by name."""
    found = sorted(path for path in _entries(sys / "block") if (path / "device").exists())
    return tuple(disk for path in found if (disk := _disk(path)).size_bytes)


def mail_place(path: str, sys: Path = SYS, mounts: Path = MOUNTS) -> MailPlace:
    """Where a directory lies, or will lie when it is made; raises OSError."""
    place = Path(path)
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    device = place.stat().st_dev
    beneath = _disks_beneath(_block_device(device, sys, mounts), sys)
    return MailPlace(path, usage.total, usage.free, tuple(sorted(set(beneath))))


def _disk(path: Path) -> Disk:
    sectors, rotational = _text(path / "size"), _text(path / "queue" / "rotational")
    is_known = rotational in {"0", "1"} and not _VIRTUAL.fullmatch(path.name)
    return Disk(
        name=path.name,
        size_bytes=int(sectors) * _SECTOR if sectors.isdecimal() else 0,
        is_rotational=rotational == "1" if is_known else None,
    )


def _block_device(device: int, sys: Path, mounts: Path) -> Path | None:
    """The directory in sysfs of what a file system lies on.

    Btrfs and others number their file systems themselves; the table of mounts says what such a one is on.
    """
    number = f"{os.major(device)}:{os.minor(device)}"
    if (found := sys / "dev" / "block" / number).exists():
        return found.resolve()
    for line in _text(mounts).splitlines():
        fields, _, after = line.partition(" - ")
        source = after.split()[1:2]
        if fields.split()[2:3] == [number] and source and source[0].startswith("/dev/"):
            name = Path(source[0]).resolve().name
            found = sys / "class" / "block" / name
            return found.resolve() if found.exists() else None
    return None


def _disks_beneath(device: Path | None, sys: Path, depth: int = 0) -> Iterator[str]:
    """The disks that a device is part of, or made of: through partitions, LVM, dm-crypt and RAID."""
    if device is None or depth > _DEPTH:
        return
    whole = device.parent if (device / "partition").exists() else device
    slaves = _entries(whole / "slaves")
    for slave in slaves:
        yield from _disks_beneath(slave.resolve(), sys, depth + 1)
    if not slaves and (whole / "device").exists():
        yield whole.name


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
