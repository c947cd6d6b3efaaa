"""The logs panel keeps so many lines, shows those that pass, and lets new ones wait while somebody reads."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.logs.filtering import BadFilter, LineFilter, filter_from
from backends.logs.lines import LogLine
from backends.logs.severity import Severity
from screens.console.log_rows import LogRows, Row


def lines(*texts: str) -> list[LogLine]:
    return [LogLine(None, text[0], Severity.INFO, text) for text in texts]


def texts(rows: list[Row]) -> list[str]:
    return [row[4] for row in rows]


def choose(
    rows: LogRows, asked: str, services: frozenset[str] = frozenset(), *, has_context: bool = False
) -> None:
    asyncio.run(rows.choose(filter_from(asked, services), has_context=has_context))


def test_only_the_last_lines_are_kept() -> None:
    rows = LogRows(most=3)

    rows.add(lines("a", "b"))
    rows.add(lines("c", "d", "e"))

    assert texts(rows.shown) == ["c", "d", "e"]
    assert rows.dropped == 2


def test_long_lines_count_for_more() -> None:
    rows = LogRows(most=100, most_characters=100)

    rows.add(lines("x" * 90, "y" * 9, "z" * 90))

    assert [text[0] for text in texts(rows.shown)] == ["y", "z"]


def test_lines_that_are_held_wait_and_come_later() -> None:
    rows = LogRows(most=3)
    rows.add(lines("a", "b"))
    choose(rows, "!x")
    rows.is_held = True

    rows.add(lines("c", "x", "d", "e"))

    assert texts(rows.shown) == ["a", "b"]
    assert rows.waiting == 3
    rows.is_held = False
    rows.take_waiting()
    assert (texts(rows.shown), rows.waiting) == (["d", "e"], 0)


def test_a_filter_that_is_chosen_takes_what_waits() -> None:
    rows = LogRows()
    rows.add(lines("a1", "b1"))
    rows.is_held = True
    rows.add(lines("a2", "b2"))

    choose(rows, "a")

    assert texts(rows.shown) == ["a1", "a2"]
    assert rows.waiting == 0


def test_hits_are_found_from_any_line_with_context_around_them() -> None:
    rows = LogRows()
    rows.add(lines(*"axbxcx"))
    choose(rows, "/[abc]/", has_context=True)

    assert texts(rows.shown) == list("axbxcx")
    assert texts(rows.hits) == list("abc")
    ahead, back, none = rows.hit_from(1, 1), rows.hit_from(1, -1), rows.hit_from(4, 1)
    assert (ahead, back, none) == (rows.shown[2], rows.shown[0], None)


def test_lines_that_come_while_a_filter_is_tried_are_not_missing() -> None:
    async def both() -> LogRows:
        rows = LogRows(most=10_000)
        rows.add(lines(*["a"] * 2000))
        choosing = asyncio.ensure_future(rows.choose(filter_from("a"), has_context=False))
        for _ in range(8):
            await asyncio.sleep(0)
            rows.add(lines("a", "b"))
        await choosing
        return rows

    rows = asyncio.run(both())

    assert len(rows.shown) == 2008
    assert texts(rows.rows)[-4:] == ["a", "b"] * 2


def test_a_filter_that_takes_too_long_changes_nothing() -> None:
    rows = LogRows()
    rows.add(lines(*["a" * 60] * 200, "b"))
    choose(rows, "b")

    with pytest.raises(BadFilter):
        choose(rows, "/(.*a){25}z/")

    assert texts(rows.shown) == ["b"]
    assert rows.only == LineFilter(words=("b",))


@given(
    st.lists(
        st.one_of(
            st.lists(st.sampled_from(["a", "b", "ab"]), max_size=6),
            st.booleans(),
            st.tuples(st.sampled_from(["", "a", "b", "!b"]), st.booleans()),
        ),
        max_size=25,
    )
)
def test_what_is_shown_is_always_what_passes_of_the_last_lines(steps: list[object]) -> None:
    rows, written = LogRows(most=8), 0
    for step in steps:
        if isinstance(step, bool):
            rows.is_held = step
            if not step:
                rows.take_waiting()
        elif isinstance(step, tuple):
            choose(rows, step[0], has_context=step[1])
        elif isinstance(step, list):
            rows.add(lines(*step))
            written += len(step)
    rows.is_held = False
    rows.take_waiting()

    kept = [row for row in rows.rows if row[0] >= written - 8]
    assert [row[0] for row in rows.rows] == list(range(max(0, written - 8), written))
    hits = [row for row in kept if rows.only.kept(lines(row[4]))]
    assert rows.hits == hits
    assert rows.shown == (kept if rows.has_context else hits)
