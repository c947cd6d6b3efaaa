"""The lab's private network: a bridge in a namespace of its own, and one way out through this machine."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import namespaces
from tests.lab.host import LabError
from tests.lab.namespaces import inside, ip, nft
from tests.lab.store import cache_directory, locked

SUBNET = "198.51.100"
SUBNET6 = "2001:db8:100:"
GATEWAY, GATEWAY6 = f"{SUBNET}.1", f"{SUBNET6}:1"
AUTHORITATIVE, AUTHORITATIVE6 = f"{SUBNET}.53", f"{SUBNET6}:53"
SECOND_AUTHORITATIVE = f"{SUBNET}.54"

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_BRIDGE = "lab0"


@dataclass
class Network:
    """The bridge of one lab. Addresses are of 198.51.100.0/24 and 2001:db8:100::/64 (RFC 5737, RFC 3849).

    Several labs can use them at once, as no other namespace has a route to them.
    """

    name: str
    _free: list[int] = field(
        default_factory=lambda: [number for number in range(10, 251) if number not in {53, 54}]
    )

    def open(self) -> None:
        """Makes the namespace, the bridge, and the way out."""
        namespaces.add(self.name)
        ip("-n", self.name, "link", "add", _BRIDGE, "type", "bridge", "forward_delay", "0")
        for address in (f"{GATEWAY}/24", f"{AUTHORITATIVE}/24"):
            ip("-n", self.name, "address", "add", address, "dev", _BRIDGE)
        for address in (f"{GATEWAY6}/64", f"{AUTHORITATIVE6}/64"):
            ip("-n", self.name, "address", "add", address, "dev", _BRIDGE, "nodad")
        ip("-n", self.name, "link", "set", _BRIDGE, "up")
        self._open_uplink()

    def attach(self, namespace: str, number: int) -> None:
        """Makes `namespace` with an eth0 on the bridge, with the addresses that end in `number`."""
        namespaces.add(namespace)
        port = f"port{number}"
        ip(
            "link",
            "add",
            "eth0",
            "netns",
            namespace,
            "type",
            "veth",
            "peer",
            "name",
            port,
            "netns",
            self.name,
        )
        ip("-n", self.name, "link", "set", port, "master", _BRIDGE, "up")
        # A later machine at this address must not be taken for the earlier one: neighbours remember the MAC.
        ip("-n", namespace, "link", "set", "eth0", "address", f"02:00:00:00:00:{number:02x}")
        _address(namespace, number)

    def detach(self, namespace: str, number: int) -> None:
        """Takes the namespace away, and its place on the bridge at once; none there is fine."""
        port = f"port{number}@"
        if port in ip("-n", self.name, "-o", "link", "show", "type", "veth"):
            # The kernel takes its time over a namespace; until then the old eth0 would answer for the new.
            ip("-n", self.name, "link", "delete", f"port{number}")
        namespaces.remove(namespace)

    def take_number(self) -> int:
        """The last part of an address that nobody has, the one unused for longest."""
        if not self._free:
            raise LabError("this lab has no address left")
        return self._free.pop(0)

    def give_back(self, number: int) -> None:
        """Lets a later machine have this address."""
        self._free.append(number)

    def _open_uplink(self) -> None:
        ip("link", "add", self.name, "type", "veth", "peer", "name", "uplink", "netns", self.name)
        with locked(cache_directory() / "uplinks.lock"):
            third = _unused_third_octet()
            here, there = f"100.64.{third}.1", f"100.64.{third}.2"
            ip("address", "add", f"{here}/30", "dev", self.name)
        ip("link", "set", self.name, "up")
        ip("-n", self.name, "address", "add", f"{there}/30", "dev", "uplink")
        ip("-n", self.name, "link", "set", "uplink", "up")
        ip("-n", self.name, "route", "add", "default", "via", here)
        with inside(self.name):
            namespaces.set_sysctl("net.ipv4.ip_forward", "1")
        nft(self.name, _masquerade("uplink_nat", 'oifname "uplink"'))
        nft(None, _masquerade(table(self.name), f"ip saddr {there}"))


def add_addresses(name: str, addresses: Iterable[str]) -> None:
    """Gives the lab's bridge more addresses, each for itself alone."""
    for address in addresses:
        wide = ("128", "nodad") if ":" in address else ("32",)
        ip("-n", name, "address", "add", f"{address}/{wide[0]}", "dev", _BRIDGE, *wide[1:])


def remove_address(name: str, address: str) -> None:
    """Takes such an IPv4 address away again."""
    ip("-n", name, "address", "delete", f"{address}/32", "dev", _BRIDGE)


def close(name: str) -> None:
    """Takes away what `Network.open` made for the lab `name`, as far as it is there."""
    for namespace in namespaces.named(f"{name}-"):
        namespaces.remove(namespace)
    namespaces.remove(name)
    _delete_link(name)
    # Adding the table first makes the deletion right whether it was there or not.
    nft(None, f"add table ip {table(name)}\ndelete table ip {table(name)}\n")


