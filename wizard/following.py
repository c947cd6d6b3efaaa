"""Follows a run without a thread: for faces that must stay awake meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from wizard.journal import Event, parse_event
from wizard.launch import START_PATIENCE, died
from wizard.lock import LOCK, is_locked

_POLL = 0.1
_ASK_WHETHER_ALIVE = 1.0
"""Seconds of silence after which the lock is looked at."""
_AT_ONCE = 64 << 10
"""Bytes of a journal between two moments in which the face may do something else."""


@dataclass
class JournalReader:
    """Reads the whole lines that a journal has got since the last look."""

    path: Path
    offset: int = 0
    """Bytes that were read. A line that was cut off is taken away when a run is resumed: it is read only when
    it is whole.
    """

    def read(self) -> tuple[Event, ...]:
        """What is new, or the first part of it; nothing where there is no journal yet."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                content = file.read(_AT_ONCE)
                while b"\n" not in content and (more := file.read(_AT_ONCE)):
                    content += more
        except FileNotFoundError:
            return ()
        whole = content[: content.rfind(b"\n") + 1]
        self.offset += len(whole)
        return tuple(parse_event(line) for line in whole.splitlines())


async def follow(
    directory: Path, offset: int = 0, *, lock: Path = LOCK, patience: float = START_PATIENCE
) -> AsyncIterator[tuple[Event, ...]]:
    """The events of a run from this place of its journal on, those of a moment together, until it has
    finished; `patience` is for its first word, in seconds.

    Raises RunDied when its process goes away before the run has finished.
    """
    reader = JournalReader(directory / "journal.jsonl", offset)
    give_up = time.monotonic() + patience
    last = ""
    while True:
        is_silent = time.monotonic() > give_up
        is_alive = not is_silent or is_locked(lock)
        events = reader.read()  # after the look at the lock: what a run wrote last is not lost
        if events:
            last = events[-1].name
            yield events
        elif last == "finished":  # not only the end of an earlier part, with more to read behind it
            return
        elif not is_alive:
            raise died(directory)
        if events or is_silent:
            give_up = time.monotonic() + _ASK_WHETHER_ALIVE
        await asyncio.sleep(0 if events else _POLL)
