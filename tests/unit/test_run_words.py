"""A run in words: its log, its time."""

import pytest

from screens.setup.run_words import duration, log_lines, stage_title, time_left
from tests.unit.recorded_runs import recorded
from tests.unit.test_blueprint import facts
from wizard.answers import Clients
from wizard.blueprint import blueprint
from wizard.journal import Event
from wizard.quickstart import quickstart_answers


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_a_duration_is_minutes_and_seconds(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds left"),
        (4.9, "a few seconds left"),
        (6, "about 10 s left"),
        (42, "about 45 s left"),
        (89, "about 90 s left"),
        (91, "about 2 min left"),
        (600, "about 10 min left"),
    ],
)
def test_an_estimate_is_no_more_exact_than_it_is(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


@pytest.mark.parametrize("name", ["first-run-bookworm", "failed-trixie", "resumed-bookworm"])
def test_every_stage_of_a_real_run_has_a_title_and_its_log_can_be_read(name: str) -> None:
    events = recorded(name)
    lines = [line for event in events for line in log_lines(event, 0)]

    stages = {event.fields["stage"] for event in events if event.name == "stage_done"}
    assert all(stage_title(stage) != stage for stage in stages)
    assert len(lines) > 40
    assert all(line.text.strip() and line.text.isprintable() for line in lines)


@pytest.mark.parametrize("has_pages", [True, False])
def test_every_system_of_a_server_has_a_title(has_pages: bool) -> None:
    answers = quickstart_answers("mail.example.test")
    chosen = answers.model_copy(update={"clients": Clients(enabled=has_pages)})
    names = [adapter.name for adapter in blueprint(chosen, facts(), {}, {})]

    assert "nginx" in names
    assert [name for name in names if stage_title(name) == name] == []


def test_the_lines_of_one_event_are_counted_on_and_only_the_first_has_its_time() -> None:
    event = Event(
        "problem", "2026-11-24T07:37:20.123+00:00", {"text": "it failed\n  tried: this\n\n  seen: that"}
    )

    lines = log_lines(event, 7)

    assert [(line.number, line.at) for line in lines] == [(7, "07:37:20"), (8, ""), (9, "")]
    assert {line.tone for line in lines} == {"bad"}


def test_what_goes_without_saying_is_no_line() -> None:
    assert log_lines(Event("outcome", "2026-11-24T07:37:20+00:00", {"key": "file:/x"}), 0) == []
