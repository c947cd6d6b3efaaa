"""What dpkg is doing now, from its log: an installation of minutes is one command to whoever started it."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from backends.text import clean

LOG = Path("/var/log/dpkg.log")

_TAIL = 4096
_DOING: dict[str, Literal["unpacking", "setting-up"]] = {
    "install": "unpacking",
    "upgrade": "unpacking",
    "configure": "setting-up",
}


@dataclass(frozen=True)
class DpkgStep:
    """What it does to which package."""

    doing: Literal["unpacking", "setting-up"]
    package: str


def latest_step(since: datetime, log: Path = LOG) -> DpkgStep | None:
    """The last thing that dpkg began after this moment; None where it did nothing since, or can't be asked.

    Before, apt fetches what it needs, of which nothing is written anywhere.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        words = line.split()
        if len(words) >= 4 and words[2] in _DOING and (at := _moment(words[0], words[1])):
            name = clean(words[3].partition(":")[0], 60)
            # the log has whole seconds
            return DpkgStep(_DOING[words[2]], name) if at >= since.replace(microsecond=0) else None
    return None


def _moment(day: str, time: str) -> datetime | None:
    """A moment as dpkg writes it, in local time."""
    try:
        return datetime.fromisoformat(f"{day} {time}").astimezone()
    except ValueError:
        return None
