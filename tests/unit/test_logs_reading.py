"""Logs are read back in one line of time, also from files that were rotated away, and go on without a gap."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backends.logs.filtering import LineFilter
from backends.logs.following import Following
from backends.logs.reading import last_lines, lines_since
from backends.logs.sources import SOURCES, LogSource

START = datetime(2026, 11, 20, tzinfo=UTC)
Sources = tuple[LogSource, ...]


def line(minute: int, text: str) -> str:
    return f"{(START + timedelta(minutes=minute)).isoformat()} mail {text}\n"


def write(path: Path, minutes: range, program: str = "postfix/smtpd[1]") -> None:
    """A log with a line a minute, modified when its last line was written, compressed where its name says."""
    content = "".join(line(minute, f"{program}: {minute}") for minute in minutes).encode()
    compress: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".xz": lzma.compress,
        ".bz2": bz2.compress,
    }
    path.write_bytes(compress.get(path.suffix, bytes)(content))
    at = (START + timedelta(minutes=minutes[-1])).timestamp()
    os.utime(path, (at, at))


@pytest.fixture
def mail(tmp_path: Path) -> LogSource:
    """600 minutes of mail in five files."""
    write(tmp_path / "mail.log.4.xz", range(100))
    write(tmp_path / "mail.log.3.bz2", range(100, 200))
    write(tmp_path / "mail.log.2.gz", range(200, 300))
    write(tmp_path / "mail.log.1", range(300, 400))
    write(tmp_path / "mail.log", range(400, 600))
    return LogSource(tmp_path / "mail.log")


def minutes(lines: list) -> list[int]:  # type: ignore[type-arg]
    return [int(one.text.rpartition(" ")[2]) for one in lines]


@pytest.mark.parametrize("count", [1, 50, 200, 201, 350, 599, 600, 1000])
def test_the_last_lines_come_across_rotated_files(mail: LogSource, count: int) -> None:
    assert minutes(last_lines(count, sources=(mail,))) == list(range(max(0, 600 - count), 600))


@pytest.mark.parametrize("minute", [0, 1, 99, 250, 300, 399, 400, 599, 600])
def test_all_lines_since_a_moment_come_across_rotated_files(mail: LogSource, minute: int) -> None:
    found = list(lines_since(START + timedelta(minutes=minute), sources=(mail,)))

    assert minutes(found) == list(range(minute, 600))


def test_a_moment_is_found_in_the_middle_of_a_long_file(tmp_path: Path) -> None:
    write(tmp_path / "mail.log", range(40_000))

    found = list(lines_since(START + timedelta(minutes=25_000), sources=(LogSource(tmp_path / "mail.log"),)))

    assert minutes(found) == list(range(25_000, 40_000))


def test_the_last_lines_that_pass_a_filter_are_looked_for_as_far_back_as_it_takes(mail: LogSource) -> None:
    found = last_lines(3, LineFilter(expression="[57]0$"), sources=(mail,))
    far = last_lines(2, LineFilter(expression=" [57]0$"), sources=(mail,))

    assert minutes(found) == [470, 550, 570]
    assert minutes(far) == [50, 70]


def test_days_as_names_of_rotated_files_are_understood(tmp_path: Path) -> None:
    write(tmp_path / "mail.log-20261119.gz", range(100))
    write(tmp_path / "mail.log-20261120", range(100, 200))
    write(tmp_path / "mail.log", range(200, 300))

    assert minutes(last_lines(999, sources=(LogSource(tmp_path / "mail.log"),))) == list(range(300))


def test_several_logs_are_one_line_of_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(line(1, "a: 1") + line(4, "a: 4") + "  goes on\n" + line(6, "a: 6"))
    (tmp_path / "b").write_text(line(2, "b: 2") + line(5, "b: 5"))
    sources = (LogSource(tmp_path / "a"), LogSource(tmp_path / "b"))
    expected = ["a: 1", "b: 2", "a: 4", "  goes on", "b: 5", "a: 6"]

    assert [one.text for one in last_lines(10, sources=sources)] == expected
    assert [one.text for one in last_lines(3, sources=sources)] == expected[-3:]
    assert [one.text for one in lines_since(START, sources=sources)] == expected


def test_mail_in_the_system_log_does_not_come_twice(tmp_path: Path) -> None:
    both = line(1, "postfix/smtpd[1]: x") + line(2, "dovecot: x") + line(3, "mailstead: x")
    (tmp_path / "mail.log").write_text(both)
    (tmp_path / "syslog").write_text(both + line(4, "unbound: [1:0] info: x") + line(5, "postfixer: x"))
    sources = (LogSource(tmp_path / "mail.log"), LogSource(tmp_path / "syslog", skipped=SOURCES[-1].skipped))

    services = [one.service for one in last_lines(10, sources=sources)]

    assert services == ["postfix", "dovecot", "mailstead", "unbound", "postfix"]


def test_a_damaged_file_gives_what_it_holds(mail: LogSource) -> None:
    broken = mail.path.with_name("mail.log.2.gz")
    broken.write_bytes(broken.read_bytes()[:-200])
    mail.path.with_name("mail.log.3.bz2").write_bytes(b"no such thing")

    found = minutes(last_lines(999, sources=(mail,)))

    assert found[-300:] == list(range(300, 600))
    assert found[:100] == list(range(100))


def test_no_log_at_all_is_no_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mail.log")
    sources = (LogSource(tmp_path / "mail.log"), LogSource(tmp_path / "nowhere" / "x.log"))

    assert last_lines(10, sources=sources) == []
    assert list(lines_since(START, sources=sources)) == []


def test_a_line_of_a_megabyte_is_cut_whichever_way_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text(line(1, "a: 1") + line(2, "a: " + "x" * 1_000_000) + line(3, "a: 3"))
    sources = (LogSource(tmp_path / "mail.log"),)

    back = last_lines(10, sources=sources)

    assert [one.text[:4] for one in back] == ["a: 1", "a: x", "a: 3"]
    assert back == list(lines_since(START, sources=sources))
    assert all(len(one.text) <= 8000 for one in back)


@pytest.mark.parametrize("is_rotated", [False, True])
def test_following_goes_on_where_reading_back_ended(mail: LogSource, *, is_rotated: bool) -> None:
    with Following((mail,)) as logs:
        with mail.path.open("a") as log:
            log.write(line(600, "postfix/smtpd[1]: 600"))
        if is_rotated:
            mail.path.rename(mail.path.with_name("mail.log.1"))
            write(mail.path, range(601, 602))

        *_, before = logs.last_lines(1000)
        since = list(logs.lines_since(START + timedelta(minutes=400)))
        after, _ = logs.new_lines()

    assert minutes(before)[-1] == 599
    assert minutes(since) == list(range(400, 600))
    assert minutes(list(after)) == ([600, 601] if is_rotated else [600])
