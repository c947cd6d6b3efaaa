"""The audit log says who did what, and how it ended."""

import json
from pathlib import Path

import pytest

from screens.command_line import _changes_things
from wizard.audit import record


def test_a_line_holds_who_from_where_what_and_how_it_ended(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    person = {"SUDO_USER": "anna", "USER": "root", "SSH_CONNECTION": "203.0.113.5 50000 198.51.100.10 22"}

    record(["account", "add", "new@example.test\x1b[2J"], 0, person, log)
    record(["rollback"], 1, {}, log)

    first, second = map(json.loads, log.read_text().splitlines())
    assert (first["user"], first["from"], first["status"]) == ("anna", "203.0.113.5", 0)
    assert first["command"] == ["account", "add", "new@example.test␛[2J"]
    assert (second["user"], second["from"], second["status"]) == ("root", "console", 1)
    assert log.stat().st_mode & 0o777 == 0o640


def test_without_a_log_directory_nothing_is_written(tmp_path: Path) -> None:
    record(["replay"], 0, {}, tmp_path / "missing/audit.log")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["account", "add", "a@example.test"], True),
        (["replay", "--quickstart"], True),
        (["account", "list"], False),
        (["queue", "show", "--from", "anna"], False),
        (["queue", "delete", "--from", "anna", "--yes"], True),
        (["dns", "publish", "--yes"], True),
        (["dns", "records", "--zone"], False),
        (["dns", "check"], False),
        (["dkim", "rotate"], True),
        (["dkim", "refresh"], False),
        (["account", "--help"], False),
        (["plan"], False),
        ([], False),
    ],
)
def test_looking_is_not_recorded(arguments: list[str], expected: bool) -> None:
    assert _changes_things(arguments) is expected
