"""Makes a run: lock, plan, apply, check, prove, with every step in the journal."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from backends.adapter import Adapter
from backends.checks import Status
from backends.errors import MailsteadError
from backends.machine.packages import let_starts_go
from backends.resources import Record
from wizard import answers_file
from wizard.answers import Answers
from wizard.blueprint import proof_settings
from wizard.engine import Engine
from wizard.health import check_all
from wizard.history import Run, Unsettled, load_run, load_runs, unsettled
from wizard.journal import Journal, Listener
from wizard.last_proof import remembered
from wizard.lock import run_lock
from wizard.plan import Change, Plan, plan_stages
from wizard.planning import Prepared, prepare, refuse_to_overwrite
from wizard.preflight import refuse_obstacles
from wizard.proof import prove
from wizard.request import Request, forget_environment, load_request
from wizard.way_back import before_by_stage, resource_of, undo_of

Write = Callable[..., None]
"""Takes an event's name and fields: a journal's `write`, or what a face does with events."""


def execute(directory: Path, listeners: tuple[Listener, ...] = ()) -> bool:
    """Make the run that is asked for in this directory; gives whether all went well.

    Raises RunLocked, with nothing touched, when another run is at work.
    """
    request = load_request(directory)
    with run_lock():
        journal = Journal(directory, listeners)
        try:
            is_ok = _do(request, journal)
        except (MailsteadError, OSError) as problem:
            is_ok = False
            journal.free_reserve()
            journal.write("problem", **_words(problem))
        journal.free_reserve()
        forget_environment(directory)
        journal.write("finished", ok=is_ok)
        journal.close()
    return is_ok


def check_and_prove(answers: Answers, prepared: Prepared, write: Write) -> bool:
    """Every check and the proof, told as events; gives whether nothing failed."""
    is_ok = True
    for result in check_all(prepared.adapters):
        is_ok = is_ok and result.finding.status is not Status.FAIL
        write(
            "checked",
            id=result.id,
            title=result.title,
            status=result.finding.status,
            seen=result.finding.seen,
        )
    for proved in remembered(prove(proof_settings(answers, prepared.facts))):
        is_ok = is_ok and proved.is_ok
        write("proved", id=proved.id, title=proved.title, ok=proved.is_ok, seen=proved.seen)
    return is_ok


def _words(problem: MailsteadError | OSError) -> dict[str, str]:
    if isinstance(problem, MailsteadError):
        return {"message": problem.message, "text": problem.describe()}
    return {"message": str(problem), "text": f"{type(problem).__name__}: {problem}"}


def _do(request: Request, journal: Journal) -> bool:
    let_starts_go()
    if request.command == "rollback":
        return _roll_back(request, journal)
    return _replay(request, journal)


def _replay(request: Request, journal: Journal) -> bool:
    earlier = _open(request, journal)
    answers = answers_file.load(journal.directory / "answers.toml")
    prepared = prepare(
        answers,
        steps=request.steps,
        ssh_connection=request.ssh_connection,
        environment=request.environment,
    )
    refuse_obstacles(answers, prepared.facts)
    if not request.may_overwrite:
        refuse_to_overwrite(prepared.plan.changes)
    _tell_plan(journal, prepared.plan)
    before = before_by_stage(earlier) if earlier else {}
    touched = earlier.touched if earlier else ()
    Engine(journal, unsettled(load_runs()), before, touched).apply(prepared.plan)
    _confirm(prepared.adapters)
    return check_and_prove(answers, prepared, journal.write)


def _roll_back(request: Request, journal: Journal) -> bool:
    _open(request, journal)
    runs = {run.id: run for run in load_runs()}
    undo = undo_of(runs[request.takes_back])
    plan = plan_stages(undo.stages, Unsettled(), {})
    _tell_plan(journal, plan)
    Engine(journal).apply(plan)
    for key in undo.left_alone:
        journal.write("left_alone", key=key)
    return not undo.left_alone


def _open(request: Request, journal: Journal) -> Run | None:
    """Begin the run, or go on with it; gives what it did so far in the latter case."""
    journal.reserve()
    so_far = load_run(journal.directory)
    if not so_far.command:
        journal.write("run", command=request.command, takes_back=request.takes_back, steps=request.steps)
        return None
    journal.write("resumed")
    _settle(so_far, journal)
    return load_run(journal.directory)


def _settle(run: Run, journal: Journal) -> None:
    """Look at what was cut off between intent and outcome, and write down how it is."""
    for applied in run.applied:
        if applied.after is None:
            resource = resource_of(applied)
            (now,) = type(resource).look([resource])
            journal.write("looked", key=applied.key, after=now.record(journal.keeper_for(resource)))


def _tell_plan(journal: Journal, plan: Plan) -> None:
    journal.write("planned", changes=[_change_record(change) for change in plan.changes])


def _change_record(change: Change) -> Record:
    shown = asdict(change)
    return {name: shown[name] for name in ("stage", "step", "key", "action", "summary", "is_reversible")}


def _confirm(adapters: tuple[Adapter, ...]) -> None:
    for adapter in adapters:
        adapter.confirm()
