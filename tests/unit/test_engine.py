"""The engine on a directory of files: apply, kill anywhere, resume, take back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.adapter import Adapter
from backends.checks import Check, fail, ok
from backends.resources import Directory, File, Resource, Service
from backends.resources.service import ServiceState
from wizard.engine import Engine, StageFailed, _asked_at_start
from wizard.history import Run, Unsettled, load_run, unsettled
from wizard.journal import Event, Journal
from wizard.plan import Stage, Target, make_plan, plan_stages
from wizard.way_back import before_by_stage, resource_of, undo_of

Tree = dict[str, bytes]


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, nothing is cleaned up."""


class Letters(Adapter):
    """Two files and a directory, and a check that can be made to fail."""

    name, step = "letters", "site"

    def __init__(
        self, place: Path, *, content: str = "new", is_refused: bool = False, is_broken: bool = False
    ) -> None:
        self.place = place
        self.content = content.encode()
        self.is_refused = is_refused
        self.is_broken = is_broken

    def resources(self) -> Iterator[Resource]:
        verdict = ("false",) if self.is_refused else ("true",)
        yield Directory(f"{self.place}/made")
        yield File(f"{self.place}/made/inner", self.content)
        yield File(f"{self.place}/kept", self.content, 0o600, validate=verdict)
        yield File(f"{self.place}/gone", None)

    def checks(self) -> Iterator[Check]:
        finding = fail("silence", "an answer", "look") if self.is_broken else ok("fine")
        yield Check("letters.answer", "It answers", lambda: finding, is_gate=True, patience=0)


