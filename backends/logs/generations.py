"""A log and what logrotate(8) has put aside of it: `mail.log`, `mail.log.1`, `mail.log.2.gz`…"""

import bz2
import gzip
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a file may raise that is cut off, damaged, or taken away meanwhile."""

_OPENERS: dict[str, Callable[[Path], object]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def put_aside(path: Path) -> tuple[Path, ...]:
    """The generations of a log that have been rotated away, newest first."""
    pattern = re.compile(re.escape(path.name) + r"(?:\.(\d{1,6})|-(\d{8,14}))(?:\.(?:gz|xz|bz2))?")
    found: list[tuple[int, Path]] = []
    try:
        names = os.listdir(path.parent)  # noqa: PTH208  names are all that is needed
    except OSError:
        return ()
    for name in names:
        match = pattern.fullmatch(name)
        if match:
            # `dateext` names them by day (later is newer), otherwise they are numbered (higher is older).
            age = int(match[1]) if match[1] else -int(match[2])
            found.append((age, path.with_name(name)))
    return tuple(path for _, path in sorted(found))


def is_compressed(path: Path) -> bool:
    """Whether a rotated file is compressed."""
    return path.suffix in _OPENERS


def open_log(path: Path) -> BinaryIO | None:
    """A log file for reading, uncompressed where it is compressed; None where there is no such regular file
    that may be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        if is_compressed(path):
            return cast(BinaryIO, _OPENERS[path.suffix](path))
        return cast(BinaryIO, path.open("rb", buffering=0))
    except OSError:
        return None
