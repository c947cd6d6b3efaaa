"""unbound as this machine's own validating resolver.

Block lists answer by who asks: through a public resolver they answer nothing, or lies.
"""

from collections.abc import Iterator
from ipaddress import ip_address

from backends.adapter import Adapter
from backends.checks import Check, Finding, ok, warn
from backends.language import _
from backends.machine import resolv_conf
from backends.machine.resolv_conf import AddressClient
from backends.mends import replay
from backends.resources import File, Resource, Service
from backends.templates import render
from backends.text import clean
from backends.unbound import answering
from backends.unbound.settings import UnboundSettings

CONFIGURATION = "/etc/unbound/unbound.conf.d/mailstead.conf"

PRIVATE_ZONES = ("corp", "home", "home.arpa", "internal", "lan", "local", "test")
"""Names outside the public DNS (RFC 2606, RFC 6762 appendix G, RFC 8375, ICANN's .internal). The root denies
them, signed, so a network's own answers for them are only believed where they are set apart."""


_HOOKS: dict[AddressClient, tuple[str, str]] = {
    "dhclient": ("/etc/dhcp/dhclient-enter-hooks.d/mailstead", "dhclient-hook.sh.j2"),
    "dhcpcd": ("/etc/dhcpcd.enter-hook", "dhcpcd-enter-hook.sh.j2"),
    "networkmanager": ("/etc/NetworkManager/conf.d/mailstead.conf", "networkmanager.conf.j2"),
}


class Unbound(Adapter):
    """unbound on loopback, beside whatever else stands in its unbound.conf.d."""

    name, step = "unbound", "dns"
    packages: tuple[str, ...] = ("unbound", "dns-root-data")

    def __init__(self, settings: UnboundSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """One file, the unit's drop-in, and the service."""
        settings = self.settings
        configuration = self.file(
            CONFIGURATION,
            "mailstead.conf.j2",
            # This file alone: the whole has no root key before unbound's first start.
            validate=("unbound-checkconf", CONFIGURATION),
            has_ipv6=settings.has_ipv6,
            threads=settings.threads,
            dnssec=settings.dnssec,
            forward_to=settings.forward_to,
            private_zones=PRIVATE_ZONES,
            own_clauses=settings.own_clauses.strip(),
        )
        yield configuration
        changes: tuple[Resource, ...] = (configuration,)
        if settings.has_systemd:
            directory, drop_in = self.drop_in("unbound.service", "unit.conf.j2")
            yield directory
            yield drop_in
            changes = (configuration, drop_in)
        yield Service("unbound.service", restart_on=changes)

    def checks(self) -> Iterator[Check]:
        """That it runs, which a run insists on; and that it reaches the world, which needs a network."""
        yield Check("unbound.answers", _("The resolver runs"), answering.answers, is_gate=True)
        dnssec = self.settings.dnssec
        yield Check(
            "unbound.resolves",
            _("The resolver finds names"),
            lambda: answering.reaches_the_root(dnssec=dnssec),
        )


class Resolver(Adapter):
    """/etc/resolv.conf with 127.0.0.1 in it, kept so across new leases.

    A stage of its own that comes after unbound's: the machine is switched over only once unbound is known to
    answer, so it is never without DNS.
    """

    name, step = "resolver", "dns"
    takes_additions = False

    def __init__(self, settings: UnboundSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The hooks first, so that no lease comes in between."""
        for client in self.settings.address_clients:
            path, template = _HOOKS[client]
            yield File(path, self._filled(template), 0o644 if path.endswith(".conf") else 0o755)
        if self.settings.is_resolv_conf_replaceable:
            yield File(resolv_conf.RESOLV_CONF, self._filled("resolv.conf.j2"))

    def checks(self) -> Iterator[Check]:
        """That programs here ask the own resolver."""
        yield Check("resolver.used", _("This machine asks its own resolver"), self._is_used)

    def _filled(self, template: str) -> bytes:
        return render(f"unbound/templates/{template}", step=self.step)

    def _is_used(self) -> Finding:
        first = next(iter(resolv_conf.nameservers()), "")
        # 127.0.0.53 is systemd-resolved, which asks the network's resolvers.
        if first and ip_address(first).is_loopback and first != "127.0.0.53":
            return ok(
                _("{resolv_conf} names {first}").format(resolv_conf=resolv_conf.RESOLV_CONF, first=first)
            )
        seen = f"{resolv_conf.RESOLV_CONF} names {clean(first) or 'nobody'}"
        if self.settings.is_resolv_conf_replaceable:
            return warn(seen, "127.0.0.1", _("mailstead replay"), replay(self.step))
        return warn(
            _("{seen} and is mounted from outside").format(seen=seen),
            _("127.0.0.1; now only the filter asks unbound"),
            _("start the container with --dns 127.0.0.1"),
        )