class Numbers(Adapter):
    """A stage that comes before."""

    name, step = "numbers", "site"

    def __init__(self, place: Path) -> None:
        self.place = place

    def resources(self) -> Iterator[Resource]:
        yield File(f"{self.place}/one", b"1")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory as a person left it."""
    directory = tmp_path / "etc"
    directory.mkdir()
    (directory / "kept").write_bytes(b"old")
    (directory / "gone").write_bytes(b"old too")
    (directory / "kept").chmod(0o644)
    return directory


def flawed(place: Path, flaw: str) -> Letters:
    return Letters(place, is_refused=flaw == "is_refused", is_broken=flaw == "is_broken")


def tree(place: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(place)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mode)
        for path in sorted(place.rglob("*"))
    }


def apply(runs: Path, *adapters: Adapter, kill_after: int | None = None) -> Run:
    """One run, or the continuation of one that was killed."""
    directory = runs / "20260101T000000Z-0000"
    records = 0

    def count(_event: Event) -> None:
        nonlocal records
        records += 1
        if records == kill_after:
            raise Killed

    runs.mkdir(exist_ok=True)
    earlier = load_run(directory)
    journal = Journal(directory, (count,))
    if earlier.command:
        journal.write("resumed")
        for applied in earlier.applied:
            if applied.after is None:
                resource = resource_of(applied)
                (now,) = type(resource).look([resource])
                journal.write("looked", key=applied.key, after=now.record(journal.keep))
    else:
        journal.write("run", command="replay")
    so_far = load_run(directory)
    engine = Engine(journal, unsettled([so_far]), before_by_stage(so_far), so_far.touched)
    try:
        engine.apply(make_plan(adapters))
        journal.write("finished", ok=True)
    except StageFailed:
        journal.write("finished", ok=False)
    finally:
        journal.close()
    return load_run(directory)


def take_back(runs: Path, run: Run) -> tuple[str, ...]:
    undo = undo_of(run)
    journal = Journal(runs / "20260102T000000Z-0000")
    journal.write("run", command="rollback", takes_back=run.id)
    Engine(journal).apply(plan_stages(undo.stages, Unsettled(), {}))
    journal.write("finished", ok=True)
    journal.close()
    return undo.left_alone


def test_a_run_leaves_nothing_to_do(place: Path, tmp_path: Path) -> None:
    apply(tmp_path / "runs", Numbers(place), Letters(place))

    assert make_plan([Numbers(place), Letters(place)]).is_empty
    assert (place / "made/inner").read_bytes() == b"new"
    assert not (place / "gone").exists()


def test_two_plans_of_the_same_machine_are_equal(place: Path) -> None:
    assert make_plan([Letters(place)]) == make_plan([Letters(place)])


def test_planning_touches_nothing(place: Path) -> None:
    before = tree(place)

    make_plan([Numbers(place), Letters(place)])

    assert tree(place) == before


def test_a_run_taken_back_leaves_every_byte_and_mode_as_found(place: Path, tmp_path: Path) -> None:
    before = tree(place)
    run = apply(tmp_path / "runs", Numbers(place), Letters(place))

    left_alone = take_back(tmp_path / "runs", run)

    assert left_alone == ()
    assert tree(place) == before


def test_what_changed_since_is_left_alone_when_a_run_is_taken_back(place: Path, tmp_path: Path) -> None:
    run = apply(tmp_path / "runs", Letters(place))
    (place / "kept").write_bytes(b"edited by a person")

    left_alone = take_back(tmp_path / "runs", run)

    assert left_alone == (f"file:{place}/kept",)
    assert (place / "kept").read_bytes() == b"edited by a person"
    assert (place / "gone").read_bytes() == b"old too"


@pytest.mark.parametrize("flaw", ["is_refused", "is_broken"])
def test_a_stage_that_fails_takes_itself_back_and_those_before_it_stand(
    place: Path, tmp_path: Path, flaw: str
) -> None:
    before = tree(place)

    run = apply(tmp_path / "runs", Numbers(place), flawed(place, flaw))

    assert run.ok is False
    assert run.failed_stage == "letters"
    assert (place / "one").read_bytes() == b"1"
    (place / "one").unlink()
    assert tree(place) == before


def test_a_run_that_failed_can_be_gone_on_with(place: Path, tmp_path: Path) -> None:
    before = tree(place)
    apply(tmp_path / "runs", Numbers(place), Letters(place, is_refused=True))

    run = apply(tmp_path / "runs", Numbers(place), Letters(place))

    assert run.ok is True
    assert make_plan([Numbers(place), Letters(place)]).is_empty
    take_back(tmp_path / "runs", run)
    assert tree(place) == before


def records_of_a_whole_run(place: Path, runs: Path) -> int:
    before = len(list((runs).glob("*"))) if runs.exists() else 0
    assert before == 0
    run = apply(runs, Numbers(place), Letters(place))
    return len((run.directory / "journal.jsonl").read_text().splitlines())


def test_a_run_killed_after_any_record_resumes_and_can_be_taken_back(tmp_path: Path) -> None:
    def fresh(name: str) -> Path:
        directory = tmp_path / name / "etc"
        directory.mkdir(parents=True)
        (directory / "kept").write_bytes(b"old")
        (directory / "gone").write_bytes(b"old too")
        return directory

    count = records_of_a_whole_run(fresh("whole"), tmp_path / "whole/runs")
    assert count > 10
    for record in range(1, count + 1):
        place, runs = fresh(str(record)), tmp_path / str(record) / "runs"
        before = tree(place)
        with pytest.raises(Killed):
            apply(runs, Numbers(place), Letters(place), kill_after=record)

        run = apply(runs, Numbers(place), Letters(place))

        assert run.ok is True, record
        assert make_plan([Numbers(place), Letters(place)]).is_empty, record
        take_back(runs, run)
        assert tree(place) == before, record


def test_a_stage_that_fails_on_resuming_goes_back_to_before_the_whole_run(
    place: Path, tmp_path: Path
) -> None:
    before = tree(place)
    with pytest.raises(Killed):
        apply(tmp_path / "runs", Letters(place), kill_after=6)

    apply(tmp_path / "runs", Letters(place, is_broken=True))

    assert tree(place) == before


def test_a_line_cut_off_by_a_crash_is_not_read_and_not_built_upon(place: Path, tmp_path: Path) -> None:
    run = apply(tmp_path / "runs", Letters(place))
    journal = run.directory / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"event": "half')

    assert load_run(run.directory) == run
    Journal(run.directory).close()
    assert journal.read_bytes() == whole


def test_before_images_are_on_disk_before_a_file_changes(place: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        apply(tmp_path / "runs", Letters(place), kill_after=6)

    run = load_run(tmp_path / "runs/20260101T000000Z-0000")

    last = run.applied[-1]
    assert last.after is None
    resource = resource_of(last)
    (now,) = type(resource).look([resource])
    assert before_by_stage(run)["letters"][last.key][1] == now


def test_what_a_start_asks_anyway_is_not_asked_before_it_but_before_a_restart(place: Path) -> None:
    service = Service("x.service", starts_with=("true",))
    stage = Stage("x", "site", (Target(File(f"{place}/kept", b"new", validate=("true",))), Target(service)))

    def asked_at_start(*, is_active: bool) -> list[tuple[str, ...]]:
        return list(_asked_at_start(stage, {service.key: ServiceState(True, True, is_active)}))

    assert asked_at_start(is_active=False) == [("true",)]
    assert asked_at_start(is_active=True) == []
