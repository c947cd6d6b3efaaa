"""Which of a machine's addresses belong in the public DNS."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network

from backends.language import _

IPAddress = IPv4Address | IPv6Address

_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
"""RFC 1918, RFC 6598, RFC 4193: networks of containers, of offices and of providers' insides."""

_NOBODYS = (
    *map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")),
    *map(ip_network, ("::/127", "::ffff:0:0/96", "fe80::/10", "ff00::/8")),
)
"""RFC 6890, RFC 4291: no addresses of one machine in the internet. Those for documentation are left out."""


def is_private(address: IPAddress) -> bool:
    """Whether only its own network reaches it."""
    return any(address in network for network in _PRIVATE)


def is_public(address: IPAddress) -> bool:
    """Whether it can be a machine's address in the internet."""
    return not is_private(address) and not any(address in network for network in _NOBODYS)


def publishable(addresses: Sequence[IPAddress]) -> tuple[IPAddress, ...]:
    """The addresses that the world can reach; none where a router stands before all of them."""
    return tuple(each for each in addresses if is_public(each))


def only_inside(addresses: Sequence[IPAddress]) -> str:
    """What is seen, in words, where none of the addresses can be published."""
    if not addresses:
        return _("this machine has no address")
    return _("only its own network reaches this machine: {addresses}").format(
        addresses=", ".join(map(str, addresses))
    )


def name_the_public_ones() -> str:
    """What to do about it."""
    return _("write the address that mail comes in at into [site] public_addresses in the answers")
