"""Lines of several files in one line of time."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from operator import itemgetter

from backends.logs.lines import LogLine

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_moment = itemgetter(0)


def merged(files: Iterable[Iterable[LogLine]]) -> Iterator[LogLine]:
    """The lines of all files by their times. Within a file the order stays; a line without a time stays with
    the one before it.
    """
    return (line for _, line in heapq.merge(*map(_with_moments, files), key=_moment))


def _with_moments(lines: Iterable[LogLine]) -> Iterator[tuple[datetime, LogLine]]:
    moment = LONG_AGO
    for line in lines:
        moment = line.at or moment
        yield moment, line
