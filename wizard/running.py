"""Which run there is to show: the one at work now, or the last one where that did not get to its end."""

from pathlib import Path

from wizard.history import Outcome, Run, load_run, load_runs, unfinished_run
from wizard.lock import LOCK, is_locked
from wizard.places import RUNS


def run_at_work(runs: Path = RUNS, lock: Path = LOCK) -> Path | None:
    """The directory of the run that is at work now, or None."""
    newest = _newest(runs)
    if newest is None or not is_locked(lock):
        return None
    return newest if load_run(newest).ok is None else None


def run_to_show(runs: Path = RUNS, lock: Path = LOCK) -> Path | None:
    """The run at work; else the newest one when it was cut off or stopped at a stage that failed."""
    if at_work := run_at_work(runs, lock):
        return at_work
    unfinished = unfinished_run(runs)
    return unfinished.directory if unfinished else None


def is_half_set_up(runs: Path = RUNS) -> bool:
    """Whether the first set-up began and did not get to its end: there is no server to look after yet."""
    newest = _newest(runs)
    if newest is None or load_run(newest).outcome is Outcome.DONE:
        return False
    return unfinished_run(runs) is not None and not any(_set_it_up(run) for run in load_runs(runs))


def replay_to_go_on_with(runs: Path = RUNS) -> Run | None:
    """A replay that did not end; a rollback that did not end is not gone on with by replaying."""
    unfinished = unfinished_run(runs)
    return unfinished if unfinished and unfinished.command == "replay" else None


def _set_it_up(run: Run) -> bool:
    """Whether all of its stages stand, be it that a check failed in the end."""
    return run.command == "replay" and bool(run.ended) and not run.failed_stage and bool(run.applied)


def _newest(runs: Path) -> Path | None:
    """The newest run that was asked for."""
    if not runs.is_dir():
        return None
    asked_for = (each for each in runs.iterdir() if (each / "request.json").exists())
    return max(asked_for, default=None)
