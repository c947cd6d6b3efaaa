"""Services that already show certificates of this server: they take up new ones, and show them or not."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backends.certificates.settings import DIRECTORY, Server
from backends.checks import Finding, fail, ok
from backends.errors import ActivationFailed
from backends.language import _
from backends.machine.services import service_manager
from backends.resources import Action, Resource, Service, State


@dataclass(frozen=True)
class ServingService(Service):
    """A service that is reloaded when the files it serves change, if it is set up and runs; never started.

    When the new certificates don't show, the stage of the certificates takes itself back, and this is what
    makes the service serve the old ones again.
    """

    kind = "serving"

    configuration: str = field(default="", compare=False)

    @classmethod
    def of(cls, server: Server, files: Sequence[Resource]) -> "ServingService":
        """The service of a server, which takes up these files."""
        names = server.names
        return cls(
            names.unit,
            init_script=names.init_script,
            status_unit=names.status_unit,
            reload_on=tuple(files),
            configuration=server.configuration,
        )

    def wanted(self, now: State) -> State:
        """As it is: whether it should run is said elsewhere."""
        return now

    def activation_after(self, changed: set[str]) -> Action | None:
        """A reload, where it shows certificates already."""
        due = super().activation_after(changed)
        return due if due and is_serving(self) else None

    def activate(self, action: Action) -> None:
        """Let it take up the files; raises ActivationFailed when it does not survive that."""
        super().activate(action)
        (status,) = service_manager().statuses([self.names])
        if not status.is_active:
            raise ActivationFailed(
                _("{unit} stopped when it was to take up the certificates").format(unit=self.unit)
            )


def is_serving(service: ServingService) -> bool:
    """Whether it runs, by a configuration that names our certificates."""
    (status,) = service_manager().statuses([service.names])
    return status.is_active and _names_our_files(service.configuration)


def everyone_serves(servers: Sequence[Server], known: frozenset[str]) -> Finding:
    """Whether every open port of these servers shows one of the certificates whose SHA-256 is known.

    A server that isn't set up yet and a port that isn't open yet have nothing to show.
    """
    from backends.certificates.served import NotServedError, served_certificate  # loads the TLS library

    seen = []
    for server in servers:
        if not is_serving(ServingService.of(server, ())):
            continue
        for port in server.ports:
            try:
                served = served_certificate("127.0.0.1", port.number, starttls=port.starttls)
            except NotServedError as problem:
                if isinstance(problem.__cause__, ConnectionRefusedError):
                    continue
                return _does_not_serve(port.number, f"{problem.message}: {problem.seen}")
            if hashlib.sha256(served.der).hexdigest() not in known:
                return _does_not_serve(port.number, _("it serves another certificate than those on disk"))
            seen.append(port.number)
    return (
        ok(_("ports {ports}").format(ports=", ".join(map(str, seen)))) if seen else ok(_("none is open yet"))
    )


def _does_not_serve(port: int, why: str) -> Finding:
    return fail(
        _("port {port}: {why}").format(port=port, why=why),
        _("the certificate on disk"),
        _("look at the service's log: mailstead log"),
    )


def _names_our_files(configuration: str) -> bool:
    try:
        return f"{DIRECTORY}/".encode() in Path(configuration).read_bytes()
    except OSError:
        return False
