"""What past runs did is told from their journals alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from wizard.history import Outcome, left_behind, load_run, load_runs, unfinished_run, unsettled

FILE = {"kind": "file", "path": "/etc/x", "is_secret": False}
SERVICE = {"kind": "service", "unit": "x.service", "init_script": "", "status_unit": ""}


def write(runs: Path, name: str, *events: dict[str, Any]) -> Path:
    directory = runs / name
    directory.mkdir(parents=True)
    lines = [json.dumps({"at": "2026-01-01T00:00:00.000+00:00", **event}) for event in events]
    (directory / "journal.jsonl").write_text("\n".join(lines) + "\n")
    return directory


def begun(command: str = "replay", takes_back: str = "") -> dict[str, Any]:
    return {"event": "run", "command": command, "takes_back": takes_back}


def intent(key: str, resource: dict[str, Any], before: str = "0") -> dict[str, Any]:
    return {
        "event": "intent",
        "key": key,
        "resource": resource,
        "stage": "x",
        "step": "site",
        "before": {"was": before},
    }


def outcome(key: str, after: str = "1") -> dict[str, Any]:
    return {"event": "outcome", "key": key, "after": {"is": after}}


def finished(*, ok: bool) -> dict[str, Any]:
    return {"event": "finished", "ok": ok}


CHANGED = (intent("file:/etc/x", FILE), outcome("file:/etc/x"))
RESTARTED = (intent("service:x.service", SERVICE), outcome("service:x.service"))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((begun(),), Outcome.INTERRUPTED),
        ((begun(), *CHANGED), Outcome.INTERRUPTED),
        ((begun(), *CHANGED, finished(ok=True)), Outcome.DONE),
        ((begun(), finished(ok=False)), Outcome.FAILED),
        ((begun(), finished(ok=False), {"event": "resumed"}), Outcome.INTERRUPTED),
    ],
)
def test_a_journal_tells_how_its_run_stands(
    tmp_path: Path, events: tuple[dict[str, Any], ...], expected: Outcome
) -> None:
    assert load_run(write(tmp_path, "a", *events)).outcome is expected


def test_a_change_that_was_repeated_goes_back_to_the_first_state(tmp_path: Path) -> None:
    again = (intent("file:/etc/x", FILE, before="1"), outcome("file:/etc/x", after="2"))

    (applied,) = load_run(write(tmp_path, "a", begun(), *CHANGED, *again)).applied

    assert (applied.before, applied.after) == ({"was": "0"}, {"is": "2"})


def test_a_service_that_missed_a_change_is_unsettled(tmp_path: Path) -> None:
    write(tmp_path, "a", begun(), *CHANGED)

    assert unsettled(load_runs(tmp_path)).for_service("service:x.service") == {"file:/etc/x"}


def test_a_service_that_took_up_a_change_is_settled(tmp_path: Path) -> None:
    write(tmp_path, "a", begun(), *CHANGED, *RESTARTED)

    assert "file:/etc/x" not in unsettled(load_runs(tmp_path)).for_service("service:x.service")


def test_a_change_of_an_earlier_failed_run_stays_unsettled_until_a_good_one(tmp_path: Path) -> None:
    write(tmp_path, "a", begun(), *CHANGED, finished(ok=False))
    write(tmp_path, "b", begun(), finished(ok=False))
    assert unsettled(load_runs(tmp_path)).for_service("service:x.service") == {"file:/etc/x"}

    write(tmp_path, "c", begun(), finished(ok=True))
    assert not unsettled(load_runs(tmp_path)).for_service("service:x.service")


def test_a_stage_that_took_itself_back_leaves_nothing_unsettled(tmp_path: Path) -> None:
    reverted = (
        {"event": "reverted", "key": "file:/etc/x"},
        {"event": "stage_reverted", "keys": ["file:/etc/x"]},
    )
    run = load_run(write(tmp_path, "a", begun(), *CHANGED, *reverted, finished(ok=False)))

    assert run.applied == ()
    assert not unsettled([run]).for_service("service:x.service")


def test_a_run_that_was_taken_back_left_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path, "a", begun(), *CHANGED, finished(ok=True))
    write(tmp_path, "b", begun("rollback", "a"), *CHANGED, finished(ok=True))

    first, _ = load_runs(tmp_path)

    assert first.outcome is Outcome.TAKEN_BACK
    assert left_behind(load_runs(tmp_path)) == {}


def test_a_run_that_failed_only_in_its_proof_is_finished(tmp_path: Path) -> None:
    write(tmp_path, "a", begun(), *CHANGED, finished(ok=False))

    assert unfinished_run(tmp_path) is None


def test_a_run_that_stopped_at_a_stage_can_be_gone_on_with(tmp_path: Path) -> None:
    write(tmp_path, "a", begun(), {"event": "stage_failed", "stage": "x"}, finished(ok=False))

    found = unfinished_run(tmp_path)

    assert found is not None
    assert found.id == "a"
