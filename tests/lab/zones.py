"""The zone files of the lab: its own zones, and a root above them that the machines trust."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.lab.host import LabError
from tests.lab.network import AUTHORITATIVE, AUTHORITATIVE6, SECOND_AUTHORITATIVE

Records = dict[tuple[str, str], tuple[str, ...]]

NAME_SERVER = "ns.lab.test."
SECOND_NAME_SERVER = "ns2.lab.test."
"""Holds a zone only where a test says so (second_dns.py), and that has to name it."""
_HINTS = Path("/usr/share/dns/root.hints")
_SOA = f"{NAME_SERVER} hostmaster.lab.test. {{serial}} 3600 600 86400 0"


def root_servers() -> dict[str, tuple[str, ...]]:
    """The names of the root servers and their addresses, as resolvers know them (package dns-root-data)."""
    if not _HINTS.exists():
        raise LabError(f"{_HINTS} is missing: python -m tests.lab.prerequisites")
    rows = (line.split() for line in _HINTS.read_text().splitlines() if not line.startswith(";"))
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row and row[2] in {"A", "AAAA"}:
            found[row[0].lower()] = (*found.get(row[0].lower(), ()), row[3])
    return found


def zone_file(zone: str, records: Mapping[tuple[str, str], Iterable[str]], serial: int) -> str:
    """A zone file (RFC 1035 section 5). Its answers may not be kept, so that changes count at once."""
    lines = [
        f"$ORIGIN {zone}.",
        "$TTL 0",
        f"@ SOA {_SOA.format(serial=serial)}",
        f"@ 3600 NS {NAME_SERVER}",
    ]
    for (name, kind), values in records.items():
        lines += [value if kind == VERBATIM else f"{name} {kind} {value}" for value in values]
    return "\n".join(lines) + "\n"


VERBATIM = "verbatim"
"""A record type of our own: the value is a whole line of a zone file."""


def root_file(
    zones: Iterable[str],
    signers: Mapping[str, Iterable[str]],
    outside: Mapping[str, Iterable[str]],
    serial: int,
) -> str:
    """The root zone: the lab's zones, with the DS records of signed ones, and hosts of the world outside."""
    lines = ["$ORIGIN .", "$TTL 3600", f"@ SOA {_SOA.format(serial=serial)}"]
    for server, addresses in root_servers().items():
        lines.append(f"@ NS {server}")
        lines += [_address(server, address) for address in addresses]
    lines += [_address(NAME_SERVER, address) for address in (AUTHORITATIVE, AUTHORITATIVE6)]
    lines.append(_address(SECOND_NAME_SERVER, SECOND_AUTHORITATIVE))
    for zone in zones:
        lines.append(f"{zone}. NS {NAME_SERVER}")
        lines += [f"{zone}. 0 DS {value}" for value in signers.get(zone, ())]
    lines += [_address(f"{name}.", address) for name, addresses in outside.items() for address in addresses]
    return "\n".join(lines) + "\n"


def relative(name: str, zone: str) -> str:
    """A name as a zone file of `zone` has it, "@" for the zone itself."""
    name = name.removesuffix(".")
    return "@" if name == zone else name.removesuffix(f".{zone}")


def quoted(value: str) -> str:
    """A text as the strings of a TXT record, each of 255 octets at most (RFC 1035 section 3.3)."""
    if value.startswith('"'):
        return value
    parts = [value[start : start + 255] for start in range(0, len(value), 255)]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


def _address(name: str, address: str) -> str:
    return f"{name} {'AAAA' if ':' in address else 'A'} {address}"
