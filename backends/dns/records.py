"""The records that make the world find this server and believe its mail."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from backends.dns.clients import service_records, web_host_records
from backends.dns.issuers import issuer_records
from backends.dns.mta_sts import policy_id, policy_text
from backends.dns.pins import pins, tlsa
from backends.dns.record import TTL, DnsRecord, Need, address_record, block_text, txt_strings, zone_text
from backends.dns.settings import DnsSettings
from backends.errors import MailsteadError
from backends.language import _
from backends.rspamd.dkim_keys import public_part
from backends.rspamd.settings import dkim_key_path, selectors

__all__ = [
    "TTL",
    "DnsRecord",
    "Need",
    "block_text",
    "dkim_record",
    "domain_of",
    "records_for",
    "txt_strings",
    "zone_text",
]


def records_for(settings: DnsSettings) -> tuple[DnsRecord, ...]:
    """The records to publish, the host's first, then domain by domain.

    Raises MailsteadError when a DKIM key or a certificate is missing: before the set-up there is nothing true
    to publish.
    """
    host = list(_host_records(settings))
    domains = [record for domain in settings.domains for record in _domain_records(settings, domain)]
    return tuple(dict.fromkeys([*host, *domains]))


def domain_of(name: str, settings: DnsSettings) -> str:
    """The mail domain that a record's name lies in; the host's own name where that is in none of them."""
    homes = [each for each in settings.domains if name == each or name.endswith(f".{each}")]
    return max(homes, key=len, default=settings.hostname)


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
    return DnsRecord(
        f"{selector}._domainkey.{domain}",
        "TXT",
        f"v=DKIM1; k={kind}; p={public}",
        # Many receivers do not verify Ed25519 yet; what they find then is the RSA signature.
        need=Need.REQUIRED if kind == "rsa" else Need.RECOMMENDED,
        why=_("receivers verify this server's signatures by it"),
    )


def _dkim_records(settings: DnsSettings, domain: str) -> Iterator[DnsRecord]:
    """Of the keys that sign, then of those that will, or did until lately: mail by them is under way."""
    for selector in selectors(settings.dkim_pair):
        yield dkim_record(domain, selector, settings.dkim_directory)
    why = _("receivers verify signatures by it before and after a change of keys")
    for pair in settings.further_pairs:
        for selector in selectors(pair):
            record = dkim_record(domain, selector, settings.dkim_directory)
            yield replace(record, need=Need.RECOMMENDED, why=why)


def _host_records(settings: DnsSettings) -> Iterator[DnsRecord]:
    host = settings.hostname
    for address in settings.addresses:
        yield address_record(host, address, Need.REQUIRED, _("other servers find this one by it"))
    if host not in settings.domains:
        # Bounces have an empty sender: then SPF is asked for the name in HELO (RFC 7208 section 2.3).
        why = _("receivers believe bounces, which have no sender but this name")
        yield DnsRecord(host, "TXT", "v=spf1 a -all", need=Need.RECOMMENDED, why=why)
    for pin in pins(settings):
        why = _("other servers encrypt to this key and no other (DANE)")
        yield DnsRecord(f"_25._tcp.{host}", "TLSA", tlsa(pin), need=Need.DNSSEC, why=why)
    yield from issuer_records(settings, host, tells=settings.reports_to)


def _domain_records(settings: DnsSettings, domain: str) -> Iterator[DnsRecord]:
    why = _("mail for the domain comes to this server")
    yield DnsRecord(domain, "MX", f"10 {settings.hostname}.", why=why)
    why = _("receivers know which servers send the domain's mail")
    yield DnsRecord(domain, "TXT", _spf(settings), why=why)
    yield from _dkim_records(settings, domain)
    yield from _policies(settings, domain)
    yield from service_records(settings, domain)
    yield from web_host_records(settings, domain)


def _policies(settings: DnsSettings, domain: str) -> Iterator[DnsRecord]:
    """What others do with forged mail (RFC 7489) and bad TLS (RFC 8461, RFC 8460), and whom they tell."""
    reports_to = settings.reports_to or f"postmaster@{domain}"
    why = _("receivers know what to do with forged mail, and whom to tell")
    policy = f"v=DMARC1; p={settings.dmarc}; rua=mailto:{reports_to}"
    yield DnsRecord(f"_dmarc.{domain}", "TXT", policy, why=why)
    receiver = reports_to.rpartition("@")[2]
    if receiver != domain and receiver in settings.domains:
        # Reports to another domain need its consent (RFC 7489 section 7.1).
        name = f"{domain}._report._dmarc.{receiver}"
        why = _("it agrees to get the reports about the other domain")
        yield DnsRecord(name, "TXT", "v=DMARC1", need=Need.RECOMMENDED, why=why)
    why = _("other servers tell where encryption towards this one failed")
    value = f"v=TLSRPTv1; rua=mailto:{reports_to}"
    yield DnsRecord(f"_smtp._tls.{domain}", "TXT", value, need=Need.RECOMMENDED, why=why)
    if settings.mta_sts != "off":
        why = _("other servers know that there is a policy for encryption, and when it changes")
        value = f"v=STSv1; id={policy_id(policy_text(settings.hostname, settings.mta_sts))}"
        yield DnsRecord(f"_mta-sts.{domain}", "TXT", value, need=Need.RECOMMENDED, why=why)


def _spf(settings: DnsSettings) -> str:
    relay = settings.sends_through_relay
    if not relay:
        return "v=spf1 mx -all"
    # Only the relay knows all addresses that it sends from, so others merely look doubtful.
    try:
        return f"v=spf1 mx ip{ip_address(relay).version}:{relay} ~all"
    except ValueError:
        return f"v=spf1 mx a:{relay} ~all"
