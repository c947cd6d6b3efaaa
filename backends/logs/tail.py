"""Follows one log file across its rotations, so that no line is lost and none comes twice.

logrotate(8) rotates in two ways. Mostly it renames the file and has its writer open a new one; the writer may
go on writing to the old one for a while. With `copytruncate` it copies the file and empties it. Either can
happen between two looks, more than once.
"""

import os
from pathlib import Path
from time import time_ns
from typing import BinaryIO

from backends.logs.generations import READ_ERRORS, is_compressed, open_log, put_aside
from backends.logs.lines import LONGEST_RAW

CHUNK = 32 * 1024
"""Bytes that are read at once: some hundred lines, which take a few milliseconds to take apart."""

_MARK = 256
"""Bytes before the place where reading goes on, by which a file is known again."""

_CLOCK_STEP_NS = 50_000_000
"""A directory's time is only as fine as the kernel's clock: one this young may change and look the same."""

_COMPRESSED_LOOKED_AT = 2
"""More rotations than this are not expected between two looks, and looking takes time."""

FileId = tuple[int, int]
"""Device and inode."""


class Reading:
    """An open file, how far it is read, and the beginning of a line whose end has not come."""

    def __init__(self, file: BinaryIO, *, is_compressed: bool = False) -> None:
        status = os.fstat(file.fileno())
        self.file = file
        self.id: FileId = (status.st_dev, status.st_ino)
        self.state = (*self.id, status.st_mtime_ns)
        """By this a file put aside is known again, though a later one may get its inode."""
        self.is_compressed = is_compressed
        self.offset = 0
        self.mark = b""
        self.partial = b""
        self.is_copy = False
        """Made by `copytruncate`: nobody writes to it, and a line it breaks off in goes on in the next."""

    def read(self) -> bytes:
        """The next bytes; none at the end of what is there now."""
        try:
            chunk = self.file.read(CHUNK)
        except READ_ERRORS:
            return b""
        self.offset += len(chunk)
        self.mark = (self.mark + chunk)[-_MARK:]
        return chunk

    def lines(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes. Of a line without an end only the beginning is kept."""
        *complete, rest = chunk.split(b"\n")
        if complete:
            complete[0] = self.partial + complete[0]
            self.partial = b""
        self.partial = (self.partial + rest)[:LONGEST_RAW]
        return complete

    def go_to_end(self) -> None:
        """Go on after the last whole line."""
        descriptor = self.file.fileno()
        size = os.fstat(descriptor).st_size
        start = max(0, size - LONGEST_RAW)
        line_ends_at = os.pread(descriptor, size - start, start).rfind(b"\n") + 1
        self.offset = start + line_ends_at if line_ends_at or not start else size
        before = max(0, self.offset - _MARK)
        self.mark = os.pread(descriptor, self.offset - before, before)
        self.file.seek(self.offset)

    def goes_on_in(self, file: BinaryIO) -> bool:
        """Whether a file holds what was read last, at the same place. It is left there."""
        try:
            file.seek(self.offset - len(self.mark))
            return file.read(len(self.mark)) == self.mark
        except READ_ERRORS:
            return False

    def go_on_from(self, other: "Reading") -> None:
        """Take over from a reading that goes on in this file."""
        self.offset, self.mark, self.partial = other.offset, other.mark, other.partial

    def is_deleted(self) -> bool:
        """Whether the file has no name any more: it was compressed, or too old."""
        return os.fstat(self.file.fileno()).st_nlink == 0

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class Tail:
    """The lines that are added to a log from now on; the log may come into being later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: list[Reading] = []
        """Oldest first. The last is the log itself where `_is_there`; the others were, before they were
        rotated.
        """
        self._is_there = False
        self._last: Reading | None = None
        """What was read to its end last and closed, to know by what is newer."""
        self._directory_time: int | None = None
        self._old = _states_of(put_aside(path))
        """Files put aside that have nothing new."""
        self._seen = self._old
        self._start()

    @property
    def beginnings(self) -> dict[FileId, int]:
        """Where what it gives begins: the offset in each file that it follows."""
        return {reading.id: reading.offset - len(reading.partial) for reading in self._files}

    def read(self, most: int = 4 * CHUNK) -> tuple[list[bytes], bool]:
        """The lines that have been added, without their ends; and whether there are more to read now.

        Reads about `most` bytes. A line is given when its end has come.
        """
        self._look()
        lines: list[bytes] = []
        for reading in tuple(self._files):
            while most > 0 and (chunk := reading.read()):
                most -= len(chunk)
                lines += reading.lines(chunk)
            if most <= 0:
                return lines, True
            lines += self._leave_if_done(reading)
        self._old = self._seen
        return lines, False

    def close(self) -> None:
        """Close the files; nothing more comes."""
        _close(self._files)
        self._files.clear()

    def _start(self) -> None:
        """Begin at the end of the log; where it is empty, at the end of what was put aside last."""
        log = _open(self.path)
        if log:
            log.go_to_end()
            self._files, self._is_there = [log], True
        before = put_aside(self.path)[:1]
        if (not log or not log.offset) and before and not is_compressed(before[0]):
            left = _open(before[0])
            if left:
                left.go_to_end()
                self._files.insert(0, left)

    def _look(self) -> None:
        """Notice a rotation, and take up the files that are to be read because of it."""
        directory_time = _modified(self.path.parent)
        is_same = directory_time is not None and directory_time == self._directory_time
        if is_same and self._is_there and self._is_still(self._files[-1]):
            return
        is_settled = directory_time is not None and time_ns() - directory_time > _CLOCK_STEP_NS
        self._directory_time = directory_time if is_settled else None
        self._find_again()

    def _is_still(self, log: Reading) -> bool:
        """Whether the log's name leads to the file that is open, and it holds what was read of it."""
        try:
            status = self.path.stat()
            held = os.pread(log.file.fileno(), len(log.mark), log.offset - len(log.mark))
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == log.id and held == log.mark

    def _find_again(self) -> None:
        """Look for the place where reading stopped, in the log and then in those put aside, newest first.
        What is newer than that place is to be read from its beginning.
        """
        place = next((reading for reading in reversed(self._files) if reading.offset), self._last)
        log = _open(self.path)
        if log and place and place.goes_on_in(log.file):
            self._take_up(log, place, found=log, newer=[])
            return
        newer: list[Reading] = []
        found, is_complete = self._find_put_aside(place, newer)
        is_lost = place is not None and not found and (place in self._files[-1:] or not is_complete)
        if log:
            log.file.seek(0)
            newer.insert(0, log)
        if is_lost:  # what is put aside has perhaps been read
            _close(newer[1 if log else 0 :])
            self._take_up_log(log)
            return
        self._take_up(log, place, found, newer)

    def _find_put_aside(self, place: Reading | None, newer: list[Reading]) -> tuple[Reading | None, bool]:
        """Where `place` goes on among the files put aside; those newer than it are added to `newer`. Also
        whether those are all there are.
        """
        compressed = 0
        for path in put_aside(self.path):
            reading = _open(path)
            if reading is None:
                continue
            if place and place.goes_on_in(reading.file):
                self._seen |= {reading.state}
                return reading, True
            compressed += reading.is_compressed
            is_old = reading.state in self._old
            if is_old or compressed > _COMPRESSED_LOOKED_AT:
                reading.close()
                return None, is_old
            reading.file.seek(0)
            self._seen |= {reading.state}
            newer.append(reading)
        return None, place is None

    def _take_up(
        self, log: Reading | None, place: Reading | None, found: Reading | None, newer: list[Reading]
    ) -> None:
        """Make the list of files anew: those being read up to the place, and what is newer."""
        is_emptied = bool(log and self._is_there and self._files[-1].id == log.id and found is not log)
        at = self._files.index(place) + 1 if place in self._files else 0
        kept, unread = self._files[:at], self._files[at:]
        if unread and newer:
            newer[-1].partial = unread[0].partial
        gone = [] if any(one.is_compressed for one in newer) else _without(unread, newer)
        _close(_without(unread, gone))  # opened anew, by another name
        if is_emptied:
            for reading in (found, *newer):
                if reading and reading is not log:
                    reading.is_copy = True
        if place and found and found.id == place.id:
            found.close()
        elif found and place in kept and log and (found is log or (is_emptied and place.id == log.id)):
            kept.pop().close()  # what was read stands in another file now
            found.go_on_from(place)
            kept.append(found)
        elif found:
            found.close()  # compressed, and still open here
        self._files = [*kept, *gone, *reversed(newer)]
        self._is_there = log is not None

    def _take_up_log(self, log: Reading | None) -> None:
        """Go on with the files that are open, and with the log from its beginning where it is another one, or
        was emptied.
        """
        was = self._files[-1] if self._is_there else None
        if log and was and was.id == log.id:
            if was.offset:
                log.partial = was.partial
            self._files.pop().close()
        self._files += [log] if log else []
        self._is_there = log is not None

    def _leave_if_done(self, reading: Reading) -> list[bytes]:
        """Close a file that is read to its end and that nobody writes to any more; gives its last line, where
        that has no end.
        """
        after = self._files[self._files.index(reading) + 1 :]
        if not after:
            return []
        was_log_before = len(after) == 1 and self._is_there
        if was_log_before and not reading.is_copy and not reading.is_deleted():
            return []  # its writer may not have been told yet
        self._files.remove(reading)
        reading.close()
        self._last = reading if reading.offset else self._last
        if reading.is_copy:
            after[0].partial = reading.partial
            return []
        return [reading.partial] if reading.partial else []


def _close(readings: list[Reading]) -> None:
    for reading in readings:
        reading.close()


def _without(readings: list[Reading], others: list[Reading]) -> list[Reading]:
    ids = {other.id for other in others}
    return [reading for reading in readings if reading.id not in ids]


def _open(path: Path) -> Reading | None:
    file = open_log(path)
    return Reading(file, is_compressed=is_compressed(path)) if file else None


def _states_of(paths: tuple[Path, ...]) -> frozenset[tuple[int, int, int]]:
    states = []
    for path in paths:
        reading = _open(path)
        if reading:
            states.append(reading.state)
            reading.close()
    return frozenset(states)


def _modified(directory: Path) -> int | None:
    try:
        return directory.stat().st_mtime_ns
    except OSError:
        return None
