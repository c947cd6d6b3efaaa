"""A log is followed across its rotations: no line is lost, none comes twice."""

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from backends.logs.lines import LONGEST_RAW
from backends.logs.tail import Tail


class Log:
    """A log with its writer, and logrotate."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "mail.log"
        self._writer: int | None = None
        self._lines = 0

    def open(self) -> None:
        """What a writer does when it is told: open the log by its name."""
        self.close()
        self._writer = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def write(self, text: bytes) -> None:
        if self._writer is None:
            self.open()
        assert self._writer is not None
        os.write(self._writer, text)

    def line(self) -> bytes:
        """A line as none before."""
        self._lines += 1
        return b"line %d of the log" % self._lines

    def rename(self, *, compress: bool = False) -> None:
        self._shift(compress=compress)
        if self.path.exists():
            self.path.rename(self._aside(1))

    def copy_and_empty(self, *, compress: bool = False) -> None:
        self._shift(compress=compress)
        if self.path.exists():
            shutil.copy2(self.path, self._aside(1))
            os.truncate(self.path, 0)

    def close(self) -> None:
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None

    def _aside(self, number: int, suffix: str = "") -> Path:
        return self.path.with_name(f"mail.log.{number}{suffix}")

    def _shift(self, *, compress: bool) -> None:
        """Give each rotated file the next number; with `delaycompress` the first of them is compressed."""
        for suffix in ("", ".gz"):
            for number in range(9, 0, -1):
                if self._aside(number, suffix).exists():
                    self._aside(number, suffix).rename(self._aside(number + 1, suffix))
        second = self._aside(2)
        if compress and second.exists():
            self._aside(2, ".gz").write_bytes(gzip.compress(second.read_bytes()))
            second.unlink()


class FollowedLog(RuleBasedStateMachine):
    """Any interleaving of writes, parts of lines, rotations and looks."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = TemporaryDirectory()
        self.log = Log(Path(self._directory.name))
        self.tail: Tail | None = None
        self.written: list[bytes] = []
        self.given: list[bytes] = []
        self.begun = b""
        self.is_told = True
        self.is_seen = False
        self.rotations = 0

    @initialize(empties=st.booleans(), compresses=st.booleans())
    def choose(self, *, empties: bool, compresses: bool) -> None:
        self.empties, self.compresses = empties, compresses

    def teardown(self) -> None:
        if self.tail:
            self._look(1 << 20)
            self.tail.close()
            assert self.given == self.written
        self.log.close()
        self._directory.cleanup()

    @precondition(lambda self: self.tail is None and not self.begun)
    @rule()
    def follow(self) -> None:
        self.tail = Tail(self.log.path)
        self.written.clear()
        self.is_seen = self.log.path.exists()
        self.rotations = 0

    @rule(count=st.integers(1, 4))
    def write_lines(self, count: int) -> None:
        lines = [self.log.line() for _ in range(count)]
        self.log.write(b"".join(line + b"\n" for line in lines))
        self.written += [self.begun + lines[0], *lines[1:]]
        self.begun = b""

    # Of a file never seen before it was rotated, nobody can say whether it was copied.
    @precondition(lambda self: self.tail is None or self.is_seen)
    @rule()
    def write_part_of_a_line(self) -> None:
        part = self.log.line()
        self.log.write(part)
        self.begun += part

    @precondition(lambda self: self.is_told and self.rotations < (2 if self.compresses else 4))
    @rule()
    def rotate(self) -> None:
        self.rotations += 1
        if self.empties:
            self.log.copy_and_empty(compress=self.compresses)
        else:
            self.log.rename(compress=self.compresses)
            self.is_told = False

    @precondition(lambda self: not self.is_told and not self.begun)
    @rule()
    def tell_the_writer(self) -> None:
        self.log.open()
        self.is_told = True

    @precondition(lambda self: self.tail is not None)
    @rule(most=st.sampled_from([1, 1 << 20]))
    def look(self, most: int) -> None:
        self._look(most)

    def _look(self, most: int) -> None:
        assert self.tail is not None
        has_more = True
        while has_more:
            lines, has_more = self.tail.read(most)
            self.given += lines
        self.rotations = 0
        self.is_seen = self.is_seen or self.log.path.exists()
        assert self.given == self.written[: len(self.given)]


FollowedLog.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
test_no_line_is_lost_or_comes_twice = FollowedLog.TestCase


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path)
    log.open()
    yield log
    log.close()


@pytest.fixture
def tail(log: Log) -> Iterator[Tail]:
    tail = Tail(log.path)
    yield tail
    tail.close()


def test_a_line_comes_when_its_end_has_come(log: Log, tail: Tail) -> None:
    log.write(b"begin")
    assert tail.read() == ([], False)
    log.write(b"ning\nnext")
    assert tail.read() == ([b"beginning"], False)


def test_what_was_there_before_does_not_come(log: Log) -> None:
    log.write(b"old\nbegun")

    tail = Tail(log.path)
    log.write(b" and ended\n")

    assert tail.read()[0] == [b"begun and ended"]
    tail.close()


def test_a_log_that_comes_into_being_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "nowhere" / "mail.log")
    assert tail.read() == ([], False)
    (tmp_path / "nowhere").mkdir()
    log = Log(tmp_path / "nowhere")

    log.write(b"first\n")

    assert tail.read()[0] == [b"first"]
    log.close()
    tail.close()


def test_what_is_written_to_a_renamed_log_still_comes(log: Log, tail: Tail) -> None:
    log.rename()
    Path(log.path).touch()
    log.write(b"to the old file\n")
    assert tail.read()[0] == [b"to the old file"]
    log.write(b"once more\n")
    assert tail.read()[0] == [b"once more"]
    log.open()
    log.write(b"to the new one\n")
    assert tail.read()[0] == [b"to the new one"]


def test_a_log_emptied_without_a_copy_is_read_from_its_beginning(log: Log, tail: Tail) -> None:
    log.write(b"a long line before\n")
    tail.read()
    os.truncate(log.path, 0)
    log.write(b"a line of the same length or more\n")

    assert tail.read()[0] == [b"a line of the same length or more"]


def test_a_log_deleted_and_made_anew_is_read_from_its_beginning(log: Log, tail: Tail) -> None:
    log.write(b"before\n")
    log.path.unlink()
    log.write(b"still\n")
    log.open()
    log.write(b"anew\n")

    assert tail.read()[0] == [b"before", b"still", b"anew"]


def test_memory_stays_bounded_in_a_line_without_end(log: Log, tail: Tail) -> None:
    for _ in range(4):
        log.write(b"x" * (1 << 20))
        assert tail.read(1 << 21) == ([], False)
    log.write(b"\nshort\n")

    (long, short), _ = tail.read()

    assert (len(long), short) == (LONGEST_RAW, b"short")


def test_only_so_much_is_read_at_once(log: Log, tail: Tail) -> None:
    log.write(b"0123456789abcde\n" * 100_000)

    first, has_more = tail.read(64 * 1024)
    assert (len(first), has_more) == (4096, True)


def test_files_that_are_read_are_closed(log: Log, tail: Tail) -> None:
    for _ in range(20):
        log.rename(compress=True)
        log.open()
        log.write(b"line\n")
        tail.read()

    assert len(tail.beginnings) <= 2
