"""The records that make the world find this server and believe its mail."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backends.dns.settings import DnsSettings
from backends.errors import MailsteadError
from backends.language import _
from backends.rspamd.dkim_keys import public_part
from backends.rspamd.settings import SELECTORS, dkim_key_path

TTL = 3600
"""Seconds: short enough to correct a mistake within the hour."""

_LONGEST_STRING = 255
"""Bytes in one character-string of a TXT record (RFC 1035 section 3.3)."""


@dataclass(frozen=True)
class DnsRecord:
    """One record. `name` is whole, without the last dot; a TXT record's `value` is its text in one piece."""

    name: str
    type: str
    value: str
    ttl: int = TTL

    @property
    def presentation(self) -> str:
        """The value as a zone file and most providers' forms take it."""
        return txt_strings(self.value) if self.type == "TXT" else self.value


def records_for(settings: DnsSettings) -> tuple[DnsRecord, ...]:
    """The records to publish, the host's first, then domain by domain.

    Raises MailsteadError when a DKIM key is missing: before the set-up there is nothing true to publish.
    """
    host = list(_host_records(settings))
    domains = [record for domain in settings.domains for record in _domain_records(settings, domain)]
    return tuple(dict.fromkeys([*host, *domains]))


def dkim_record(domain: str, selector: str, directory: str) -> DnsRecord:
    """The record that goes with the private key on disk; raises MailsteadError when there is none."""
    path = Path(dkim_key_path(domain, selector, directory))
    try:
        kind, public = public_part(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise MailsteadError(
            _("there is no DKIM key {selector} of {domain}").format(selector=selector, domain=domain),
            seen=str(problem),
            next_step=_("mailstead replay makes it"),
        ) from problem
    return DnsRecord(f"{selector}._domainkey.{domain}", "TXT", f"v=DKIM1; k={kind}; p={public}")


def txt_strings(text: str) -> str:
    """A TXT record's text as quoted strings of at most 255 bytes each (RFC 1035 section 5.1)."""
    data = text.encode()
    pieces = [data[start : start + _LONGEST_STRING] for start in range(0, len(data), _LONGEST_STRING)]
    return " ".join('"' + piece.decode().replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


def zone_text(records: Sequence[DnsRecord]) -> str:
    """The records as lines of a zone file, every name whole (RFC 1035 section 5.1)."""
    lines = (f"{record.name}. {record.ttl} IN {record.type} {record.presentation}\n" for record in records)
    return "".join(lines)


def _host_records(settings: DnsSettings) -> Iterator[DnsRecord]:
    for address in settings.addresses:
        yield DnsRecord(settings.hostname, "A" if address.version == 4 else "AAAA", str(address))
    # Bounces have an empty sender: then SPF is asked for the name in HELO (RFC 7208 section 2.3).
    yield DnsRecord(settings.hostname, "TXT", "v=spf1 a -all")


def _domain_records(settings: DnsSettings, domain: str) -> Iterator[DnsRecord]:
    yield DnsRecord(domain, "MX", f"10 {settings.hostname}.")
    yield DnsRecord(domain, "TXT", _spf(settings))
    for selector in SELECTORS:
        yield dkim_record(domain, selector, settings.dkim_directory)
    reports_to = settings.reports_to or f"postmaster@{domain}"
    yield DnsRecord(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p={settings.dmarc}; rua=mailto:{reports_to}")
    receiver = reports_to.rpartition("@")[2]
    if receiver != domain and receiver in settings.domains:
        # Reports to another domain need its consent (RFC 7489 section 7.1).
        yield DnsRecord(f"{domain}._report._dmarc.{receiver}", "TXT", "v=DMARC1")


def _spf(settings: DnsSettings) -> str:
    if settings.sends_through_relay:
        # Only the relay knows all addresses that it sends from, so others merely look doubtful.
        return f"v=spf1 mx a:{settings.sends_through_relay} ~all"
    return "v=spf1 mx -all"
