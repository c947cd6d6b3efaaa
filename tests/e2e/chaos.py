"""Which records of a run's journal `make chaos` kills after, and which were survived already.

MAILSTEAD_CHAOS=FIRST-LAST   only these records (10-20, 10-, 10)
SHARD=K/N                    only every N-th of them, the K-th first: for N machines at a time
MAILSTEAD_SURVIVED=FILE      where survived records are kept; without it, in the directory for temporary files
LAB_WORKERS=N                how many are killed at a time (3)
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.lab.recipes import PACKAGES, REPOSITORY, tracked_files

WORKERS = int(os.environ.get("LAB_WORKERS") or 3)


def chosen(total: int, environment: Mapping[str, str] = os.environ) -> list[int]:
    """The records to kill after, out of 1 to `total`. Raises ValueError where the environment is wrong."""
    first, dash, last = environment.get("MAILSTEAD_CHAOS", "").strip().partition("-")
    start = int(first or 1)
    end = int(last) if last else total if dash or not first else start
    turn, _, of = environment.get("SHARD", "1/1").partition("/")
    if not (1 <= start <= end and 1 <= int(turn) <= int(of)):
        raise ValueError("MAILSTEAD_CHAOS is FIRST-LAST, SHARD is K/N with K from 1 to N")
    return list(range(start, min(end, total) + 1))[int(turn) - 1 :: int(of)]


@dataclass(frozen=True)
class Survived:
    """The records that this very program survived, a line each: `PROGRAM RELEASE RECORD`.

    A program that has changed since begins anew; several processes may share the file.
    """

    path: Path
    program: str

    def records(self, release: str) -> set[int]:
        """Those of this release."""
        if not self.path.exists():
            return set()
        lines = map(str.split, self.path.read_text().splitlines())
        return {int(words[2]) for words in lines if words[:2] == [self.program, release]}

    def add(self, release: str, record: int) -> None:
        """Keep one more, at once."""
        with self.path.open("a") as kept:
            kept.write(f"{self.program} {release} {record}\n")


def survived(environment: Mapping[str, str] = os.environ) -> Survived:
    """What was survived by the program as the work tree has it now."""
    default = Path(tempfile.gettempdir(), "mailstead-survived")
    return Survived(Path(environment.get("MAILSTEAD_SURVIVED") or default), _program())


@cache
def _program() -> str:
    """Twelve hex digits that change with every file of the program, and with nothing else."""
    digest = hashlib.sha256()
    parts = (*(f"{package}/" for package in PACKAGES), "requirements")
    for name in sorted(tracked_files(REPOSITORY)):
        if name.startswith(parts):
            digest.update(f"{name}\0".encode() + (REPOSITORY / name).read_bytes() + b"\0")
    return digest.hexdigest()[:12]
