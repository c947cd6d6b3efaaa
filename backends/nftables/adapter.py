"""The firewall: what is reachable from outside."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Literal

from backends import mends
from backends.adapter import Adapter
from backends.checks import Check, Finding, fail, ok, warn
from backends.language import _
from backends.machine.facts import Init, IPAddress, IPNetwork
from backends.machine.services import service_manager
from backends.nftables import table, trial
from backends.nftables.firewall import Firewall
from backends.resources import File, Resource, Service

Protocol = Literal["tcp", "udp"]

_RULES = "/etc/mailstead/nftables.nft"
_LOADER = Service("mailstead-firewall.service")


@dataclass(frozen=True)
class OpenPort:
    """A port that is reachable, for everyone or, with `allow`, for these networks only."""

    port: int
    protocol: Protocol = "tcp"
    allow: tuple[IPNetwork, ...] = ()


@dataclass(frozen=True)
class NftablesSettings:
    """What is open; everything else is closed."""

    init: Init
    ports: tuple[OpenPort, ...]
    ssh_ports: tuple[int, ...]
    """Always open to everyone."""
    lifeline: tuple[IPAddress, ...] = ()
    """Addresses that people are connected from now: open for an hour, whatever the ports say. In no file."""
    confirm_within: int = 300
    """Seconds after which a new set of rules takes itself back unless it is confirmed."""
    override: str = ""
    """The text of /etc/mailstead/override/nftables/rules.nft, which goes to the end of the rules."""


class Nftables(Adapter):
    """Closes every port but those that are wanted, in a table of its own (nft(8))."""

    name = "nftables"
    step = "protocols"
    packages: tuple[str, ...] = ("nftables",)

    def __init__(self, settings: NftablesSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The rules, what loads them at boot, and the rules in force."""
        rules = self._rules()
        yield rules
        yield self.file("/etc/mailstead/nftables-boot.nft", "boot.nft.j2")
        if self.settings.init == "systemd":
            unit = "mailstead-firewall.service"
            yield self.file(f"/etc/systemd/system/{unit}", f"{unit}.j2")
            yield from self.drop_in("nftables.service", "nftables.conf.j2")
        else:
            yield self.file("/etc/init.d/mailstead-firewall", "mailstead-firewall.init.j2", mode=0o755)
        # The service comes first: starting it loads the rules confirmed last.
        yield _LOADER
        yield Firewall(rules.content or b"", self.settings.lifeline, self.settings.confirm_within)

    def checks(self) -> Iterator[Check]:
        """Whether the rules are those that should be, and will be after a boot."""
        yield Check(
            "nftables.rules", _("The firewall's rules are in force"), self._are_in_force, is_gate=True
        )
        yield Check("nftables.boot", _("The firewall's rules come back by themselves"), self._come_back)

    def confirm(self) -> None:
        """Keep the rules that are on trial; raises MailsteadError where they took themselves back."""
        trial.confirm()

    def _rules(self) -> File:
        return self.file(
            _RULES,
            "rules.nft.j2",
            validate=("nft", "-c", "-f", _RULES),
            ssh_ports=sorted(set(self.settings.ssh_ports)),
            rules=rules_for(self.settings.ports),
            override=self.settings.override,
        )

    def _are_in_force(self) -> Finding:
        wanted = _("the rules of {path}").format(path=_RULES)
        now = trial.loaded(table.listing())
        if now == trial.digest(self._rules().content or b""):
            return ok(_("in force, on trial") if trial.is_on_trial(now) else _("in force"))
        if trial.is_taken_back(now):
            seen = _("the firewall went back by itself, because nobody confirmed the new rules")
        elif not now:
            seen = _("there are no rules: every port is reachable")
        elif now.startswith("["):
            seen = _("someone has changed the rules in the kernel")
        else:
            seen = _("other rules are loaded")
        return fail(seen, wanted, _("mailstead replay"), mends.replay(self.step))

    def _come_back(self) -> Finding:
        (status,) = service_manager().statuses([_LOADER.names])
        if status.is_enabled and status.is_active:
            return ok(_("with each boot"))
        if not status.is_enabled:
            seen = _("{unit} does not start with the machine: the next boot leaves every port reachable")
        else:
            seen = _("{unit} was stopped: nothing puts the rules back when they are taken away")
        wanted = _("{unit} enabled and running")
        unit = _LOADER.unit
        action = mends.replay(self.step)
        return fail(seen.format(unit=unit), wanted.format(unit=unit), _("mailstead replay"), action)


class NoFirewall(Adapter):
    """Stands for the firewall where the kernel doesn't let us have one; says so, and does nothing."""

    name = "nftables"
    step = "protocols"

    def resources(self) -> Iterator[Resource]:
        """None."""
        yield from ()

    def checks(self) -> Iterator[Check]:
        """That there is no firewall."""
        yield Check("nftables.rules", _("The firewall's rules are in force"), self._explain)

    @staticmethod
    def _explain() -> Finding:
        return warn(
            _("this machine may not filter packets, so there is no firewall and nobody can be banned"),
            _("a kernel that answers nft"),
            _("give the container the capability NET_ADMIN, or filter in front of it"),
        )


@dataclass(frozen=True)
class Rule:
    """A line of the rules: these ports, open to these networks of one family, or to everyone."""

    protocol: Protocol
    ports: tuple[int, ...]
    family: Literal["", "ip", "ip6"] = ""
    networks: tuple[IPNetwork, ...] = ()


def rules_for(ports: tuple[OpenPort, ...]) -> list[Rule]:
    """The fewest rules that open these ports, in an order that does not depend on theirs."""
    everyone: dict[Protocol, set[int]] = {}
    limited: dict[tuple[Protocol, frozenset[IPNetwork]], set[int]] = {}
    for port in ports:
        if port.allow:
            limited.setdefault((port.protocol, frozenset(port.allow)), set()).add(port.port)
        else:
            everyone.setdefault(port.protocol, set()).add(port.port)
    rules = [Rule(protocol, tuple(sorted(numbers))) for protocol, numbers in sorted(everyone.items())]
    for (protocol, allow), numbers in sorted(limited.items(), key=lambda item: (item[0][0], sorted(item[1]))):
        ordered = tuple(sorted(numbers))
        ipv4 = tuple(collapse_addresses(n for n in allow if isinstance(n, IPv4Network)))
        ipv6 = tuple(collapse_addresses(n for n in allow if isinstance(n, IPv6Network)))
        rules += [Rule(protocol, ordered, "ip", ipv4)] if ipv4 else []
        rules += [Rule(protocol, ordered, "ip6", ipv6)] if ipv6 else []
    return rules
