"""How far a run is, told from its journal alone: from its beginning, or from anywhere in the middle."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from backends.checks import Status
from wizard.journal import Event

Fields = Mapping[str, Any]


class Phase(StrEnum):
    """What a run is at."""

    PREPARING = "preparing"
    CHANGING = "changing"
    TAKING_BACK = "taking back"
    CHECKING = "checking"
    """After the last change: every check, then the proof."""
    PROVING = "proving"
    ENDED = "ended"


class StageState(StrEnum):
    """How a stage stands."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    """It failed, and not all of it could be taken back, or that is still under way."""
    TAKEN_BACK = "taken back"


@dataclass(frozen=True)
class StageProgress:
    """A stage and how many of its changes are made. `problem` says why it failed, in several lines."""

    name: str
    step: str
    state: StageState = StageState.WAITING
    done: int = 0
    total: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Act:
    """One change that is to be made or being made."""

    stage: str
    key: str
    action: str
    summary: str
    since: datetime | None = None
    """When it began (UTC); None while it waits."""
    packages: int | None = None
    """How many packages are to be installed, once that is known."""
    awaited: str = ""
    """What it has to wait for first, in words: another program that holds a lock."""


@dataclass(frozen=True)
class Seen:
    """What a check or a part of the proof found."""

    id: str
    title: str
    status: Status
    seen: str


@dataclass(frozen=True)
class Progress:
    """A run so far. `after(event)` gives the next one."""

    command: str = ""
    phase: Phase = Phase.PREPARING
    stages: tuple[StageProgress, ...] = ()
    act: Act | None = None
    """The change under way."""
    waiting: tuple[Act, ...] = ()
    """The changes that the plan has and that are still to be made, in order."""
    made: tuple[tuple[Act, float], ...] = ()
    """The changes that this part of the run has made, with how long each took, in seconds."""
    begun: datetime | None = None
    """When this part of the run began: the run, or its being resumed."""
    phase_begun: datetime | None = None
    ended: datetime | None = None
    is_ok: bool | None = None
    """How it ended; None while it hasn't."""
    checks: tuple[Seen, ...] = ()
    """The last word of each check, gates of stages included."""
    proofs: tuple[Seen, ...] = ()
    reverted: tuple[str, ...] = ()
    """Keys of what was taken back, in that order."""
    left_alone: tuple[str, ...] = ()
    """Keys of what a rollback left as it is, because someone changed it since."""
    problem: str = ""
    """Why the run could not go on, in several lines."""

    def after(self, event: Event) -> "Progress":
        """The run one event later; an event that this program doesn't know changes nothing."""
        teller = _TELLERS.get(event.name)
        return self if teller is None else teller(self, event.fields, _moment(event.at))

    @property
    def failed_stage(self) -> StageProgress | None:
        """The stage that stopped the run."""
        failed = (s for s in self.stages if s.state in {StageState.FAILED, StageState.TAKEN_BACK})
        return next(failed, None)

    @property
    def changes_done(self) -> int:
        """How many changes are made, over all stages."""
        return sum(stage.done for stage in self.stages)

    @property
    def changes_total(self) -> int:
        """How many changes there are to make, over all stages."""
        return sum(stage.total for stage in self.stages)

    @property
    def failures(self) -> tuple[Seen, ...]:
        """The checks and proofs that failed, in order."""
        return tuple(each for each in (*self.checks, *self.proofs) if each.status is Status.FAIL)

    def stage(self, name: str) -> StageProgress | None:
        """The stage of this name."""
        return next((stage for stage in self.stages if stage.name == name), None)


def progress_of(events: Iterable[Event], so_far: Progress | None = None) -> Progress:
    """The run after all of these events."""
    progress = so_far or Progress()
    for event in events:
        progress = progress.after(event)
    return progress


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _run(_now: Progress, fields: Fields, at: datetime) -> Progress:
    return Progress(command=str(fields.get("command", "")), begun=at, phase_begun=at)


