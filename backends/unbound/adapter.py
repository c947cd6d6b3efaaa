"""unbound as this machine's own validating resolver.

Block lists answer by who asks: through a public resolver they answer nothing, or lies.
"""

from collections.abc import Iterator

from backends.adapter import Adapter
from backends.checks import Check
from backends.resources import Resource, Service
from backends.unbound import answering
from backends.unbound.settings import UnboundSettings

CONFIGURATION = "/etc/unbound/unbound.conf.d/mailstead.conf"

PRIVATE_ZONES = ("corp", "home", "home.arpa", "internal", "lan", "local", "test")
"""Names outside the public DNS (RFC 2606, RFC 6762 appendix G, RFC 8375, ICANN's .internal). The root denies
them, signed, so a network's own answers for them are only believed where they are set apart."""


class Unbound(Adapter):
    """unbound on loopback, beside whatever else stands in its unbound.conf.d."""

    name, step = "unbound", "dns"
    packages: tuple[str, ...] = ("unbound", "dns-root-data")

    def __init__(self, settings: UnboundSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """One file and the service."""
        settings = self.settings
        configuration = self.file(
            CONFIGURATION,
            "mailstead.conf.j2",
            validate=("unbound-checkconf",),
            has_ipv6=settings.has_ipv6,
            threads=settings.threads,
            dnssec=settings.dnssec,
            forward_to=settings.forward_to,
            private_zones=PRIVATE_ZONES,
        )
        yield configuration
        yield Service("unbound.service", restart_on=(configuration,))

    def checks(self) -> Iterator[Check]:
        """That it runs, which a run insists on; and that it reaches the world, which needs a network."""
        yield Check("unbound.answers", "The resolver runs", answering.answers, is_gate=True)
        dnssec = self.settings.dnssec
        yield Check(
            "unbound.resolves", "The resolver finds names", lambda: answering.reaches_the_root(dnssec=dnssec)
        )
