"""What the published records should say."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal, get_args

from backends.certificates.settings import TlsFiles
from backends.rspamd.settings import FIRST_PAIR

IPAddress = IPv4Address | IPv6Address

STATE = Path("/var/lib/mailstead/dns")
"""What was published from here, and what was there before."""


Protocol = Literal["submissions", "submission", "imaps", "imap", "pop3s", "pop3", "sieve"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
"""What mail programs look for in the DNS (RFC 6186, RFC 8314, RFC 5804)."""


@dataclass(frozen=True)
class Offer:
    """One of these, and its port here; 0 where it is not offered."""

    protocol: Protocol
    port: int


@dataclass(frozen=True)
class DnsSettings:
    """The server's place in the DNS: what `records_for` makes records of."""

    hostname: str
    domains: tuple[str, ...]
    addresses: tuple[IPAddress, ...] = ()
    """The public addresses that the host name should have."""
    inside: tuple[IPAddress, ...] = ()
    """Where there are none: the machine's own, which only its own network reaches."""
    dmarc: Literal["none", "quarantine", "reject"] = "quarantine"
    reports_to: str = ""
    """Gets DMARC and TLS reports; empty: postmaster@ each domain."""
    sends_through_relay: str = ""
    """A smarthost's name or address: mail leaves from its addresses, so SPF has to name it."""
    is_published_from_here: bool = False
    """Whether `mailstead dns publish` reaches the name servers, by DNS UPDATE."""
    dkim_directory: str = "/etc/mailstead/dkim"
    dkim_pair: int = FIRST_PAIR
    """The pair of keys that signs."""
    further_pairs: tuple[int, ...] = ()
    """Pairs that are to be seen as well: the next one, and those that signed until lately."""
    mta_sts: Literal["off", "testing", "enforce"] = "off"
    pinned: tuple[TlsFiles, ...] = ()
    """The certificates on port 25 whose keys TLSA records name; none without DANE."""
    imported: str = ""
    """The PEM file that somebody else renews: another key in it is the next that will be served."""
    offers: tuple[Offer, ...] = ()
    has_client_pages: bool = False
    """Whether autoconfig and autodiscover are served, for mail programs that set themselves up."""
    acme_directory: str = ""
    """The URL of the authority that issues the certificates; empty where none is asked by ACME."""
    acme_state: str = "/etc/letsencrypt"
    """Where certbot keeps the account with that authority, and what it issues."""
