"""One record, and how it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

TTL = 3600
"""Seconds: short enough to correct a mistake within the hour."""

_LONGEST_STRING = 255
"""Bytes in one character-string of a TXT record (RFC 1035 section 3.3)."""


class Need(StrEnum):
    """How much hangs on a record."""

    REQUIRED = "required"
    """Without it, mail does not arrive or is refused elsewhere."""
    RECOMMENDED = "recommended"
    DNSSEC = "dnssec"
    """Recommended, and believed only where the zone is signed."""


@dataclass(frozen=True)
class DnsRecord:
    """One record. `name` is whole, without the last dot; a TXT record's `value` is its text in one piece.

    `why` is one line for people.
    """

    name: str
    type: str
    value: str
    ttl: int = TTL
    need: Need = field(default=Need.REQUIRED, compare=False)
    why: str = field(default="", compare=False)

    @property
    def presentation(self) -> str:
        """The value as a zone file and most providers' forms take it."""
        return txt_strings(self.value) if self.type == "TXT" else self.value

    @property
    def bare(self) -> str:
        """The value in one piece and without quotes, as forms on web pages take it."""
        return self.value if self.type == "TXT" else self.value.replace('"', "")


def address_record(name: str, address: IPv4Address | IPv6Address, need: Need, why: str) -> DnsRecord:
    """The A or AAAA record that leads a name to an address."""
    return DnsRecord(name, "A" if address.version == 4 else "AAAA", str(address), need=need, why=why)


def txt_strings(text: str) -> str:
    """A TXT record's text as quoted strings of at most 255 bytes each (RFC 1035 section 5.1)."""
    data = text.encode()
    pieces = [data[start : start + _LONGEST_STRING] for start in range(0, len(data), _LONGEST_STRING)]
    return " ".join('"' + piece.decode().replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


def zone_text(records: Sequence[DnsRecord]) -> str:
    """The records as lines of a zone file, every name whole (RFC 1035 section 5.1)."""
    lines = (f"{record.name}. {record.ttl} IN {record.type} {record.presentation}\n" for record in records)
    return "".join(lines)


def block_text(records: Sequence[DnsRecord], domain: str) -> str:
    """The records of one domain as lines of name, type and value, for the forms of web panels.

    Names are relative to the domain, `@` is the domain itself; values stand in one piece, without quotes.
    """
    rows = [(_relative(record.name, domain), record.type, record.bare) for record in records]
    width = max((len(name) for name, _type, _value in rows), default=0)
    return "".join(f"{name:<{width}}  {kind:<5}  {value}\n" for name, kind, value in rows)


def _relative(name: str, domain: str) -> str:
    return "@" if name == domain else name.removesuffix(f".{domain}")
