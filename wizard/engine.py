"""Applies a plan, stage by stage, such that it can be killed anywhere and taken back.

Before each act the journal has the intent and the state before it; after it, the state it left. Within a
stage what should stop stops first, then files and the like change, then every system is asked whether it
accepts its new configuration, and only then services take it up. A stage that fails takes itself back; the
stages before it stand.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from backends.checks import Check, Finding, Status
from backends.errors import ActivationFailed, CommandFailed, MailsteadError, ValidationFailed
from backends.language import _
from backends.machine.run import run as run_command
from backends.machine.services import service_manager
from backends.resources import Action, Resource, Service, State, identity_record, look_at
from wizard.headstarts import Await, headstarts
from wizard.history import Unsettled
from wizard.journal import Journal
from wizard.plan import Plan, Stage, Target, activation_due

_ASK_AGAIN = 0.2
"""Seconds between two questions to a service that is starting."""


class StageFailed(MailsteadError):
    """A stage could not be finished and took itself back; what was seen is in `seen`."""


Before = Mapping[str, tuple[Resource, State]]
"""Resources by key, each with the state that going back means."""


@dataclass
class _Progress:
    """What has been done so far: what changed in this run, and within the present stage what to take back.

    `touched` are the services of this stage that were started, stopped, restarted or reloaded, also by an
    earlier part of the run; `settled` are those that need not take up anything more, `reloaded` those that
    only had to reload. `found` is what services were before the stage: its files may be what makes a service
    known at all.
    """

    changed: set[str] = field(default_factory=set)
    undo: dict[str, tuple[Resource, State]] = field(default_factory=dict)
    touched: dict[str, Service] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    reloaded: set[str] = field(default_factory=set)
    found: Mapping[str, State] = field(default_factory=dict)

    def begin_stage(self, earlier: Before, touched: Collection[str]) -> None:
        """Forget the last stage; begin with what an earlier part of the run did in this one."""
        self.undo = dict(earlier)
        services = (resource for resource, _ in earlier.values() if isinstance(resource, Service))
        self.touched = {service.key: service for service in services if service.key in touched}
        self.settled = set()
        self.reloaded = set()

    def touch(self, service: Service) -> None:
        """Note that a service was made to take up its configuration."""
        self.touched[service.key] = service
        self.settled.add(service.key)


@dataclass(frozen=True)
class Engine:
    """Applies plans and writes down what it does.

    `earlier` holds, by stage, what a run that is being resumed has already changed, and `touched` the keys of
    services it made take up their configuration: if the stage fails now, all of it goes back.
    """

    journal: Journal
    unsettled: Unsettled = field(default_factory=Unsettled)
    earlier: Mapping[str, Before] = field(default_factory=dict)
    touched: Collection[str] = ()

    def apply(self, plan: Plan) -> None:
        """Apply every stage; raises StageFailed at the first that fails, after it has taken itself back."""
        progress = _Progress()
        with headstarts(plan) as wait_for_headstart:
            for stage in plan.stages:
                progress.begin_stage(self.earlier.get(stage.name, {}), self.touched)
                try:
                    self._apply_stage(stage, progress, wait_for_headstart)
                except (MailsteadError, OSError, LookupError) as problem:
                    self._take_back(stage, progress, problem)
        service_manager().forget_removed_units()

    def _apply_stage(self, stage: Stage, progress: _Progress, wait_for_headstart: Await) -> None:
        quiet = [target for target in stage.targets if not target.resource.is_live]
        live = [target for target in stage.targets if target.resource.is_live]
        progress.found = look_at([target.resource for target in live])
        to_stop = [target for target in live if _should_stop(target, progress.found)]
        for target in (*to_stop, *quiet):
            self._bring(stage, target, progress)
        self._validate(stage, progress)
        wait_for_headstart(stage.name)
        for target in live:
            self._bring(stage, target, progress)
            self._activate(stage, target, progress)
        if progress.undo or progress.touched:
            self._pass_gates(stage)
            self.journal.write("stage_done", stage=stage.name, step=stage.step)

    def _bring(self, stage: Stage, target: Target, progress: _Progress) -> None:
        resource = target.resource
        (now,) = type(resource).look([resource])
        wanted = target.wanted(now)
        if now == wanted:
            return
        told = resource.describe(now, wanted)
        before = progress.found.get(resource.key, now)
        _, before = progress.undo.setdefault(resource.key, (resource, before))
        self._intend(stage, resource, before, told.action, told.summary)
        if isinstance(resource, Service) and told.action is not Action.MODIFY:
            progress.touch(resource)
        awaited = resource.waits_for()
        if awaited:
            self.journal.write(
                "waiting", stage=stage.name, step=stage.step, key=resource.key, awaited=awaited
            )
        resource.put(wanted)
        self._conclude(resource)
        progress.changed.add(resource.key)

    def _intend(self, stage: Stage, resource: Resource, before: State, action: Action, summary: str) -> None:
        """Write down what is about to be done, and what was before."""
        self.journal.write(
            "intent",
            stage=stage.name,
            step=stage.step,
            key=resource.key,
            action=action,
            summary=summary,
            resource=identity_record(resource),
            before=before.record(self.journal.keep),
        )

    def _conclude(self, resource: Resource) -> None:
        (after,) = type(resource).look([resource])
        self.journal.write("outcome", key=resource.key, after=after.record(self.journal.keeper_for(resource)))

    def _validate(self, stage: Stage, progress: _Progress) -> None:
        changed = [t.resource for t in stage.targets if t.resource.key in progress.undo]
        spared = set(_asked_at_start(stage, progress.found))
        asked = dict.fromkeys(command for resource in changed for command in resource.validators)
        for command in (command for command in asked if command not in spared):
            try:
                run_command(command)
            except CommandFailed as refusal:
                raise ValidationFailed(
                    _("{name} refuses its new configuration").format(name=stage.name),
                    tried=refusal.tried,
                    seen=refusal.seen,
                ) from refusal
            self.journal.write("validated", stage=stage.name, command=" ".join(command))

    def _activate(self, stage: Stage, target: Target, progress: _Progress) -> None:
        service = target.resource
        if not isinstance(service, Service) or service.key in progress.settled:
            return
        action = stage.activations.get(service.key)
        if action is None and target.state is None and service.is_wanted:
            action = activation_due(service, progress.changed, self.unsettled)
        if action is None:
            return
        (now,) = Service.look([service])
        before = progress.found.get(service.key, now)
        _, before = progress.undo.setdefault(service.key, (service, before))
        self._intend(stage, service, before, action, f"{action} {service.unit}")
        progress.touch(service)
        if action is Action.RELOAD:
            progress.reloaded.add(service.key)
        service.activate(action)
        self._conclude(service)

    def _pass_gates(self, stage: Stage) -> None:
        for check in stage.gates:
            finding = _patient_result(check)
            self.journal.write(
                "checked",
                stage=stage.name,
                id=check.id,
                title=check.title,
                status=finding.status,
                seen=finding.seen,
            )
            if finding.status is Status.FAIL:
                raise ActivationFailed(
                    _("{name} does not work with its new configuration: {title}").format(
                        name=stage.name, title=check.title
                    ),
                    seen=finding.seen,
                    next_step=finding.mend,
                )

    def _take_back(self, stage: Stage, progress: _Progress, problem: Exception) -> None:
        words = (
            problem.describe()
            if isinstance(problem, MailsteadError)
            else f"{type(problem).__name__}: {problem}"
        )
        self.journal.free_reserve()
        self.journal.write("stage_failed", stage=stage.name, step=stage.step, problem=words)
        left_over: list[str] = []
        for undo in _way_back(progress):
            try:
                undo(self.journal)
            except (MailsteadError, OSError, LookupError) as second:
                left_over.append(f"{type(second).__name__}: {second}")
        service_manager().forget_removed_units()
        if not left_over:
            self.journal.write("stage_reverted", stage=stage.name, keys=list(progress.undo))
        raise StageFailed(
            f"{stage.name}: {problem}",
            tried=getattr(problem, "tried", ""),
            seen="\n".join(
                [getattr(problem, "seen", ""), *(f"could not take back: {line}" for line in left_over)]
            ),
            next_step=getattr(problem, "next_step", "") or "mend what was seen, then: mailstead resume",
        ) from problem


def _way_back(progress: _Progress) -> Iterator[Callable[[Journal], None]]:
    """The acts that undo a stage: stop what was not running, change back in reverse, restart what was."""
    undo = list(reversed(progress.undo.values()))
    was_running = {resource.key for resource, state in undo if getattr(state, "is_active", False)}
    for resource, state in undo:
        if isinstance(resource, Service) and resource.key not in was_running:
            yield _Revert(resource, state)
    for resource, state in undo:
        if not isinstance(resource, Service):
            yield _Revert(resource, state)
    for resource, state in undo:
        if resource.key in was_running:
            yield _Revert(resource, state)
    for key, service in progress.touched.items():
        if key in was_running:
            yield _TakeUp(service, Action.RELOAD if key in progress.reloaded else Action.RESTART)


@dataclass(frozen=True)
class _Revert:
    resource: Resource
    state: State

    def __call__(self, journal: Journal) -> None:
        self.resource.put(self.state)
        journal.write("reverted", key=self.resource.key)


@dataclass(frozen=True)
class _TakeUp:
    """Lets a service take up its old configuration: by a reload where that was all, and it still runs."""

    service: Service
    action: Action

    def __call__(self, journal: Journal) -> None:
        (now,) = type(self.service).look([self.service])
        is_active = getattr(now, "is_active", False)
        self.service.activate(self.action if is_active else Action.RESTART)
        journal.write("activated", key=self.service.key)


def _patient_result(check: Check) -> Finding:
    """What a check finds once the service has had the time it needs to start."""
    give_up = time.monotonic() + check.patience
    finding = check.result()
    while finding.status is Status.FAIL and time.monotonic() < give_up:
        time.sleep(_ASK_AGAIN)
        finding = check.result()
    return finding


def _asked_at_start(stage: Stage, found: Mapping[str, State]) -> Iterator[tuple[str, ...]]:
    """The validators that a service which does not run yet asks itself, as the first thing of its start."""
    for target in stage.targets:
        service = target.resource
        if isinstance(service, Service) and service.starts_with and target.state is None:
            is_up = getattr(found[service.key], "is_active", False)
            if service.is_wanted and not is_up:
                yield service.starts_with


def _should_stop(target: Target, found: Mapping[str, State]) -> bool:
    if not isinstance(target.resource, Service):
        return False
    now = found[target.resource.key]
    return bool(getattr(now, "is_active", False)) and not getattr(target.wanted(now), "is_active", True)
