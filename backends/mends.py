"""Acts that mend what checks find: a service made to work again, the answers applied again."""

from functools import partial

from backends.checks import Mend
from backends.language import _
from backends.machine.services import ServiceNames, service_manager


def restart(service: ServiceNames) -> Mend:
    """Start the service, or start it again."""
    return Mend(
        _("restart {unit}").format(unit=service.unit),
        ("systemctl", "restart", service.unit),
        partial(_act, service, "restart"),
    )


def reload(service: ServiceNames) -> Mend:
    """Let the service read its files again."""
    return Mend(
        _("reload {unit}").format(unit=service.unit),
        ("systemctl", "reload", service.unit),
        partial(_act, service, "reload"),
    )


def replay(step: str) -> Mend:
    """Bring back what the answers say in one of their steps."""
    return Mend(
        _("replay the step {step}").format(step=step), ("mailstead", "replay", "--step", step, "--yes")
    )


def publish() -> Mend:
    """Bring the records of the DNS to what they should be."""
    return Mend(_("publish the records"), ("mailstead", "dns", "publish", "--yes"))


def resume() -> Mend:
    """Finish the run that was interrupted."""
    return Mend(_("finish the run"), ("mailstead", "resume"))


def _act(service: ServiceNames, verb: str) -> None:
    service_manager().act(service, verb)
