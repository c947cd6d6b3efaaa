"""Services: that they run, start with the machine, and take up what changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from backends.machine.services import ServiceNames, service_manager
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class ServiceState(State):
    """Whether it is known to the machine, enabled, and running."""

    is_known: bool
    is_enabled: bool
    is_active: bool

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002
        """The state as JSON values."""
        return {"is_known": self.is_known, "is_enabled": self.is_enabled, "is_active": self.is_active}


@dataclass(frozen=True)
class Service(Resource):
    """A service that should run, or with `is_wanted=False` should neither run nor start.

    It is restarted when a resource in `restart_on` changed, reloaded when one in `reload_on` did. `unit` has
    its suffix (`redis-server@mail.service`); `init_script` is its name in /etc/init.d where there is no
    systemd.
    """

    kind = "service"
    is_live = True

    unit: str
    init_script: str = ""
    status_unit: str = ""
    is_wanted: bool = True
    restart_on: tuple[Resource, ...] = field(default=(), compare=False)
    reload_on: tuple[Resource, ...] = field(default=(), compare=False)
    starts_with: tuple[str, ...] = field(default=(), compare=False)
    """The command that its start runs first, and fails with: a validator that is spared when it is down."""

    @property
    def name(self) -> str:
        """The unit."""
        return self.unit

    @property
    def names(self) -> ServiceNames:
        """What it is called on either kind of machine."""
        plain = self.unit.removesuffix(".service")
        return ServiceNames(self.unit, self.status_unit or self.unit, self.init_script or plain)

    def identity(self) -> Record:
        """Its names."""
        return {"unit": self.unit, "init_script": self.init_script, "status_unit": self.status_unit}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The service of these names."""
        return cls(**identity)

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """How each is now."""
        statuses = service_manager().statuses([resource.names for resource in resources])
        return [ServiceState(s.is_known, s.is_enabled, s.is_active) for s in statuses]

    def wanted(self, now: State) -> State:
        """Enabled and running, or neither; a service that isn't wanted need not be known."""
        if not isinstance(now, ServiceState):
            raise TypeError(now)
        return ServiceState(self.is_wanted or now.is_known, self.is_wanted, self.is_wanted)

    def put(self, state: State) -> None:
        """Enable or disable, start or stop it; raises ActivationFailed."""
        if not isinstance(state, ServiceState):
            raise TypeError(state)
        (now,) = self.look([self])
        if not isinstance(now, ServiceState) or (not now.is_known and not state.is_active):
            return
        manager = service_manager()
        if not state.is_known:
            # Once its unit file has gone there is nothing left that could be stopped or disabled.
            if now.is_active:
                manager.act(self.names, "stop")
            if now.is_active or now.is_enabled:
                manager.forget(self.names)
            return
        if state.is_enabled != now.is_enabled:
            manager.enable(self.names, is_enabled=state.is_enabled)
        if state.is_active != now.is_active:
            manager.act(self.names, "start" if state.is_active else "stop")

    def activate(self, action: Action) -> None:
        """Restart or reload it; raises ActivationFailed."""
        service_manager().act(self.names, action.value)

    def activation_after(self, changed: set[str]) -> Action | None:
        """What a running service must do once the resources with these keys have changed."""
        if any(resource.key in changed for resource in self.restart_on):
            return Action.RESTART
        if any(resource.key in changed for resource in self.reload_on):
            return Action.RELOAD
        return None

    def describe(self, now: State, wanted: State) -> Description:
        """Start, stop, enable or disable."""
        if not isinstance(now, ServiceState) or not isinstance(wanted, ServiceState):
            raise TypeError(now, wanted)
        if wanted.is_active != now.is_active:
            action = Action.START if wanted.is_active else Action.STOP
            return Description(action, f"{action} {self.unit}")
        return Description(Action.MODIFY, f"{'enable' if wanted.is_enabled else 'disable'} {self.unit}")

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return ServiceState(**record)
