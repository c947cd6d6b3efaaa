"""A run that a person said yes to, and the same again."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from backends.errors import MailsteadError
from wizard import answers_file, installing, launch, running, secret_files
from wizard.draft import Draft
from wizard.errors import AnswersError, SecretUnavailable
from wizard.history import unfinished_run
from wizard.installing import installation, same_again
from wizard.lock import RunLocked, run_lock
from wizard.request import Request, save_request

DRAFT = (
    Draft()
    .with_value("site.hostname", "mail.example.test")
    .with_value("site.domains", ["example.test"])
    .with_value("site.admin", "admin@example.test")
)
BEGUN = {"event": "run", "command": "replay", "takes_back": ""}
FAILED = {"event": "stage_failed", "stage": "x", "problem": ""}
ENDED = {"event": "finished", "ok": False}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs, lock and secrets of a machine that is made up."""
    place = tmp_path / "lib" / "runs"
    monkeypatch.setattr(launch, "RUNS", place)
    own_lock = tmp_path / "lock"
    monkeypatch.setattr(installing, "run_lock", lambda: run_lock(own_lock))
    monkeypatch.setattr(installing, "replay_to_go_on_with", lambda: running.replay_to_go_on_with(place))
    monkeypatch.setattr(installing, "unfinished_run", lambda: unfinished_run(place))
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    return place


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The secrets that were written."""
    kept: dict[str, str] = {}
    monkeypatch.setattr(secret_files, "store", lambda name, secret, *_where: kept.update({name: secret}))
    monkeypatch.setattr(secret_files, "require_secrets", lambda _answers, _environment: None)
    return kept


def a_run(runs: Path, *events: Mapping[str, object], request: Request | None = None) -> Path:
    directory = runs / "20260101T000000Z-0000"
    directory.mkdir(parents=True)
    at = "2026-01-01T00:00:00+00:00"
    (directory / "journal.jsonl").write_text("".join(json.dumps({"at": at, **e}) + "\n" for e in events))
    (directory / "answers.toml").write_text(answers_file.dump(DRAFT.answers()))
    save_request(directory, request or Request("replay", directory.name))
    return directory


def test_typed_secrets_are_written_and_the_answers_go_into_a_new_run(
    runs: Path, stored: dict[str, str]
) -> None:
    draft = DRAFT.with_row("accounts.mailboxes", {"address": "anna@example.test"}).with_secret(
        "accounts.mailboxes.0.password", "typed by a person"
    )

    ready = installation(draft, may_overwrite=True)

    assert list(stored.values()) == ["typed by a person"]
    assert ready.directory.parent == runs
    assert answers_file.load(ready.directory / "answers.toml") == draft.answers()
    assert "typed by a person" not in (ready.directory / "answers.toml").read_text()
    assert ready.request.may_overwrite
    assert ready.request.ssh_connection.startswith("192.0.2.1")


def test_a_replay_that_did_not_end_is_gone_on_with(runs: Path, stored: dict[str, str]) -> None:
    assert stored == {}
    stuck = a_run(runs, BEGUN, FAILED, ENDED)

    assert installation(DRAFT).directory == stuck


def test_wrong_answers_write_nothing(runs: Path, stored: dict[str, str]) -> None:
    with pytest.raises(AnswersError):
        installation(DRAFT.with_value("site.hostname", "-"))

    assert stored == {}
    assert not runs.exists()


def test_a_secret_that_is_missing_begins_nothing(runs: Path) -> None:
    draft = DRAFT.with_value("protocols.relay.host", "smtp.example.org").with_value(
        "protocols.relay.username", "me"
    )
    draft = draft.with_value("protocols.relay.password", "env:NOT_SET_ANYWHERE")

    with pytest.raises(SecretUnavailable):
        installation(draft)

    assert not runs.exists()


def test_while_a_run_is_at_work_nothing_is_written(
    runs: Path, stored: dict[str, str], tmp_path: Path
) -> None:
    with run_lock(tmp_path / "lock"), pytest.raises(RunLocked):
        installation(DRAFT)

    assert stored == {}
    assert not runs.exists()


def test_trying_again_goes_on_with_a_run_that_is_stuck(runs: Path) -> None:
    request = Request("replay", "20260101T000000Z-0000", may_overwrite=True)
    stuck = a_run(runs, BEGUN, FAILED, ENDED, request=request)

    again = same_again(stuck)

    assert again.directory == stuck
    assert again.request.may_overwrite
    assert again.request.ssh_connection.startswith("192.0.2.1")


def test_trying_again_after_a_proof_that_failed_is_a_new_run_of_the_same_answers(runs: Path) -> None:
    done = a_run(runs, BEGUN, ENDED)

    again = same_again(done)

    assert again.directory != done
    assert again.request.run == again.directory.name
    assert answers_file.load(again.directory / "answers.toml") == DRAFT.answers()


def test_a_run_that_nobody_knows_is_told(runs: Path) -> None:
    with pytest.raises((FileNotFoundError, MailsteadError)):
        same_again(runs / "none")
