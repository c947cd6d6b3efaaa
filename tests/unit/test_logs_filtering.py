"""People find lines by words and expressions, and no expression stops the program."""

import signal
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.logs.filtering import LOOKED_AT, BadFilter, LineFilter, filter_from
from backends.logs.lines import LogLine
from backends.logs.severity import Severity
from backends.logs.since import NoSuchTime, moment

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def lines(*texts: str) -> list[LogLine]:
    return [LogLine(None, text.partition(":")[0], Severity.INFO, text) for text in texts]


LINES = lines("postfix: Connect from A", "postfix: lost connection", "dovecot: Login from a", "ssh: [b]")


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("", [0, 1, 2, 3]),
        ("connect", [0, 1]),
        ("FROM a", [0, 2]),
        ("connect from", [0]),
        ("!connect", [2, 3]),
        ("connect !from", [1]),
        ("!connect !b", [2]),
        ("!", [0, 1, 2, 3]),
        ("[b]", [3]),
        ("/from a$/", [0, 2]),
        ("/from A$/", [0]),
        (r"/\Srom a$", [0, 2]),
        ("!/from a$/", [1, 3]),
        ("/", [0, 1, 2, 3]),
        ("/con|log/", [0, 1, 2]),
    ],
)
def test_what_people_type_finds_what_they_mean(asked: str, numbers: list[int]) -> None:
    assert filter_from(asked).kept(LINES) == [LINES[number] for number in numbers]


def test_the_places_of_what_is_found_are_known() -> None:
    assert filter_from("con C").hits("Connect c") == ((0, 3), (0, 1), (5, 6), (8, 9))
    assert filter_from("/c./").hits("Connect c!") == ((0, 2), (5, 7), (8, 10))
    assert filter_from("!/c./").hits("Connect") == filter_from("/(.*a){25}z/").hits("a" * 80) == ()
    assert filter_from("x").hits("\u0130x") == ()


def test_services_and_words_go_together() -> None:
    assert filter_from("connect", frozenset({"postfix", "ssh"})).kept(LINES) == LINES[:2]
    assert filter_from("", frozenset({"ssh"})).kept(LINES) == LINES[3:]


@pytest.mark.parametrize(
    "asked", ["/(/", "/*a/", "/a{99999999999}/", "/" + "(" * 400, "/" + "a" * 501, r"/\9/"]
)
def test_what_is_no_expression_is_refused_in_words(asked: str) -> None:
    with pytest.raises(BadFilter) as problem:
        filter_from(asked)

    assert problem.value.message


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_refused(asked: str) -> None:
    with suppress(BadFilter):
        assert set(filter_from(asked).kept(LINES)) <= set(LINES)


def test_a_service_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadFilter, match="sendmail"):
        LineFilter(frozenset({"sendmail"}))


@pytest.mark.parametrize("expression", ["(a+)+$", "(a|a)*c", "(.*a){25}z", "(a?){40}a{40}z"])
def test_an_expression_that_takes_for_ever_is_refused_soon(expression: str) -> None:
    started = time.process_time()

    with pytest.raises(BadFilter, match="takes too long"):
        LineFilter(expression=expression).kept(lines(*["a" * 60 + "!"] * 300))

    assert time.process_time() - started < 2
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL


def test_only_the_beginning_of_a_line_is_searched() -> None:
    found = filter_from("/needle/").kept(lines("x" * (LOOKED_AT - 6) + "needle", "x" * LOOKED_AT + "needle"))

    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("30 s", timedelta(seconds=30)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
        ("2 hours ago", timedelta(hours=2)),
    ],
)
def test_a_time_ago(text: str, ago: timedelta) -> None:
    assert moment(text, NOW) == NOW - ago


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24 03:00", "2026-11-24T03:00:00"),
        ("2026-11-24", "2026-11-24T00:00:00"),
        ("2026-11-24T03:00:09", "2026-11-24T03:00:09"),
    ],
)
def test_a_time_without_a_zone_is_the_machines(text: str, expected: str) -> None:
    assert moment(text, NOW) == datetime.fromisoformat(expected).astimezone()


def test_a_time_with_a_zone_is_that_time() -> None:
    assert moment("2026-11-24T03:00:00+02:00", NOW) == datetime(2026, 11, 24, 1, tzinfo=UTC)


def test_a_clock_time_is_todays() -> None:
    local = NOW.astimezone()

    assert moment("3:05", NOW) == local.replace(hour=3, minute=5)
    assert moment("yesterday", NOW) == local.replace(hour=0, minute=0) - timedelta(days=1)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-13-01", "9999999w", "10y", "-5m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(NoSuchTime):
        moment(text, NOW)