def _resumed(now: Progress, _fields: Fields, at: datetime) -> Progress:
    """A new part of the run: what was made stands, what was cut off waits again."""
    stages = tuple(
        replace(stage, state=StageState.WAITING, problem="", done=0 if _is_taken_back(stage) else stage.done)
        if stage.state is not StageState.DONE
        else stage
        for stage in now.stages
    )
    return Progress(now.command, Phase.PREPARING, stages, begun=at, phase_begun=at)


def _planned(now: Progress, fields: Fields, at: datetime) -> Progress:
    waiting = tuple(
        Act(_text(one, "stage"), _text(one, "key"), _text(one, "action"), _text(one, "summary"))
        for one in fields.get("changes", ())
    )
    stages = {stage.name: stage for stage in now.stages}
    steps = {_text(one, "stage"): _text(one, "step") for one in fields.get("changes", ())}
    for name, step in steps.items():
        before = stages.get(name, StageProgress(name, step))
        count = sum(1 for act in waiting if act.stage == name)
        stages[name] = replace(before, state=StageState.WAITING, total=before.done + count)
    for name, stage in stages.items():
        if name not in steps and stage.total != stage.done:
            stages[name] = replace(stage, total=stage.done)
    changed = replace(now, stages=tuple(stages.values()), waiting=waiting)
    return _in_phase(changed, Phase.CHANGING, at)


def _intent(now: Progress, fields: Fields, at: datetime) -> Progress:
    name, key = _text(fields, "stage"), _text(fields, "key")
    waiting = _without(now.waiting, name, key)
    stage = now.stage(name) or StageProgress(name, _text(fields, "step"))
    total = stage.total if len(waiting) < len(now.waiting) else stage.total + 1
    working = replace(stage, state=StageState.WORKING, total=max(total, stage.done + 1))
    act = Act(name, key, _text(fields, "action"), _text(fields, "summary"), at, _packages(fields))
    begun = _with_stage(_close_stages_before(now, name), working)
    return _in_phase(replace(begun, waiting=waiting, act=act), Phase.CHANGING, at)


def _awaits(now: Progress, fields: Fields, _at: datetime) -> Progress:
    act = now.act
    if act is None or act.key != _text(fields, "key"):
        return now
    return replace(now, act=replace(act, awaited=_text(fields, "awaited")))


def _outcome(now: Progress, fields: Fields, at: datetime) -> Progress:
    act = now.act
    if act is None or act.key != _text(fields, "key"):
        return now
    seconds = max(0.0, (at - act.since).total_seconds()) if act.since else 0.0
    made = replace(now, act=None, made=(*now.made, (act, seconds)))
    stage = made.stage(act.stage)
    if stage is None:
        return made
    return _with_stage(made, replace(stage, done=stage.done + 1, total=max(stage.total, stage.done + 1)))


def _checked(now: Progress, fields: Fields, at: datetime) -> Progress:
    seen = Seen(
        _text(fields, "id"), _text(fields, "title"), _status(fields.get("status")), _text(fields, "seen")
    )
    others = tuple(check for check in now.checks if check.id != seen.id)
    checked = replace(now, checks=(*others, seen))
    return checked if fields.get("stage") else _in_phase(_close_all(checked), Phase.CHECKING, at)


def _stage_done(now: Progress, fields: Fields, _at: datetime) -> Progress:
    name = _text(fields, "stage")
    stage = now.stage(name) or StageProgress(name, _text(fields, "step"))
    still = tuple(act for act in now.waiting if act.stage != name)
    done = replace(stage, state=StageState.DONE, done=stage.done, total=stage.done)
    return replace(_with_stage(now, done), waiting=still, act=None)


def _stage_failed(now: Progress, fields: Fields, at: datetime) -> Progress:
    name = _text(fields, "stage")
    stage = now.stage(name) or StageProgress(name, _text(fields, "step"))
    failed = replace(stage, state=StageState.FAILED, problem=_text(fields, "problem"))
    return _in_phase(replace(_with_stage(now, failed), act=None), Phase.TAKING_BACK, at)


def _reverted(now: Progress, fields: Fields, _at: datetime) -> Progress:
    return replace(now, reverted=(*now.reverted, _text(fields, "key")))


