"""The Debian packages that everything else needs, installed in one go."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

from backends.language import _
from backends.machine import packages
from backends.machine.services import ServiceNames, service_manager
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class PackagesState(State):
    """Which of the packages are missing, and what apt would remove to bring them."""

    missing: tuple[str, ...]
    would_remove: tuple[str, ...] = ()

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002
        """The state as JSON values."""
        return {"missing": list(self.missing), "would_remove": list(self.would_remove)}


@dataclass(frozen=True)
class PackageSet(Resource):
    """All packages of a blueprint. Installing can't be undone: going back leaves them where they are.

    `services` are what they bring: none of these starts by itself, now or with the machine, before its
    configuration is in place.
    """

    kind = "packages"

    names: tuple[str, ...]
    preseed: str = ""
    services: tuple[ServiceNames, ...] = ()

    @property
    def name(self) -> str:
        """There is one set on a machine."""
        return "needed"

    def identity(self) -> Record:
        """Their names, answers and services: enough to finish an installation that was cut off."""
        return {
            "names": list(self.names),
            "preseed": self.preseed,
            "services": [asdict(service) for service in self.services],
        }

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The set with these names."""
        services = tuple(ServiceNames(**service) for service in identity["services"])
        return cls(tuple(identity["names"]), identity["preseed"], services)

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """One dpkg-query; a simulation by apt only where something is missing."""
        return [_state(resource.names) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """None missing."""
        return PackagesState(())

    def put(self, state: State) -> None:
        """Install what is missing; going back does nothing."""
        if not isinstance(state, PackagesState):
            raise TypeError(state)
        missing = _missing(self.names)
        if state.missing or not missing:
            return
        manager = service_manager()
        before = manager.statuses(self.services)
        packages.install(missing, self.preseed)
        manager.read_units()
        after = manager.statuses(self.services)
        manager.disable_all(
            [
                service
                for service, was, now in zip(self.services, before, after, strict=True)
                if now.is_known and now.is_enabled and not was.is_known
            ]
        )

    def waits_for(self) -> str:
        """The lock of apt or dpkg, while another program holds it."""
        holder = packages.lock_holder()
        return _("apt's lock, held by {holder}").format(holder=holder) if holder else ""

    def describe(self, now: State, wanted: State) -> Description:  # noqa: ARG002
        """The packages to install, and those that have to go."""
        if not isinstance(now, PackagesState):
            raise TypeError(now)
        lines = [f"+ {name}" for name in now.missing] + [f"- {name}" for name in now.would_remove]
        removed = f"; this removes {', '.join(now.would_remove)}" if now.would_remove else ""
        summary = f"install {len(now.missing)} packages and what they need{removed}"
        return Description(Action.INSTALL, summary, "\n".join(lines), is_reversible=False)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return PackagesState(tuple(record["missing"]), tuple(record["would_remove"]))


def _missing(names: Sequence[str]) -> tuple[str, ...]:
    there = packages.installed_versions(names)
    return tuple(name for name in names if name not in there)


def _state(names: Sequence[str]) -> PackagesState:
    missing = _missing(names)
    return PackagesState(missing, packages.would_remove(missing) if missing else ())
