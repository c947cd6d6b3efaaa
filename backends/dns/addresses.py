"""Which of a machine's addresses belong in the public DNS."""

from collections.abc import Sequence
from ipaddress import ip_network

from backends.dns.settings import IPAddress

_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
"""RFC 1918, RFC 6598, RFC 4193: networks of containers, of offices and of providers' insides."""


def publishable(addresses: Sequence[IPAddress]) -> tuple[IPAddress, ...]:
    """The addresses that the world can reach; all of them where none is such."""
    public = [each for each in addresses if not any(each in network for network in _PRIVATE)]
    return tuple(public or addresses)
