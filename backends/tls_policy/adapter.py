"""The service that tells Postfix how mail to each domain is to be encrypted."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from backends.adapter import Adapter
from backends.checks import Check
from backends.language import _
from backends.resources import Directory, Resource, Service, SystemUser
from backends.tls_policy.settings import MEMORY, SERVICE, SOCKET, USER, TlsPolicySettings

_PLACES = (str(Path(MEMORY).parent), str(Path(SOCKET).parent))


class TlsPolicy(Adapter):
    """DANE where a domain has it, else its MTA-STS policy, else whatever it offers: a program of ours, as
    Debian's postfix-mta-sts-resolver puts MTA-STS before DANE, against RFC 8461 section 2.
    """

    name, step = "tls_policy", "protocols"
    takes_additions: ClassVar[bool] = False

    def __init__(self, settings: TlsPolicySettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """Its user, its directories, the unit or the init script, the service."""
        memory, sockets = _PLACES
        yield SystemUser(USER)
        yield Directory(memory, 0o700, USER, USER)
        yield Directory(sockets, 0o750, USER, "postfix")
        has_systemd = self.settings.has_systemd
        starter = self.file(
            f"/etc/systemd/system/{SERVICE.unit}" if has_systemd else "/etc/init.d/mailstead-tls-policy",
            "mailstead-tls-policy.service.j2" if has_systemd else "mailstead-tls-policy.init.j2",
            mode=0o644 if has_systemd else 0o755,
            arguments=("tls-policy", "--dane" if self.settings.has_dane else "--no-dane", SOCKET, MEMORY),
            places=_PLACES,
            user=USER,
        )
        yield starter
        yield Service(SERVICE.unit, restart_on=(starter,))

    def checks(self) -> Iterator[Check]:
        """That it answers: mail to others waits while it does not."""
        from backends.tls_policy.checks import answers

        title = _("Postfix is told how to encrypt mail to others")
        yield Check("tls_policy.answers", title, answers, is_gate=True)


class NoTlsPolicy(Adapter):
    """Where a smarthost takes all outgoing mail, nobody is asked."""

    name, step = "tls_policy", "protocols"
    takes_additions: ClassVar[bool] = False

    def resources(self) -> Iterator[Resource]:
        """The service stopped; its unit stays, as it may come back."""
        yield Service(SERVICE.unit, is_wanted=False)
