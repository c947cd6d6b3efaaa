"""Follows all logs at once, in one line of time."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import Self

from backends.errors import MailsteadError
from backends.language import _
from backends.logs.filtering import LineFilter
from backends.logs.lines import LogLine
from backends.logs.reading import last_lines_by_source, lines_since, parsed
from backends.logs.sources import SOURCES, LogSource
from backends.logs.tail import CHUNK, FileId, Tail
from backends.logs.timeline import merged

_PAUSE = 0.1
"""Seconds between two looks at files that were read to their end."""

_BREATH = 0.005
"""Seconds left to others while there is more to read."""

_AT_ONCE = CHUNK
"""Bytes of a file that are read before the next one has its turn, and after all of them whoever waits for the
event loop: a key that is pressed in a flood.
"""


class Following:
    """What the logs hold already, and from there on what is added to them: every line once.

    Use it in a `with` block, which closes the files. Making one raises MailsteadError where logs are there
    and none of them may be read.
    """

    def __init__(self, sources: Sequence[LogSource] = SOURCES) -> None:
        existing = [source.path for source in sources if os.access(source.path, os.F_OK)]
        if existing and not any(os.access(path, os.R_OK) for path in existing):
            raise MailsteadError(
                _("the logs may not be read by this user"),
                tried=str(existing[0]),
                next_step=_("become root, or a member of the group adm"),
            )
        self._sources = sources
        self._tails = [Tail(source.path) for source in sources]
        self._ends: dict[FileId, int] = {}
        for tail in self._tails:
            self._ends |= tail.beginnings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        for tail in self._tails:
            tail.close()

    def last_lines(self, count: int, only: LineFilter | None = None) -> Iterator[list[LogLine]]:
        """The last lines before; a better answer each time, the last one is right."""
        return last_lines_by_source(count, only, sources=self._sources, ends=self._ends)

    def lines_since(self, since: datetime) -> Iterator[LogLine]:
        """The lines before from a moment (UTC) on."""
        return lines_since(since, sources=self._sources, ends=self._ends)

    async def batches(self) -> AsyncIterator[tuple[LogLine, ...]]:
        """The lines as they are added, many at a time where many come. Never ends.

        It reads only as fast as the batches are taken, and leaves others time in between.
        """
        while True:
            batch, has_more = self.new_lines()
            if batch:
                yield batch
            await asyncio.sleep(_BREATH if has_more else _PAUSE)

    def new_lines(self) -> tuple[tuple[LogLine, ...], bool]:
        """What was added since the last time, up to some hundred lines a file; and whether there is more."""
        has_more = False
        files: list[list[LogLine]] = []
        for source, tail in zip(self._sources, self._tails, strict=True):
            raw, is_unfinished = tail.read(_AT_ONCE)
            has_more = has_more or is_unfinished
            if raw and (lines := parsed(raw, source)):
                files.append(lines)
        return tuple(files[0] if len(files) == 1 else merged(files)), has_more
