"""The lines that the logs panel keeps: so many, and which of them are shown."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter

from backends.logs.filtering import LineFilter
from backends.logs.lines import LogLine
from backends.logs.severity import Severity

MOST = 30_000
"""Lines that are kept, and as many again that wait while somebody reads."""

MOST_CHARACTERS = 8_000_000
_AT_ONCE = 500


Row = tuple[int, datetime | None, str, str, str]
"""A line with its number, which it has for good: number, time, service, severity, text.

A plain tuple of plain values: the garbage collector leaves those out. Going through tens of thousands of
objects would hold up a key for a tenth of a second.
"""


number_of: Callable[[Row], int] = itemgetter(0)


def line_of(row: Row) -> LogLine:
    """The line in a row."""
    _line_number, at, service, severity, text = row
    return LogLine(at, service, Severity(severity), text)


class LogRows:
    """The last lines, and those of them that pass a filter. While it `is_held`, new lines wait: what somebody
    reads stays where it is.
    """

    def __init__(self, most: int = MOST, most_characters: int = MOST_CHARACTERS) -> None:
        self.only = LineFilter()
        self.is_held = False
        self.has_context = False
        """Whether lines of the chosen services are shown in which what was asked for is not."""
        self.rows: list[Row] = []
        self.shown: list[Row] = []
        self.hits: list[Row] = []
        """Those in which it is. The same list as `shown` without context."""
        self.waiting = 0
        """Lines that would be shown, were they not held."""
        self.dropped = 0
        """Lines taken off the front of `shown` since somebody set this to 0."""
        self._waiting_rows: list[Row] = []
        self._most, self._most_characters = most, most_characters
        self._characters = 0
        self._next = 0

    def add(self, lines: Sequence[LogLine]) -> None:
        """Take new lines. Raises BadFilter when the filter takes too long; the lines are kept then."""
        rows: list[Row] = [
            (number, line.at, line.service, line.severity.value, line.text)
            for number, line in enumerate(lines, self._next)
        ]
        self._next += len(rows)
        if self.is_held:
            self._waiting_rows += rows
            del self._waiting_rows[: max(0, len(self._waiting_rows) - self._most)]
            self.waiting += len(passing(rows, self._shown_filter))
        else:
            self._append(rows)

    def take_waiting(self) -> None:
        """Add what was held. Raises BadFilter as `add` does."""
        rows, self._waiting_rows, self.waiting = self._waiting_rows, [], 0
        self._append(rows)

    async def choose(self, only: LineFilter, *, has_context: bool) -> None:
        """Show the lines that pass this filter instead, those that wait too; others have time while it looks
        through them. Raises BadFilter when it takes too long; then nothing has changed.
        """
        around = LineFilter(only.services)
        hits: list[Row] = []
        shown: list[Row] = []
        number = 0
        while rows := self._some_from(self.rows, number) or self._some_from(self._waiting_rows, number):
            found = passing(rows, only)
            hits += found
            shown += passing(rows, around) if has_context else ()
            number = rows[-1][0] + 1
            await asyncio.sleep(0)
        self.only, self.has_context = only, has_context
        self.hits = hits
        self.shown = shown if has_context else hits
        self.rows += self._waiting_rows
        self._characters += _characters(self._waiting_rows)
        self._waiting_rows, self.waiting = [], 0
        self._trim()
        self._forget_before(self.rows[0][0] if self.rows else 0)
        self.dropped = 0

    def place_of(self, number: int) -> int:
        """Where in `shown` this number is, or the next after it."""
        return self._place(self.shown, number)

    def hit_from(self, number: int, step: int) -> Row | None:
        """The next hit after a line (`step` 1), or the last before it (-1)."""
        place = self._place(self.hits, number + 1) if step > 0 else self._place(self.hits, number) - 1
        return self.hits[place] if 0 <= place < len(self.hits) else None

    @property
    def _shown_filter(self) -> LineFilter:
        return LineFilter(self.only.services) if self.has_context else self.only

    def _append(self, rows: list[Row]) -> None:
        self.rows += rows
        self._characters += _characters(rows)
        self._trim()
        self.hits += passing(rows, self.only)
        if self.shown is not self.hits:
            self.shown += passing(rows, self._shown_filter)
        self._forget_before(self.rows[0][0] if self.rows else 0)

    def _trim(self) -> None:
        """Forget the oldest lines, down to what is kept."""
        over = max(0, len(self.rows) - self._most)
        self._characters -= _characters(self.rows[:over])
        while self._characters > self._most_characters:
            self._characters -= len(self.rows[over][4])
            over += 1
        del self.rows[:over]

    def _forget_before(self, number: int) -> None:
        over = self._place(self.shown, number)
        self.dropped += over
        if self.shown is not self.hits:
            del self.hits[: self._place(self.hits, number)]
        del self.shown[:over]

    def _some_from(self, rows: list[Row], number: int) -> list[Row]:
        start = self._place(rows, number)
        return rows[start : start + _AT_ONCE]

    @staticmethod
    def _place(rows: Sequence[Row], number: int) -> int:
        return bisect_left(rows, number, key=number_of)


def passing(rows: Sequence[Row], only: LineFilter) -> list[Row]:
    """The rows whose lines pass. Raises BadFilter as `LineFilter.kept` does."""
    if only.is_everything:
        return list(rows)
    return [rows[place] for place in only.places([row[2] for row in rows], [row[4] for row in rows])]


def _characters(rows: Sequence[Row]) -> int:
    return sum(len(row[4]) for row in rows)
