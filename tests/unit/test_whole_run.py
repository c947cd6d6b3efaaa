"""A run that is waited for, and what it says where it does not go well."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wizard.journal import Event
from wizard.request import Request
from wizard.whole_run import RunFailed, run_to_its_end

AT = "2026-11-24T12:00:00+00:00"
REQUEST = Request("replay", "7")


def tells(*events: tuple[str, dict[str, object]]) -> Callable[[Path, Request], Iterator[Event]]:
    """A run that says this."""

    def start(_directory: Path, _request: Request) -> Iterator[Event]:
        return (Event(name, AT, fields) for name, fields in events)

    return start


def test_a_run_that_goes_well_says_nothing() -> None:
    run_to_its_end(
        Path("/runs/7"), REQUEST, tells(("stage_done", {"stage": "x"}), ("finished", {"ok": True}))
    )


def test_a_run_that_fails_is_told_with_what_stopped_it_cleaned() -> None:
    events = tells(
        ("stage_failed", {"stage": "certificates", "problem": "a rate limit\x1b[2J"}),
        ("checked", {"status": "fail", "title": "port 993", "seen": "silent"}),
        ("checked", {"status": "ok", "title": "port 25", "seen": "well"}),
        ("finished", {"ok": False}),
    )

    with pytest.raises(RunFailed) as failed:
        run_to_its_end(Path("/runs/7"), REQUEST, events)

    words = failed.value.describe()
    assert "a rate limit\u241b[2J" in words
    assert "port 993: silent" in words
    assert "port 25" not in words
    assert "the run 7 " in words


def test_a_run_without_an_end_did_not_go_well() -> None:
    with pytest.raises(RunFailed):
        run_to_its_end(Path("/runs/7"), REQUEST, tells(("stage_done", {"stage": "x"})))
