"""What the server's resolver should be like."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from backends.machine.resolv_conf import AddressClient

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True)
class UnboundSettings:
    """A resolver for this machine alone."""

    forward_to: tuple[IPAddress, ...] = ()
    """Ask these, where a network lets only its own resolvers through; empty: start at the root servers."""
    dnssec: bool = True
    has_ipv6: bool = True
    """Whether this machine has ::1 (a kernel without IPv6 has not)."""
    has_systemd: bool = True
    threads: int = 1
    is_resolv_conf_replaceable: bool = True
    """Whether /etc/resolv.conf can be replaced: a container's engine mounts it from outside."""
    address_clients: tuple[AddressClient, ...] = ()
    """Those on this machine."""
    own_clauses: str = ""
    """The admin's own configuration: whole clauses of unbound.conf(5)."""
