"""Console or wizard, told before anything is loaded that takes a moment."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.first_look import has_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Answers, the directory of runs, the lock."""
    (tmp_path / "runs").mkdir()
    return tmp_path / "answers.toml", tmp_path / "runs", tmp_path / "lock"


def ended(runs: Path, name: str, **finished: object) -> None:
    """A run whose journal ends like this."""
    (runs / name).mkdir()
    (runs / name / "request.json").write_text('{"command": "replay", "run": ""}')
    begun = {"event": "run", "at": "2026-11-24T00:00:00+00:00", "command": "replay", "takes_back": ""}
    lines = [
        begun | {"padding": "y" * 9000},
        {"event": "finished", "at": "2026-11-24T00:00:01+00:00", **finished},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (runs / name / "journal.jsonl").write_text(text)


def test_without_answers_there_is_no_server(places: tuple[Path, Path, Path]) -> None:
    assert not has_server(*places)


def test_a_run_that_ended_well_left_a_server(places: tuple[Path, Path, Path]) -> None:
    places[0].touch()
    ended(places[1], "20261124T000000Z-0000", ok=False)
    ended(places[1], "20261124T010000Z-0000", ok=True)

    assert has_server(*places)


def test_a_first_run_that_was_cut_off_left_none(places: tuple[Path, Path, Path]) -> None:
    places[0].touch()
    ended(places[1], "20261124T000000Z-0000", ok=True)
    journal = places[1] / "20261124T000000Z-0000" / "journal.jsonl"
    journal.write_text(journal.read_text().splitlines(keepends=True)[0])

    assert not has_server(*places)


def test_a_run_at_work_is_shown_by_the_wizard(places: tuple[Path, Path, Path]) -> None:
    places[0].touch()
    ended(places[1], "20261124T000000Z-0000", ok=True)
    ended(places[1], "20261124T010000Z-0000", ok=True)
    journal = places[1] / "20261124T010000Z-0000" / "journal.jsonl"
    journal.write_text(journal.read_text().splitlines(keepends=True)[0])

    with places[2].open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert not has_server(*places)


def test_nothing_slow_is_loaded_to_find_out() -> None:
    program = (
        "import sys, screens.open, wizard.first_look;"
        "slow = {'pydantic', 'cryptography', 'jinja2', 'difflib', 'sh', 'textual'};"
        "print(*sorted(slow & set(sys.modules)))"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert said.stdout == "\n"
