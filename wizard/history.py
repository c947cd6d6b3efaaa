"""What past runs did, read from their journals: the way back, what is left to do, what was left behind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from backends.resources import Record
from wizard.journal import Event, read_events
from wizard.places import RUNS


class Outcome(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"
    FAILED = "failed"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True)
class Applied:
    """One resource that a run changed: where it belongs, what it was before the run, what it was left as.

    `after` is None where the run was cut off between the intent and the outcome.
    """

    resource: Record
    key: str
    stage: str
    step: str
    before: Record
    after: Record | None


@dataclass
class _Story:
    """A journal as it is being read."""

    applied: dict[str, Applied] = field(default_factory=dict)
    changed_at: dict[str, int] = field(default_factory=dict)
    settled_at: dict[str, int] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)
    ok: bool | None = None
    started: str = ""
    ended: str = ""
    failed_stage: str = ""


@dataclass(frozen=True)
class Run:
    """A run as its journal tells it.

    `applied` is in the order of the run. `touched` holds the keys of services that were started, restarted or
    reloaded. `ended` is empty while it has not finished.
    """

    id: str
    directory: Path
    command: str
    started: str
    ended: str
    ok: bool | None
    applied: tuple[Applied, ...]
    touched: frozenset[str]
    takes_back: str
    taken_back_by: str
    failed_stage: str
    changed_at: Mapping[str, int]
    settled_at: Mapping[str, int]

    @property
    def outcome(self) -> Outcome:
        """How it stands, as far as the journal knows: a run without an end counts as interrupted."""
        if self.taken_back_by:
            return Outcome.TAKEN_BACK
        if self.ok is None:
            return Outcome.INTERRUPTED
        return Outcome.DONE if self.ok else Outcome.FAILED


@dataclass(frozen=True)
class Unsettled:
    """What changed in runs that did not end well, and which services may not have taken it up.

    Both map keys to the moment of the last change or activation, as (run, line of its journal).
    """

    changed_at: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    settled_at: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def for_service(self, service_key: str) -> frozenset[str]:
        """The keys that changed after the service last took up its configuration."""
        last = self.settled_at.get(service_key, (-1, -1))
        return frozenset(key for key, at in self.changed_at.items() if at > last)


def load_run(directory: Path, taken_back_by: str = "") -> Run:
    """The run in this directory."""
    story = _tell(read_events(directory))
    return Run(
        id=directory.name,
        directory=directory,
        command=story.fields.get("command", ""),
        started=story.started,
        ended=story.ended,
        ok=story.ok,
        applied=tuple(story.applied.values()),
        touched=frozenset(story.touched),
        takes_back=story.fields.get("takes_back", ""),
        taken_back_by=taken_back_by,
        failed_stage=story.failed_stage,
        changed_at=story.changed_at,
        settled_at=story.settled_at,
    )


def load_runs(runs: Path = RUNS) -> tuple[Run, ...]:
    """All runs, oldest first; each knows which later run took it back."""
    if not runs.is_dir():
        return ()
    loaded = [load_run(directory) for directory in sorted(runs.iterdir()) if directory.is_dir()]
    takers = {run.takes_back: run.id for run in loaded if run.takes_back and run.ok}
    return tuple(
        load_run(run.directory, takers[run.id]) if run.id in takers else run for run in loaded if run.command
    )


def unfinished_run(runs: Path = RUNS) -> Run | None:
    """The newest run when it was cut off, or stopped at a stage that failed: it can be gone on with."""
    loaded = load_runs(runs)
    if not loaded:
        return None
    newest = loaded[-1]
    is_stuck = newest.outcome is Outcome.FAILED and newest.failed_stage
    return newest if newest.outcome is Outcome.INTERRUPTED or is_stuck else None


def unsettled(runs: Sequence[Run]) -> Unsettled:
    """What the runs since the last good one changed without every service having taken it up."""
    changed: dict[str, tuple[int, int]] = {}
    settled: dict[str, tuple[int, int]] = {}
    for number, run in enumerate(runs):
        if run.ok:
            changed.clear()
        else:
            changed.update({key: (number, at) for key, at in run.changed_at.items()})
            settled.update({key: (number, at) for key, at in run.settled_at.items()})
    return Unsettled(changed, settled)


def left_behind(runs: Iterable[Run]) -> dict[str, tuple[Run, Applied]]:
    """The last thing that Mailstead did to each resource, with the run that did it.

    What a run took back is as it was before Mailstead, and not listed.
    """
    last: dict[str, tuple[Run, Applied]] = {}
    for run in runs:
        if run.command == "rollback":
            for applied in run.applied:
                last.pop(applied.key, None)
        else:
            last.update({applied.key: (run, applied) for applied in run.applied if applied.after is not None})
    return last


def _tell(events: Iterable[Event]) -> _Story:
    story = _Story()
    for position, event in enumerate(events):
        _TELLERS.get(event.name, _pass_over)(story, event, position)
        story.started = story.started or event.at
    return story


def _run(story: _Story, event: Event, _position: int) -> None:
    story.fields = {key: str(value) for key, value in event.fields.items()}


def _intent(story: _Story, event: Event, _position: int) -> None:
    fields = event.fields
    known = story.applied.get(fields["key"])
    story.applied[fields["key"]] = Applied(
        fields["resource"],
        fields["key"],
        fields["stage"],
        fields["step"],
        known.before if known else fields["before"],
        None,
    )


def _outcome(story: _Story, event: Event, position: int) -> None:
    key = event.fields["key"]
    known = story.applied[key]
    story.applied[key] = replace(known, after=event.fields["after"])
    story.changed_at[key] = position
    if known.resource["kind"] == "service":
        story.settled_at[key] = position
        story.touched.add(key)


def _looked(story: _Story, event: Event, position: int) -> None:
    """A change that was cut off, seen again on resuming: what it left counts as changed and not taken up."""
    key = event.fields["key"]
    known = story.applied[key]
    story.applied[key] = replace(known, after=event.fields["after"])
    story.changed_at[key] = position


def _activated(story: _Story, event: Event, position: int) -> None:
    story.settled_at[event.fields["key"]] = position
    story.touched.add(event.fields["key"])


def _reverted(story: _Story, event: Event, position: int) -> None:
    key = event.fields["key"]
    story.applied.pop(key, None)
    story.changed_at[key] = position


def _stage_reverted(story: _Story, event: Event, _position: int) -> None:
    for key in event.fields["keys"]:
        story.changed_at.pop(key, None)


def _stage_failed(story: _Story, event: Event, _position: int) -> None:
    story.failed_stage = event.fields["stage"]


def _resumed(story: _Story, _event: Event, _position: int) -> None:
    story.ok, story.ended, story.failed_stage = None, "", ""


def _finished(story: _Story, event: Event, _position: int) -> None:
    story.ok, story.ended = bool(event.fields["ok"]), event.at


def _pass_over(_story: _Story, _event: Event, _position: int) -> None:
    """Events for people: what was checked, what was proved."""


_TELLERS = {
    "run": _run,
    "intent": _intent,
    "outcome": _outcome,
    "looked": _looked,
    "activated": _activated,
    "reverted": _reverted,
    "stage_reverted": _stage_reverted,
    "stage_failed": _stage_failed,
    "resumed": _resumed,
    "finished": _finished,
}
