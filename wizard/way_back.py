"""The way back: from a run's journal to the stages that undo it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from backends.kinds import KINDS
from backends.resources import Action, Resource, Service, State, look_at, resource_from_record
from wizard.history import Applied, Run
from wizard.journal import image
from wizard.plan import Stage, Target


@dataclass(frozen=True)
class Undo:
    """What taking a run back means: the stages to apply, and what has changed since and is left alone."""

    stages: tuple[Stage, ...]
    left_alone: tuple[str, ...]


def undo_of(run: Run) -> Undo:
    """How to take this run back, given the machine as it is: last stage first, last change first.

    Only what still is as the run left it goes back. Services that ran before the run and were touched by it
    take up their old configuration.
    """
    wanted = {applied.key: applied for applied in run.applied}
    resources = {key: resource_of(applied) for key, applied in wanted.items()}
    now = look_at(list(resources.values()))
    left_alone = tuple(key for key in wanted if not _may_go_back(run, wanted[key], resources[key], now[key]))
    stages = tuple(
        _stage(
            run, stage, [wanted[key] for key in reversed(wanted) if wanted[key].stage == stage], left_alone
        )
        for stage in reversed(dict.fromkeys(applied.stage for applied in run.applied))
    )
    return Undo(stages, left_alone)


def before_by_stage(run: Run) -> dict[str, dict[str, tuple[Resource, State]]]:
    """What each stage of a run changed so far, with the state before the run."""
    stages: dict[str, dict[str, tuple[Resource, State]]] = {}
    for applied in run.applied:
        resource = resource_of(applied)
        stages.setdefault(applied.stage, {})[applied.key] = (resource, state_before(run, applied, resource))
    return stages


def resource_of(applied: Applied) -> Resource:
    """The resource that a run changed; it can be looked at and put into recorded states."""
    return resource_from_record(applied.resource, KINDS)


def state_before(run: Run, applied: Applied, resource: Resource) -> State:
    """What it was before the run."""
    return resource.state_from_record(applied.before, partial(image, run.directory))


def state_after(run: Run, applied: Applied, resource: Resource) -> State | None:
    """What the run left it as; None when the run was cut off in the middle of it."""
    if applied.after is None:
        return None
    return resource.state_from_record(applied.after, partial(image, run.directory))


def states_left(left: Mapping[str, tuple[Run, Applied]]) -> dict[str, State]:
    """What Mailstead left each of these as, by key."""
    states = {}
    for key, (run, applied) in left.items():
        state = state_after(run, applied, resource_of(applied))
        if state is not None:
            states[key] = state
    return states


def _may_go_back(run: Run, applied: Applied, resource: Resource, now: State) -> bool:
    """A service always may: that it was stopped or enabled by hand since is no one's work to lose."""
    after = state_after(run, applied, resource)
    return (
        isinstance(resource, Service) or after is None or now in {after, state_before(run, applied, resource)}
    )


def _stage(run: Run, name: str, members: list[Applied], left_alone: tuple[str, ...]) -> Stage:
    return Stage(
        name,
        members[0].step,
        tuple(_targets(run, members, left_alone)),
        activations=dict(_activations(run, members)),
    )


def _targets(run: Run, members: list[Applied], left_alone: tuple[str, ...]) -> Iterator[Target]:
    for applied in members:
        if applied.key not in left_alone:
            resource = resource_of(applied)
            yield Target(resource, state_before(run, applied, resource))


def _activations(run: Run, members: list[Applied]) -> Iterator[tuple[str, Action]]:
    """Services that ran before and were touched: they restart when their files are back."""
    for applied in members:
        if applied.key in run.touched and applied.before.get("is_active"):
            yield applied.key, Action.RESTART
