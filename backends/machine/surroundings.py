"""What the machine is like, for the defaults of the wizard and for what has to be said before going on."""

import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import psutil

from backends.certificates.found import FoundCertificate, found_certificates
from backends.errors import MailsteadError
from backends.machine.at_once import at_once
from backends.machine.disks import Disk, MailPlace, disks, mail_place
from backends.machine.facts import IPAddress, MachineFacts, Release, gather_facts
from backends.machine.port_25 import NOT_TRIED, Port25, try_port_25
from backends.nginx.own import is_own_running
from backends.packages.foreign_mail import foreign_queue_length, other_mail_server
from backends.text import clean

if TYPE_CHECKING:
    from backends.machine.resolvers import ResolverAdvice

MAIL = "/var/vmail"
SECRETS = Path("/etc/mailstead/secrets")
PATIENCE = 4.0
"""Seconds for everything together."""
_FACTS_PATIENCE = 1.5


@dataclass(frozen=True)
class Interface:
    """A network interface, loopback left out."""

    name: str
    addresses: tuple[IPAddress, ...]
    is_up: bool


@dataclass(frozen=True)
class Surroundings:
    """What was found on the machine; what could not be found has its default."""

    hostname: str = ""
    """The full name as `hostname -f` gives it, or what the kernel says."""
    release: Release | None = None
    problem: str = ""
    """Why this is no machine for Mailstead: another system than the Debian releases it knows."""
    is_container: bool = False
    addresses: tuple[IPAddress, ...] = ()
    """Own addresses, those of loopback and link-local ones left out; IPv4 first."""
    interfaces: tuple[Interface, ...] = ()
    cores: int = 0
    """Logical processors; 0 where that is not known."""
    memory_bytes: int = 0
    disks: tuple[Disk, ...] = ()
    mail_place: MailPlace | None = None
    certificates: tuple[FoundCertificate, ...] = ()
    port_25: Port25 = NOT_TRIED
    ports_held: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """TCP port to the name of the process that listens there."""
    has_own_web_server: bool = False
    """Whether the web server of Mailstead's own runs: then it is what holds port 443."""
    other_mail_server: str = ""
    """The package of a mail server that is no Postfix; empty where there is none."""
    waiting_messages: int = 0
    """How many messages wait in its queue."""
    secrets: frozenset[str] = frozenset()
    """The names of the files in /etc/mailstead/secrets."""
    forward_to: tuple[IPAddress, ...] = ()
    """Resolvers to ask, where the root servers don't answer."""
    dnssec: bool = True
    """Whether answers come with signatures."""


def look_around(
    *, try_way_out: Callable[[], Port25] = try_port_25, patience: float = PATIENCE
) -> Surroundings:
    """The machine as it is now, within `patience` seconds; never raises.

    `try_way_out` is how port 25 is tried. What can't be found out in time is left at its default.
    """
    facts: Future[MachineFacts | str] = Future()
    looks: dict[str, Callable[[], Any]] = {
        "facts": lambda: _facts(facts),
        "resolvers": lambda: _resolver_advice(facts.result(_FACTS_PATIENCE)),
        "interfaces": _interfaces,
        "disks": disks,
        "mail_place": lambda: mail_place(MAIL),
        "certificates": found_certificates,
        "port_25": try_way_out,
        "has_own_web_server": is_own_running,
        "other_mail_server": other_mail_server,
        "waiting_messages": foreign_queue_length,
        "secrets": _secrets,
    }
    found = at_once(looks, patience)
    known = _from_facts(found.pop("facts", None)) | _from_advice(found.pop("resolvers", None))
    return Surroundings(**known, **found)


def _facts(facts: Future[MachineFacts | str]) -> MachineFacts | str:
    """The facts, or why there are none, also for whoever waits for them."""
    try:
        facts.set_result(gather_facts())
    except MailsteadError as problem:
        facts.set_result(f"{problem.message}: {problem.seen}" if problem.seen else problem.message)
    return facts.result()


def _from_facts(facts: MachineFacts | str | None) -> dict[str, Any]:
    if not isinstance(facts, MachineFacts):
        return {"hostname": clean(socket.gethostname()), "problem": facts or ""}
    names = (
        "hostname",
        "release",
        "is_container",
        "addresses",
        "cores",
        "memory_bytes",
        "ports_held",
    )
    return {name: getattr(facts, name) for name in names}


def _interfaces() -> tuple[Interface, ...]:
    up = {name: status.isup for name, status in psutil.net_if_stats().items()}
    found = []
    for name, items in sorted(psutil.net_if_addrs().items()):
        texts = [item.address for item in items if item.family in {socket.AF_INET, socket.AF_INET6}]
        inet = [ip_address(text.partition("%")[0]) for text in texts]
        addresses = tuple(sorted(inet, key=lambda address: (address.version, int(address))))
        if not any(address.is_loopback for address in addresses):
            found.append(Interface(clean(name, 40), addresses, up.get(name, False)))
    return tuple(found)


def _resolver_advice(facts: MachineFacts | str) -> "ResolverAdvice | None":
    from backends.machine.resolvers import probe_resolvers  # dnspython takes long to load

    return probe_resolvers(facts.resolvers) if isinstance(facts, MachineFacts) else None


def _from_advice(advice: "ResolverAdvice | None") -> dict[str, Any]:
    return {"forward_to": advice.forward_to, "dnssec": advice.dnssec} if advice else {}


def _secrets() -> frozenset[str]:
    return frozenset(path.name for path in SECRETS.iterdir())
