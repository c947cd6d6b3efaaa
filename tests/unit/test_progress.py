"""How far a run is, and how long it will still take, told from journals of real runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.checks import Status
from tests.unit.recorded_runs import recorded
from wizard.journal import Event
from wizard.pace import elapsed, fraction, left
from wizard.progress import Phase, Progress, StageState, progress_of

RELEASES = ("bookworm", "trixie")
KINDS = ("first-run", "failed", "resumed")
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def event(name: str, seconds: float = 0, **fields: Any) -> Event:
    return Event(name, (BEGUN + timedelta(seconds=seconds)).isoformat(), fields)


def change(stage: str, key: str, action: str = "create") -> dict[str, Any]:
    return {"stage": stage, "step": "site", "key": key, "action": action, "summary": f"{action} {key}"}


def states(progress: Progress) -> dict[str, StageState]:
    return {stage.name: stage.state for stage in progress.stages}


@pytest.mark.parametrize("debian", RELEASES)
def test_a_first_run_ends_with_every_stage_done_and_every_proof_seen(debian: str) -> None:
    progress = progress_of(recorded(f"first-run-{debian}"))

    assert progress.phase is Phase.ENDED
    assert progress.is_ok
    assert set(states(progress).values()) == {StageState.DONE}
    assert all(stage.done == stage.total for stage in progress.stages)
    assert len(progress.proofs) == 6
    assert progress.failures == ()


@pytest.mark.parametrize("debian", RELEASES)
def test_a_failed_stage_is_taken_back_and_says_why(debian: str) -> None:
    progress = progress_of(recorded(f"failed-{debian}"))

    failed = progress.failed_stage
    assert failed is not None
    assert (failed.name, failed.state, failed.done) == ("unbound", StageState.TAKEN_BACK, 0)
    assert "no-such-option" in failed.problem
    assert progress.reverted
    assert progress.is_ok is False
    assert states(progress)["nftables"] is StageState.DONE
    assert states(progress)["postfix"] is StageState.WAITING


@pytest.mark.parametrize("debian", RELEASES)
def test_a_resumed_run_keeps_what_was_done_and_ends_well(debian: str) -> None:
    progress = progress_of(recorded(f"resumed-{debian}"))

    assert progress.is_ok
    assert set(states(progress).values()) == {StageState.DONE}
    assert progress.problem == ""
    assert list(states(progress))[:3] == ["state", "nftables", "rsyslog"]


@pytest.mark.parametrize("debian", RELEASES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_face_that_attaches_anywhere_sees_the_same(kind: str, debian: str) -> None:
    events = recorded(f"{kind}-{debian}")

    for place in range(0, len(events), 41):
        attached = progress_of(events[:place])
        assert progress_of(events[place:], attached) == progress_of(events)


@pytest.mark.parametrize("debian", RELEASES)
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_stay_within_reason_from_any_place_of_a_journal(kind: str, debian: str) -> None:
    events = recorded(f"{kind}-{debian}")

    for begin in (0, 1, 40, len(events) // 2):
        progress = Progress()
        for each in events[begin:]:
            progress = progress.after(each)
            for stage in progress.stages:
                assert 0 <= stage.done <= stage.total
            for late in (0, 3600):
                now = datetime.fromisoformat(each.at) + timedelta(seconds=late)
                rest = left(progress, now)
                assert rest is None or rest >= 0
                assert 0 <= fraction(progress, now) <= 1
                assert (fraction(progress, now) == 1) == (progress.is_ok is True)


def estimates(name: str) -> Iterator[tuple[float, float]]:
    """Every second of a recorded run: what was said to be left, and what was left."""
    events = recorded(name)
    now, end = (datetime.fromisoformat(events[place].at) for place in (0, -1))
    progress = Progress()
    while now < end:
        while datetime.fromisoformat(events[0].at) <= now:
            progress = progress.after(events.pop(0))
        if (rest := left(progress, now)) is not None:
            yield rest, (end - now).total_seconds()
        now += timedelta(seconds=1)


@pytest.mark.parametrize("debian", RELEASES)
def test_the_estimate_is_fair(debian: str) -> None:
    """Never wrong by more than 20 seconds in a run of a minute."""
    for said, real in estimates(f"first-run-{debian}"):
        assert abs(said - real) < 20, (said, real)


def test_the_estimate_becomes_fair_on_a_machine_that_is_four_times_slower() -> None:
    """Packages took three times what they take elsewhere, all else four times: a run of four minutes."""
    for said, real in list(estimates("busy-bookworm"))[40:]:
        assert said > real / 4.5 - 5, (said, real)
        assert said < real * 1.5 + 20, (said, real)


def test_a_slow_machine_is_told_a_longer_time() -> None:
    plan = event("planned", changes=[change("x", f"service:{n}", "start") for n in range(10)])
    begin = event("intent", 1, stage="x", step="site", key="service:0", action="start", summary="")
    swift, slow = (
        progress_of([event("run"), plan, begin, event("outcome", seconds, key="service:0")])
        for seconds in (2, 21)
    )

    assert (left(slow, BEGUN + timedelta(seconds=21)) or 0) > 2 * (left(swift, BEGUN) or 0)


def test_an_act_that_takes_too_long_never_seems_to_be_over() -> None:
    begun = progress_of(
        [
            event("run"),
            event("planned", changes=[change("packages", "packages:needed", "install")]),
            event(
                "intent",
                1,
                stage="packages",
                step="site",
                key="packages:needed",
                action="install",
                summary="",
                before={"missing": ["a"]},
            ),
        ]
    )

    assert all((left(begun, BEGUN + timedelta(seconds=s)) or 0) > 2 for s in range(1, 3000, 50))


def test_a_clock_that_was_set_back_gives_no_negative_time() -> None:
    progress = progress_of([event("run"), event("planned", changes=[change("x", "file:/a")])])

    assert elapsed(progress, BEGUN - timedelta(days=1)) == 0
    assert fraction(progress, BEGUN - timedelta(days=1)) == 0


def test_a_stage_with_nothing_left_to_do_is_done_when_the_next_begins() -> None:
    progress = progress_of(
        [
            event("run"),
            event("planned", changes=[change("a", "file:/a"), change("b", "file:/b")]),
            event("intent", stage="b", step="site", key="file:/b", action="create", summary=""),
        ]
    )

    assert states(progress) == {"a": StageState.DONE, "b": StageState.WORKING}


def test_what_an_act_waits_for_is_told_while_it_lasts() -> None:
    begun = progress_of(
        [
            event("run"),
            event("intent", stage="a", step="site", key="packages:needed", action="install", summary=""),
            event("waiting", stage="a", step="site", key="packages:needed", awaited="process 17 (apt)"),
        ]
    )
    assert begun.act is not None
    assert begun.act.awaited == "process 17 (apt)"
    assert begun.after(event("outcome", 1, key="packages:needed")).act is None


def test_a_warning_is_no_failure() -> None:
    progress = progress_of(
        [event("checked", id="a", title="", status="warn", seen=""), event("proved", id="b", ok=False)]
    )

    assert [seen.id for seen in progress.failures] == ["b"]
    assert progress.checks[0].status is Status.WARN


_TEXTS = st.text(max_size=5)
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["a", "b", "c"]),
        "step": _TEXTS,
        "key": st.sampled_from(["file:/x", "packages:needed", "odd"]),
        "action": _TEXTS,
        "summary": _TEXTS,
        "id": _TEXTS,
        "status": st.sampled_from(["ok", "fail", "nonsense"]),
        "ok": st.booleans(),
        "before": st.one_of(st.none(), st.just({"missing": ["a"]})),
        "changes": st.lists(
            st.builds(change, st.sampled_from(["a", "b"]), st.sampled_from(["file:/x", "service:y"]))
        ),
    },
)
_NAMES = st.sampled_from(
    [
        *("run", "resumed", "planned", "intent", "outcome", "checked", "stage_done", "stage_failed"),
        *("reverted", "stage_reverted", "proved", "left_alone", "problem", "finished", "looked", "waiting"),
        *("validated", "from_the_future"),
    ]
)
_EVENTS = st.lists(
    st.builds(
        lambda name, seconds, fields: event(name, seconds, **fields), _NAMES, st.floats(-5, 500), _FIELDS
    )
)


@given(_EVENTS, st.floats(-10, 1000))
def test_any_events_in_any_order_make_a_progress_within_reason(events: list[Event], seconds: float) -> None:
    progress = progress_of(events)
    now = BEGUN + timedelta(seconds=seconds)

    rest = left(progress, now)
    assert rest is None or rest >= 0
    assert 0 <= fraction(progress, now) <= 1
    assert fraction(progress, now) < 1 or progress.is_ok
    assert all(0 <= stage.done <= stage.total for stage in progress.stages)
    assert len({stage.name for stage in progress.stages}) == len(progress.stages)
