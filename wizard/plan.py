"""What would change: answers and machine become ordered changes with before and after.

A plan is a value. The same adapters on the same machine give the same plan; after a run it is empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backends.adapter import Adapter, Headstart
from backends.checks import Check
from backends.resources import Action, Resource, Service, State, look_at
from wizard.history import Unsettled


@dataclass(frozen=True)
class Target:
    """A resource and the state it shall have; without one, the resource says itself what it wants."""

    resource: Resource
    state: State | None = None

    def wanted(self, now: State) -> State:
        """The state to bring it into, given the one it has."""
        return self.resource.wanted(now) if self.state is None else self.state


@dataclass(frozen=True)
class Stage:
    """The part of a plan that succeeds or is taken back as a whole: one adapter's resources.

    `activations` are services to restart or reload in any case; `gates` are the checks that decide;
    `headstart` is what may begin before its turn.
    """

    name: str
    step: str
    targets: tuple[Target, ...]
    activations: Mapping[str, Action] = field(default_factory=dict)
    gates: tuple[Check, ...] = field(default=(), compare=False)
    headstart: Headstart | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Change:
    """One line of a plan."""

    stage: str
    step: str
    key: str
    action: Action
    summary: str
    diff: str = ""
    is_reversible: bool = True
    is_drift: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything that would change, in order, and the stages that do it."""

    changes: tuple[Change, ...]
    stages: tuple[Stage, ...] = field(compare=False, default=())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes


def make_plan(
    adapters: Sequence[Adapter], unsettled: Unsettled | None = None, left: Mapping[str, State] | None = None
) -> Plan:
    """What these adapters would change on this machine now; looks, and touches nothing.

    `left` holds what Mailstead left behind by key: what is otherwise now was changed by someone else.
    """
    stages = tuple(stage_of(adapter) for adapter in adapters)
    return plan_stages(stages, unsettled or Unsettled(), left or {})


def stage_of(adapter: Adapter) -> Stage:
    """One adapter's resources and the checks that decide whether they stay."""
    gates = tuple(check for check in adapter.checks() if check.is_gate)
    targets = tuple(map(Target, adapter.resources()))
    return Stage(adapter.name, adapter.step, targets, gates=gates, headstart=adapter.headstart)


def plan_stages(stages: Sequence[Stage], unsettled: Unsettled, left: Mapping[str, State]) -> Plan:
    """The changes that these stages would make."""
    states = look_at([target.resource for stage in stages for target in stage.targets])
    changes: list[Change] = []
    changed: set[str] = set()
    for stage in stages:
        for target in stage.targets:
            change = _change(stage, target, states, changed, unsettled)
            if change is None:
                continue
            now, key = states[change.key], change.key
            is_drift = key in left and left[key] != now
            changes.append(Change(**{**vars(change), "is_drift": is_drift}))
            changed.add(key)
    return Plan(tuple(changes), tuple(stages))


def activation_due(service: Service, changed: Iterable[str], unsettled: Unsettled) -> Action | None:
    """What a running service must do after what changed in this run, or in one that did not end well."""
    return service.activation_after({*changed, *unsettled.for_service(service.key)})


def _change(
    stage: Stage, target: Target, states: Mapping[str, State], changed: set[str], unsettled: Unsettled
) -> Change | None:
    resource = target.resource
    now = states[resource.key]
    wanted = target.wanted(now)
    if now != wanted:
        told = resource.describe(now, wanted)
        return Change(
            stage.name, stage.step, resource.key, told.action, told.summary, told.diff, told.is_reversible
        )
    if not isinstance(resource, Service):
        return None
    action = stage.activations.get(resource.key)
    if action is None and resource.is_wanted and target.state is None:
        action = activation_due(resource, changed, unsettled)
    if action is None:
        return None
    return Change(stage.name, stage.step, resource.key, action, f"{action} {resource.unit}")
