"""Whether the DKIM keys on disk are the ones that the world sees."""

from collections.abc import Iterator
from functools import partial

import dns.exception
import dns.rcode
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from backends import mends
from backends.checks import Check, Finding, Mend, fail, ok, warn
from backends.dns.records import dkim_record
from backends.dns.settings import DnsSettings
from backends.language import _
from backends.rspamd.settings import selectors
from backends.unbound import answering

_PATIENCE = 2
"""Seconds for each key: with a silent DNS there are many to wait for."""


def dkim_checks(settings: DnsSettings) -> Iterator[Check]:
    """One for each key: `dkim.record-SELECTOR.DOMAIN`."""
    action = mends.publish() if settings.is_published_from_here else None
    for domain in settings.domains:
        for selector, does_sign in _selectors(settings):
            yield Check(
                f"dkim.record-{selector}.{domain}",
                _("The DKIM key {selector} of {domain} is published").format(
                    selector=selector, domain=domain
                ),
                partial(
                    _is_published, domain, selector, settings.dkim_directory, action, does_sign=does_sign
                ),
            )


def _selectors(settings: DnsSettings) -> Iterator[tuple[str, bool]]:
    """Every selector that is to be published, and whether its key signs now."""
    for pair in (settings.dkim_pair, *settings.further_pairs):
        for selector in selectors(pair):
            yield selector, pair == settings.dkim_pair


def public_key_in(text: str) -> str | None:
    """The p= tag of a DKIM record, without white space; None where there is none (RFC 6376 section 3.6.1)."""
    tags = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    found = {name.strip(): "".join(value.split()) for name, value in tags.items()}
    return found.get("p")


def _is_published(
    domain: str, selector: str, directory: str, action: Mend | None, *, does_sign: bool
) -> Finding:
    record = dkim_record(domain, selector, directory)
    publish = f"publish {record.name} TXT {record.presentation}"
    try:
        answer = answering.ask(f"{record.name}.", "TXT", timeout=_PATIENCE)
    except (dns.exception.DNSException, OSError):
        return warn(_("the resolver does not answer"), _("the key in the DNS"), publish)
    if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return warn(
            _("the resolver can't find out ({reason})").format(reason=dns.rcode.to_text(answer.rcode())),
            _("the key in the DNS"),
            publish,
        )
    texts = [
        b"".join(entry.strings).decode(errors="replace")
        for rrset in answer.answer
        if rrset.rdtype == dns.rdatatype.TXT
        for entry in rrset
        if isinstance(entry, TXT)
    ]
    published = {key for text in texts if (key := public_key_in(text)) is not None}
    if not published:
        return warn(_("it is not published yet"), _("the key in the DNS"), publish, action)
    if public_key_in(record.value) not in published:
        if not does_sign:
            return warn(_("another key is published"), _("the key on this server"), publish, action)
        return fail(
            _("another key is published: receivers refuse the signatures"),
            _("the key on this server"),
            publish,
            action,
        )
    if len(published) > 1:
        return warn(_("several keys are published under one name"), _("one key"), publish, action)
    return ok(_("{name} holds this server's key").format(name=record.name))
