"""Reads logs back: their last lines, or all since a moment, also from the files that were rotated away."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from backends.logs.filtering import LineFilter
from backends.logs.generations import READ_ERRORS, is_compressed, open_log, put_aside
from backends.logs.lines import LONGEST_RAW, LogLine, parse_line
from backends.logs.sources import SOURCES, LogSource
from backends.logs.tail import CHUNK, FileId
from backends.logs.timeline import LONG_AGO, merged

Ends = Mapping[FileId, int]
"""Where to end in files that somebody follows from there on: device and inode, and the offset."""

_CLOSE_ENOUGH = 4 * CHUNK


def last_lines(
    count: int,
    only: LineFilter | None = None,
    *,
    sources: Sequence[LogSource] = SOURCES,
    ends: Ends | None = None,
) -> list[LogLine]:
    """The last lines of all logs in one line of time, as many as there are up to `count`. Raises BadFilter
    where the filter takes too long.
    """
    found: list[LogLine] = []
    for one_more in last_lines_by_source(count, only, sources=sources, ends=ends):
        found = one_more
    return found


def last_lines_by_source(
    count: int,
    only: LineFilter | None = None,
    *,
    sources: Sequence[LogSource] = SOURCES,
    ends: Ends | None = None,
) -> Iterator[list[LogLine]]:
    """What `last_lines` gives, after each source that was read: for those who have other things to do in
    between.
    """
    found: list[LogLine] = []
    for source in sources:
        # Lines older than all that are wanted need not be looked for.
        oldest = next((line.at for line in found if line.at), None) if len(found) >= count else None
        lines = _last_of(source, count, only or LineFilter(), ends or {}, oldest or LONG_AGO)
        found = list(merged([found, lines]))[-count:]
        yield found


def lines_since(
    since: datetime, *, sources: Sequence[LogSource] = SOURCES, ends: Ends | None = None
) -> Iterator[LogLine]:
    """Every line from a moment (UTC) on, in one line of time; holds only a few of them at once."""
    return merged(_since(source, since, ends or {}) for source in sources)


def _last_of(
    source: LogSource, count: int, only: LineFilter, ends: Ends, not_before: datetime
) -> list[LogLine]:
    """The last lines of one log. What is older than `not_before` may be left out."""
    parts: list[list[LogLine]] = []
    missing = count
    for file in _files(source.path, ends):
        with closing(file.stream):
            for lines, is_old in _groups(file, source, only, missing, not_before):
                parts.append(lines[-missing:])
                missing -= len(parts[-1])
                if missing <= 0 or is_old:
                    return _joined(parts)
    return _joined(parts)


def _groups(
    file: "_File", source: LogSource, only: LineFilter, missing: int, not_before: datetime
) -> Iterator[tuple[list[LogLine], bool]]:
    """Groups of a file's lines that pass, the last group first; and whether what comes before is too old."""
    if file.is_compressed:
        kept: deque[LogLine] = deque(maxlen=missing)
        for block in _blocks(file.stream):
            kept.extend(only.kept(parsed(block, source)))
        yield list(kept), False
        return
    for block in _blocks_back(file.stream, file.end):
        yield only.kept(parsed(block, source)), _is_older(block, not_before)


def _since(source: LogSource, since: datetime, ends: Ends) -> Iterator[LogLine]:
    """The lines of one log from a moment on, the oldest first."""
    with ExitStack() as opened:
        files = []
        for file in _files(source.path, ends):
            opened.enter_context(closing(file.stream))
            if file.modified < since:
                break
            files.append(file)
        moment = LONG_AGO
        for file in reversed(files):
            if not file.is_compressed:
                file.stream.seek(_place_of(since, file))
            for block in _blocks(file.stream, file.end):
                for line in parsed(block, source):
                    moment = line.at or moment
                    if moment >= since:
                        yield line


@dataclass(frozen=True)
class _File:
    """An open file of a log. `end` is where to stop in it, None at its end."""

    stream: BinaryIO
    is_compressed: bool
    modified: datetime
    end: int | None


def _files(path: Path, ends: Ends) -> Iterator[_File]:
    """The log and those put aside, newest first. With `ends`, from the newest on that has one: what is newer
    is somebody else's.
    """
    is_begun = not ends
    for one in (path, *put_aside(path)):
        stream = open_log(one)
        if stream is None:
            continue
        status = os.fstat(stream.fileno())
        end = ends.get((status.st_dev, status.st_ino))
        is_begun = is_begun or end is not None
        if is_begun:
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield _File(stream, is_compressed(one), modified, end)
        else:
            stream.close()


def _blocks_back(stream: BinaryIO, end: int | None) -> Iterator[list[bytes]]:
    """The whole lines of an uncompressed file in blocks, the last block first."""
    place = stream.seek(0, os.SEEK_END) if end is None else end
    rest = b""
    while place > 0:
        size = min(CHUNK, place)
        place -= size
        stream.seek(place)
        block = stream.read(size) + rest
        if place == 0:
            yield block.split(b"\n")
            return
        first, line_end, others = block.partition(b"\n")
        rest = first[:LONGEST_RAW]
        if line_end:
            yield others.split(b"\n")


def _blocks(stream: BinaryIO, end: int | None = None) -> Iterator[list[bytes]]:
    """The whole lines of a file in blocks, from where it stands."""
    rest = b""
    place = stream.tell()
    while end is None or place < end:
        try:
            chunk = stream.read(CHUNK if end is None else min(CHUNK, end - place))
        except READ_ERRORS:
            break
        if not chunk:
            break
        place += len(chunk)
        *lines, last = chunk.split(b"\n")
        if lines:
            lines[0] = rest + lines[0]
            rest = b""
            yield lines
        rest = (rest + last)[:LONGEST_RAW]
    if rest:
        yield [rest]


def _place_of(since: datetime, file: _File) -> int:
    """An offset in an uncompressed file before which every line is older than a moment, found by halving."""
    low, high = 0, file.stream.seek(0, os.SEEK_END) if file.end is None else file.end
    while high - low > _CLOSE_ENOUGH:
        middle = (low + high) // 2
        file.stream.seek(middle)
        at = _first_time(file.stream.read(CHUNK).split(b"\n")[1:])
        if at is None:
            break
        low, high = (middle, high) if at < since else (low, middle)
    file.stream.seek(low)
    return low if low == 0 else low + file.stream.read(CHUNK).find(b"\n") + 1


def _first_time(lines: Sequence[bytes]) -> datetime | None:
    return next((line.at for line in map(parse_line, lines) if line and line.at), None)


def _is_older(block: Sequence[bytes], moment: datetime) -> bool:
    """Whether the first line of a block that has a time is older than a moment."""
    if moment == LONG_AGO:
        return False
    at = _first_time(block)
    return at is not None and at < moment


def parsed(block: Sequence[bytes], source: LogSource) -> list[LogLine]:
    """The lines in these bytes, without those that are read from another file."""
    skipped = source.skipped
    if skipped:
        block = [raw for raw in block if not skipped.match(raw)]
    return [line for raw in block if (line := parse_line(raw, source.service))]


def _joined(parts: Sequence[list[LogLine]]) -> list[LogLine]:
    """What was found from the end on, in order."""
    return [line for part in reversed(parts) for line in part]
