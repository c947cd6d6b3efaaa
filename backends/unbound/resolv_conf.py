"""Makes this machine ask its own resolver: /etc/resolv.conf, and whatever would write it over again.

A stage of its own that comes after unbound's: the machine is switched over only once unbound is known to
answer, so it is never without DNS.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from backends.adapter import Adapter
from backends.checks import Check, Finding, ok, warn
from backends.resources import File, Resource
from backends.templates import render
from backends.text import clean

RESOLV_CONF = "/etc/resolv.conf"

AddressClient = Literal["dhclient", "dhcpcd", "networkmanager"]

_HOOKS: dict[AddressClient, tuple[str, str, str]] = {
    # Where it is set up; where our part goes; the template of that.
    "dhclient": (
        "/etc/dhcp/dhclient-enter-hooks.d",
        "/etc/dhcp/dhclient-enter-hooks.d/mailstead",
        "dhclient-hook.sh.j2",
    ),
    "dhcpcd": ("/etc/dhcpcd.conf", "/etc/dhcpcd.enter-hook", "dhcpcd-enter-hook.sh.j2"),
    "networkmanager": (
        "/etc/NetworkManager/conf.d",
        "/etc/NetworkManager/conf.d/mailstead.conf",
        "networkmanager.conf.j2",
    ),
}


@dataclass(frozen=True)
class ResolvConfSettings:
    """How names are looked up on this machine, and who else writes that down."""

    is_replaceable: bool = True
    """Whether /etc/resolv.conf can be replaced: a container's engine mounts it from outside."""
    address_clients: tuple[AddressClient, ...] = ()
    """Programs on this machine that fetch addresses and write resolvers into /etc/resolv.conf."""


def found_settings() -> ResolvConfSettings:
    """What this machine has; reads files only."""
    mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    is_mounted = any(line.split()[4] == RESOLV_CONF for line in mounts)
    clients = tuple(client for client, (sign, _, _) in _HOOKS.items() if Path(sign).exists())
    return ResolvConfSettings(not is_mounted, clients)


def nameservers(path: str = RESOLV_CONF) -> tuple[str, ...]:
    """The resolvers that a resolv.conf(5) names, in order; what is no address is left out."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    words = (line.split() for line in lines)
    return tuple(
        word[1] for word in words if len(word) > 1 and word[0] == "nameserver" and _is_address(word[1])
    )


class ResolvConf(Adapter):
    """/etc/resolv.conf with 127.0.0.1 in it, kept so across new leases."""

    name, step = "resolver", "dns"

    def __init__(self, settings: ResolvConfSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The hooks first, so that no lease comes in between."""
        for client in self.settings.address_clients:
            _, path, template = _HOOKS[client]
            mode = 0o644 if path.endswith(".conf") else 0o755
            yield File(path, self._filled(template), mode)
        if self.settings.is_replaceable:
            yield File(RESOLV_CONF, self._filled("resolv.conf.j2"))

    def checks(self) -> Iterator[Check]:
        """That programs here ask the own resolver."""
        yield Check("resolver.used", "This machine asks its own resolver", self._is_used)

    def _filled(self, template: str) -> bytes:
        return render(f"unbound/templates/{template}", step=self.step, system="unbound")

    def _is_used(self) -> Finding:
        first = next(iter(nameservers()), "")
        if first and ip_address(first).is_loopback and first != "127.0.0.53":
            return ok(f"{RESOLV_CONF} names {first}")
        if self.settings.is_replaceable:
            return warn(f"{RESOLV_CONF} names {clean(first) or 'nobody'}", "127.0.0.1", "mailstead replay")
        return warn(
            f"{RESOLV_CONF} is mounted from outside and names {clean(first) or 'nobody'}",
            "127.0.0.1; now only the filter asks unbound",
            "start the container with --dns 127.0.0.1",
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
