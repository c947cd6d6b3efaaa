"""What the published records should say."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True)
class DnsSettings:
    """The server's place in the DNS: what `records_for` makes records of."""

    hostname: str
    domains: tuple[str, ...]
    addresses: tuple[IPAddress, ...] = ()
    """The public addresses that the host name should have."""
    dmarc: Literal["none", "quarantine", "reject"] = "quarantine"
    reports_to: str = ""
    """Gets DMARC reports; empty: postmaster@ each domain."""
    sends_through_relay: str = ""
    """A smarthost's name: mail leaves from its addresses, so SPF has to name it."""
    dkim_directory: str = "/etc/mailstead/dkim"