def _delete_link(name: str) -> None:
    """The kernel takes it away itself, some time after the namespace with its other end has gone."""
    link = Path("/sys/class/net", name)
    if link.exists():
        try:
            ip("link", "delete", name)
        except LabError:
            if link.exists():
                raise


@contextmanager
def silence(name: str, address: str = "") -> Iterator[None]:
    """Within the block, no DNS server of the lab `name` hears a question: askers run into their timeouts.

    With an IPv4 address, only the one there.
    """
    match = f"ip daddr {address} " if address else ""
    chain = f"type filter hook input priority 0;\n{match}udp dport 53 drop\n{match}tcp dport 53 drop\n"
    nft(name, f"table inet silence {{\nchain questions {{\n{chain}}}\n}}\n")
    try:
        yield
    finally:
        nft(name, "delete table inet silence")


@contextmanager
def only_its_resolver(name: str) -> Iterator[None]:
    """Within the block, questions to any name server but the one at GATEWAY get lost, as in many offices."""
    match = f"ip daddr {GATEWAY} accept\nudp dport 53 drop\ntcp dport 53 drop\n"
    # What the resolver itself asks goes over loopback.
    chain = f"type filter hook input priority 0;\niifname lo accept\n{match}"
    nft(name, f"table inet office {{\nchain questions {{\n{chain}}}\n}}\n")
    try:
        yield
    finally:
        nft(name, "delete table inet office")


@contextmanager
def behind_a_router(name: str, namespace: str, number: int) -> Iterator[tuple[str, str]]:
    """Within the block, the machine with this number has an address of a private network only.

    Gives that and the router's public one, which is the machine's own as ever: what comes to it is led to the
    machine, also what the machine itself sends there.
    """
    inside, router, public = f"10.53.0.{number}", "10.53.0.1", f"{SUBNET}.{number}"
    port = f"port{number}"
    lead_in = f"type nat hook prerouting priority dstnat;\nip daddr {public} dnat to {inside}\n"
    lead_out = f"type nat hook postrouting priority srcnat;\nip saddr {inside} snat to {public}\n"
    ip("-n", namespace, "address", "flush", "dev", "eth0", "scope", "global")
    ip("-n", name, "link", "set", port, "nomaster")
    try:
        ip("-n", name, "address", "add", f"{router}/24", "dev", port)
        ip("-n", name, "address", "add", f"{public}/32", "dev", _BRIDGE)
        nft(name, f"table ip router {{\nchain inward {{\n{lead_in}}}\nchain outward {{\n{lead_out}}}\n}}\n")
        ip("-n", namespace, "address", "add", f"{inside}/24", "dev", "eth0")
        ip("-n", namespace, "route", "replace", "default", "via", router)
        yield inside, public
    finally:
        nft(name, "add table ip router\ndelete table ip router\n")
        ip("-n", name, "address", "delete", f"{public}/32", "dev", _BRIDGE)
        ip("-n", name, "address", "flush", "dev", port)
        ip("-n", name, "link", "set", port, "master", _BRIDGE)
        ip("-n", namespace, "address", "flush", "dev", "eth0", "scope", "global")
        _address(namespace, number)


def _address(namespace: str, number: int) -> None:
    """The addresses that end in `number`, and the ways out."""
    ip("-n", namespace, "address", "add", f"{SUBNET}.{number}/24", "dev", "eth0")
    ip("-n", namespace, "address", "add", f"{SUBNET6}:{number}/64", "dev", "eth0", "nodad")
    ip("-n", namespace, "link", "set", "eth0", "up")
    ip("-n", namespace, "route", "replace", "default", "via", GATEWAY)
    ip("-n", namespace, "-6", "route", "replace", "default", "via", GATEWAY6)


def table(name: str) -> str:
    """The nft table, in this machine's own namespace, that belongs to the lab `name`."""
    return name.replace("-", "_")


def start_forwarding(note: Path) -> None:
    """Lets this machine forward packets, and notes in the file `note` what was set before."""
    if not note.exists():
        note.write_text(_FORWARDING.read_text())
    _FORWARDING.write_text("1")


def stop_forwarding(note: Path) -> None:
    """Sets forwarding back to what `note` says, and forgets it."""
    if note.exists():
        _FORWARDING.write_text(note.read_text())
        note.unlink()


def _masquerade(name: str, match: str) -> str:
    chain = f"type nat hook postrouting priority srcnat;\n{match} masquerade\n"
    return f"table ip {name} {{\nchain outgoing {{\n{chain}}}\n}}\n"


def _unused_third_octet() -> int:
    used = {int(octet) for octet in re.findall(r"\b100\.64\.(\d+)\.", ip("-4", "address", "show"))}
    return next(octet for octet in range(1, 255) if octet not in used)
