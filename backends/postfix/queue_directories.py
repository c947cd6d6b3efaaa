"""How many messages wait, counted in the queue's directories: a few system calls while nothing changes.

`postqueue -j` opens every message; for a figure that is looked at every few seconds that is too much.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SPOOL = Path("/var/spool/postfix")
_DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
"""Of the seconds in a long queue id (enable_long_queue_ids, postconf(5)): base 52, without vowels."""

_SECONDS_LENGTH = 6
_SHORTEST_LONG_ID = 12
_SETTLED_NS = 1_000_000_000
"""A directory that changed within the last second may change again without its time telling."""


@dataclass(frozen=True)
class QueueTotals:
    """Messages in each queue, and since when the oldest is there, where its id tells: of all, and of those
    that wait for another try.
    """

    active: int
    deferred: int
    hold: int
    incoming: int
    oldest: datetime | None
    oldest_deferred: datetime | None = None

    @property
    def total(self) -> int:
        """All messages."""
        return self.active + self.deferred + self.hold + self.incoming


@dataclass(frozen=True)
class _Counted:
    """A directory as it was at its last change."""

    changed_ns: int
    messages: int
    first_id: str
    below: tuple[Path, ...]


class QueueCounter:
    """Counts again and again, and reads a directory only when it has changed since the last time."""

    def __init__(self, spool: Path = SPOOL) -> None:
        self._spool = spool
        self._known: dict[Path, _Counted] = {}

    def count(self) -> QueueTotals:
        """The figures now. Raises OSError where the spool can't be read."""
        found = {
            queue: list(self._counted(self._spool / queue))
            for queue in ("active", "deferred", "hold", "incoming")
        }
        sums = {queue: sum(one.messages for one in counted) for queue, counted in found.items()}
        oldest = {queue: _oldest(counted) for queue, counted in found.items()}
        return QueueTotals(
            **sums,
            oldest=min(filter(None, oldest.values()), default=None),
            oldest_deferred=oldest["deferred"],
        )

    def _counted(self, directory: Path) -> list[_Counted]:
        """The directory and those below it: queues are spread by the start of the id (hash_queue_names)."""
        try:
            changed = directory.stat().st_mtime_ns
        except FileNotFoundError:
            self._known.pop(directory, None)
            return []
        counted = self._known.get(directory)
        if counted is None or counted.changed_ns != changed:
            counted = self._known[directory] = _read(directory, changed)
        return [counted, *(one for below in counted.below for one in self._counted(below))]


def _oldest(counted: list[_Counted]) -> datetime | None:
    return min(filter(None, (arrival(one.first_id) for one in counted if one.first_id)), default=None)


def arrival(queue_id: str) -> datetime | None:
    """When a message came in, from its long queue id; None for a short one, which does not say."""
    seconds = queue_id[:_SECONDS_LENGTH]
    if len(queue_id) < _SHORTEST_LONG_ID or any(digit not in _DIGITS for digit in seconds):
        return None
    value = 0
    for digit in seconds:
        value = value * len(_DIGITS) + _DIGITS.index(digit)
    return datetime.fromtimestamp(value, UTC)


def _read(directory: Path, changed: int) -> _Counted:
    messages, first, below = 0, "", []
    with os.scandir(directory) as entries:
        for entry in entries:
            name = entry.name
            if len(name) == 1:
                below.append(directory / name)
            else:
                messages += 1
                first = name if not first or name < first else first
    is_settled = time.time_ns() - changed > _SETTLED_NS
    return _Counted(changed if is_settled else 0, messages, first, tuple(below))
