"""Records by which mail programs find their servers, and the hosts of web pages for them and for MTA-STS."""

from collections.abc import Iterator

from backends.dns.issuers import issuer_records
from backends.dns.mta_sts import policy_host
from backends.dns.record import DnsRecord, Need, address_record
from backends.dns.settings import DnsSettings
from backends.language import _

_STARTTLS = frozenset({"submission", "imap", "pop3", "sieve"})
"""Taken only where the same with TLS from the start is not there (RFC 8314 section 5.1)."""

_NOT_OFFERED = "0 0 0 ."
"""RFC 2782: decidedly not available at this domain."""


def service_records(settings: DnsSettings, domain: str) -> Iterator[DnsRecord]:
    """Where mail programs find what (RFC 6186, RFC 8314 section 5.1, RFC 5804 section 1.8)."""
    for offer in settings.offers:
        priority = 10 if offer.protocol in _STARTTLS else 0
        here = f"{priority} 1 {offer.port} {settings.hostname}."
        why = (
            _("mail programs find the server and its port by it")
            if offer.port
            else _("mail programs need not look for what is not offered")
        )
        yield DnsRecord(
            f"_{offer.protocol}._tcp.{domain}",
            "SRV",
            here if offer.port else _NOT_OFFERED,
            need=Need.RECOMMENDED,
            why=why,
        )
    if settings.offers:
        why = (
            _("Outlook finds its settings by it")
            if settings.has_client_pages
            else _("mail programs need not look for what is not offered")
        )
        value = f"0 1 443 autodiscover.{domain}." if settings.has_client_pages else _NOT_OFFERED
        yield DnsRecord(f"_autodiscover._tcp.{domain}", "SRV", value, need=Need.RECOMMENDED, why=why)


def web_host_records(settings: DnsSettings, domain: str) -> Iterator[DnsRecord]:
    """The hosts of web pages in this domain: where they are, and that no mail comes or goes there."""
    for name, why in _web_hosts(settings, domain):
        if name == settings.hostname or name in settings.domains:
            continue
        for address in settings.addresses:
            yield address_record(name, address, Need.RECOMMENDED, why)
        yield from issuer_records(settings, name)
        yield from _no_mail(settings, name)


def _web_hosts(settings: DnsSettings, domain: str) -> Iterator[tuple[str, str]]:
    if settings.mta_sts != "off":
        yield policy_host(domain), _("other servers fetch the policy (MTA-STS) there")
    if settings.has_client_pages:
        yield f"autoconfig.{domain}", _("Thunderbird fetches its settings there")
        yield f"autodiscover.{domain}", _("Outlook fetches its settings there")


def _no_mail(settings: DnsSettings, name: str) -> Iterator[DnsRecord]:
    """That a name neither takes mail (RFC 7505) nor sends any (RFC 7208 section 10.1.2, RFC 7489)."""
    why = _("nobody tries to bring mail to this name")
    yield DnsRecord(name, "MX", "0 .", need=Need.RECOMMENDED, why=why)
    why = _("no mail comes from this name: what says so is forged")
    yield DnsRecord(name, "TXT", "v=spf1 -all", need=Need.RECOMMENDED, why=why)
    if settings.dmarc != "reject":
        # What the domain itself publishes holds for this name too, and that would be more lenient.
        yield DnsRecord(f"_dmarc.{name}", "TXT", "v=DMARC1; p=reject", need=Need.RECOMMENDED, why=why)
