"""What comes next in a change of DKIM keys, and that it is done in its order."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backends.dns.rotation import Coming, Leaving, Rotation
from wizard import dkim_next_step
from wizard.dkim_next_step import Step, command_of, next_step, take_step
from wizard.dkim_rotation import Work
from wizard.whole_run import RunFailed

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("rotation", "step"),
    [
        (Rotation(), "begin"),
        (Rotation(coming=Coming(2, NOW)), "look"),
        (Rotation(coming=Coming(2, NOW, is_held=True)), "go on"),
        (Rotation(coming=Coming(2, NOW, NOW - HOUR / 2, 3600)), "wait"),
        (Rotation(coming=Coming(2, NOW, NOW - HOUR, 3600)), "switch"),
        (Rotation(2, leaving=(Leaving(1, NOW - 24 * HOUR),)), "keep"),
        (Rotation(2, leaving=(Leaving(1, NOW - 7 * 24 * HOUR),)), "delete"),
        (Rotation(2, gone=(1,)), "look away"),
    ],
)
def test_the_first_thing_that_is_to_be_done_comes_next(rotation: Rotation, step: Step) -> None:
    assert next_step(rotation, NOW) == step


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was called, in order; carrying on gives no run."""
    calls: list[str] = []

    def begin(work: Work) -> None:
        calls.append("begin")
        work.told("new keys")

    monkeypatch.setattr(dkim_next_step, "answers_in_force", lambda: None)
    monkeypatch.setattr(dkim_next_step, "gather_facts", lambda _peer: None)
    monkeypatch.setattr(dkim_next_step, "begin", begin)
    monkeypatch.setattr(dkim_next_step, "retire", lambda _work: calls.append("retire"))
    monkeypatch.setattr(dkim_next_step, "carry_on", lambda _work: calls.append("carry on"))
    monkeypatch.setattr(dkim_next_step, "settle", lambda: calls.append("settle"))
    return calls


def test_beginning_makes_keys_and_publishes_them(done: list[str]) -> None:
    assert take_step("begin", {}) == ("new keys",)
    assert done[:2] == ["begin", "carry on"]
    assert command_of("begin") == ("dkim", "rotate", "--yes")


def test_looking_makes_no_keys(done: list[str]) -> None:
    take_step("look", {})

    assert "begin" not in done
    assert command_of("look") == ("dkim", "refresh")


def test_deleting_only_deletes(done: list[str]) -> None:
    take_step("delete", {})

    assert done == ["retire"]
    assert command_of("delete") == ("dkim", "retire")


def test_a_switch_that_fails_leaves_the_keys_waiting(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    due = (Path("/runs/7"), "request")
    monkeypatch.setattr(dkim_next_step, "carry_on", lambda _work: due)

    def fail(*run: Any) -> None:
        assert run == due
        raise RunFailed("it did not go well")

    monkeypatch.setattr(dkim_next_step, "run_to_its_end", fail)

    with pytest.raises(RunFailed):
        take_step("switch", {})

    assert done == ["settle"]
