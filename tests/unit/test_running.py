"""Which run there is to show, and following one without a thread."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from wizard.following import JournalReader, follow
from wizard.journal import Event
from wizard.launch import RunDied
from wizard.lock import run_lock
from wizard.running import is_half_set_up, replay_to_go_on_with, run_at_work, run_to_show

AT = "2026-01-01T00:00:00.000+00:00"
BEGUN = {"event": "run", "command": "replay", "takes_back": ""}
INTENT = {
    "event": "intent",
    "key": "file:/etc/x",
    "resource": {"kind": "file", "path": "/etc/x"},
    "stage": "x",
    "step": "site",
    "before": {},
}
FAILED = {"event": "stage_failed", "stage": "x", "problem": ""}


def line(event: dict[str, Any]) -> bytes:
    return json.dumps({"at": AT, **event}).encode() + b"\n"


def write(runs: Path, name: str, *events: dict[str, Any]) -> Path:
    directory = runs / name
    directory.mkdir(parents=True)
    (directory / "request.json").write_text("{}")
    (directory / "journal.jsonl").write_bytes(b"".join(map(line, events)))
    return directory


def finished(*, ok: bool) -> dict[str, Any]:
    return {"event": "finished", "ok": ok}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def held(lock: Path) -> Iterator[Path]:
    """Held by a run that is at work."""
    with run_lock(lock):
        yield lock


def test_the_newest_run_is_at_work_while_the_lock_is_held(tmp_path: Path, held: Path) -> None:
    write(tmp_path / "runs", "1", BEGUN, finished(ok=True))
    newest = write(tmp_path / "runs", "2", BEGUN)

    assert run_at_work(tmp_path / "runs", held) == newest


def test_a_run_that_has_said_nothing_yet_is_at_work(tmp_path: Path, held: Path) -> None:
    newest = write(tmp_path / "runs", "2")

    assert run_at_work(tmp_path / "runs", held) == newest


def test_no_run_is_at_work_when_another_command_holds_the_lock(tmp_path: Path, held: Path) -> None:
    write(tmp_path / "runs", "1", BEGUN, finished(ok=True))

    assert run_at_work(tmp_path / "runs", held) is None


@pytest.mark.parametrize(
    ("events", "is_shown"),
    [
        ((BEGUN, INTENT), True),
        ((BEGUN, INTENT, FAILED, finished(ok=False)), True),
        ((BEGUN, finished(ok=True)), False),
        ((BEGUN, finished(ok=False)), False),
    ],
)
def test_a_run_that_was_cut_off_or_stuck_is_shown(
    tmp_path: Path, lock: Path, events: tuple[dict[str, Any], ...], is_shown: bool
) -> None:
    directory = write(tmp_path / "runs", "1", *events)

    assert run_to_show(tmp_path / "runs", lock) == (directory if is_shown else None)


def test_a_first_run_that_stopped_half_way_is_no_server_yet(tmp_path: Path) -> None:
    write(tmp_path, "1", BEGUN, INTENT, FAILED, finished(ok=False))

    assert is_half_set_up(tmp_path)


def test_a_later_run_that_stopped_leaves_a_server(tmp_path: Path) -> None:
    outcome = {"event": "outcome", "key": "file:/etc/x", "after": {}}
    write(tmp_path, "1", BEGUN, INTENT, outcome, finished(ok=True))
    write(tmp_path, "2", BEGUN, INTENT, FAILED, finished(ok=False))

    assert not is_half_set_up(tmp_path)


def test_a_rollback_that_was_cut_off_is_not_gone_on_with_by_replaying(tmp_path: Path) -> None:
    write(tmp_path, "1", {"event": "run", "command": "rollback", "takes_back": "0"}, INTENT)

    assert replay_to_go_on_with(tmp_path) is None


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "journal.jsonl")
    assert reader.read() == ()

    (tmp_path / "journal.jsonl").write_bytes(line(BEGUN) + b'{"event": "pla')
    assert [event.name for event in reader.read()] == ["run"]

    (tmp_path / "journal.jsonl").write_bytes(line(BEGUN) + line(finished(ok=True)))
    assert [event.name for event in reader.read()] == ["finished"]


async def test_events_are_followed_until_the_run_has_finished(tmp_path: Path, held: Path) -> None:
    directory = write(tmp_path, "1", BEGUN)
    following = follow(directory, lock=held)

    first = await anext(following)
    with (directory / "journal.jsonl").open("ab") as journal:
        journal.write(line(INTENT) + line(finished(ok=True)))
    rest = [event.name for batch in [each async for each in following] for event in batch]

    assert [event.name for event in first] == ["run"]
    assert rest == ["intent", "finished"]


async def test_a_run_whose_process_went_away_is_told(tmp_path: Path, lock: Path) -> None:
    directory = write(tmp_path, "1", BEGUN)
    (directory / "output.log").write_text("Killed\x1b[2J")
    following = follow(directory, lock=lock, patience=0.1)
    await anext(following)

    with pytest.raises(RunDied) as died:
        await anext(following)
    assert died.value.seen == "Killed␛[2J"


async def test_a_run_that_says_nothing_for_long_is_waited_for_while_it_lives(
    tmp_path: Path, held: Path
) -> None:
    directory = write(tmp_path, "1")

    async with _task(follow(directory, lock=held, patience=0)) as waiting:
        done, _ = await asyncio.wait([waiting], timeout=1.5)

        assert not done


@contextlib.asynccontextmanager
async def _task(following: AsyncIterator[tuple[Event, ...]]) -> AsyncIterator["asyncio.Future[Any]"]:
    task = asyncio.ensure_future(anext(following))
    yield task
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_the_lock_is_looked_at_without_being_kept(lock: Path) -> None:
    assert run_at_work(lock.parent / "none", lock) is None
    with run_lock(lock):
        assert os.path.exists(lock)  # noqa: PTH110  not held by the look before, or this would not be reached