def _stage_reverted(now: Progress, fields: Fields, _at: datetime) -> Progress:
    stage = now.stage(_text(fields, "stage"))
    return now if stage is None else _with_stage(now, replace(stage, state=StageState.TAKEN_BACK, done=0))


def _proved(now: Progress, fields: Fields, at: datetime) -> Progress:
    status = Status.OK if fields.get("ok") else Status.FAIL
    seen = Seen(_text(fields, "id"), _text(fields, "title"), status, _text(fields, "seen"))
    others = tuple(proof for proof in now.proofs if proof.id != seen.id)
    return _in_phase(replace(_close_all(now), proofs=(*others, seen)), Phase.PROVING, at)


def _left_alone(now: Progress, fields: Fields, _at: datetime) -> Progress:
    return replace(now, left_alone=(*now.left_alone, _text(fields, "key")))


def _problem(now: Progress, fields: Fields, _at: datetime) -> Progress:
    return replace(now, problem=_text(fields, "text") or _text(fields, "message"))


def _finished(now: Progress, fields: Fields, at: datetime) -> Progress:
    is_ok = bool(fields.get("ok"))
    ended = _close_all(now) if is_ok else now
    return _in_phase(replace(ended, ended=at, is_ok=is_ok, act=None, waiting=()), Phase.ENDED, at)


def _in_phase(now: Progress, phase: Phase, at: datetime) -> Progress:
    begun = now.begun or at
    if now.phase is phase and now.phase_begun is not None:
        return replace(now, begun=begun)
    return replace(now, phase=phase, phase_begun=at, begun=begun)


def _with_stage(now: Progress, stage: StageProgress) -> Progress:
    if now.stage(stage.name) is None:
        return replace(now, stages=(*now.stages, stage))
    return replace(now, stages=tuple(stage if s.name == stage.name else s for s in now.stages))


def _close_stages_before(now: Progress, name: str) -> Progress:
    """A stage begins: those before it that had nothing more to do are done, though nothing says so."""
    stages = list(now.stages)
    names = [stage.name for stage in stages]
    for place in range(names.index(name) if name in names else 0):
        stages[place] = _closed(stages[place])
    return replace(now, stages=tuple(stages))


def _close_all(now: Progress) -> Progress:
    """The changes are over."""
    stages = tuple(_closed(stage) for stage in now.stages)
    return replace(now, stages=stages, waiting=(), act=None)


def _closed(stage: StageProgress) -> StageProgress:
    is_open = stage.state in {StageState.WAITING, StageState.WORKING}
    return replace(stage, state=StageState.DONE, total=stage.done) if is_open else stage


def _is_taken_back(stage: StageProgress) -> bool:
    return stage.state is StageState.TAKEN_BACK


def _without(waiting: tuple[Act, ...], stage: str, key: str) -> tuple[Act, ...]:
    """The acts that wait, without the first of this stage and key."""
    place = next((n for n, act in enumerate(waiting) if (act.stage, act.key) == (stage, key)), None)
    return waiting if place is None else (*waiting[:place], *waiting[place + 1 :])


def _packages(fields: Fields) -> int | None:
    before = fields.get("before")
    missing = before.get("missing") if isinstance(before, dict) else None
    return len(missing) if isinstance(missing, list) else None


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else str(value)


def _status(value: object) -> Status:
    try:
        return Status(str(value))
    except ValueError:
        return Status.SKIP


_TELLERS: Mapping[str, Callable[[Progress, Fields, datetime], Progress]] = MappingProxyType(
    {
        "run": _run,
        "resumed": _resumed,
        "planned": _planned,
        "intent": _intent,
        "waiting": _awaits,
        "outcome": _outcome,
        "checked": _checked,
        "stage_done": _stage_done,
        "stage_failed": _stage_failed,
        "reverted": _reverted,
        "stage_reverted": _stage_reverted,
        "proved": _proved,
        "left_alone": _left_alone,
        "problem": _problem,
        "finished": _finished,
    }
)
