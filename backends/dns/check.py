"""What the world sees of this server's records, asked all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from backends.certificates.served import NotServedError
from backends.dns import block_lists, policy_check, served_pins
from backends.dns.addresses import name_the_public_ones, only_inside
from backends.dns.asking import Asker
from backends.dns.judging import Context, Judgement, Question, Standing, judge
from backends.dns.looking import Look, Said, is_only_the_resolver_heard
from backends.dns.mta_sts import policy_host
from backends.dns.policy_check import Fetched
from backends.dns.record import DnsRecord, Need
from backends.dns.records import domain_of, records_for
from backends.dns.report_consent import consents
from backends.dns.reverse import reverse
from backends.dns.settings import DnsSettings
from backends.dns.spf_check import SpfCheck, senders
from backends.language import _

Everyone = dict[tuple[str, str], tuple[Said, ...]]
"""By name and type, what each server said."""


@dataclass(frozen=True)
class CheckSettings:
    """What is looked at besides the records, and how."""

    records: DnsSettings
    block_lists: tuple[str, ...] = ()
    smtp_port: int = 25
    ca_file: str = ""
    """What the policy's certificate may lead to besides what this machine trusts."""
    validates: bool = True
    """Whether this machine's resolver checks DNSSEC."""


@dataclass(frozen=True)
class Probes:
    """What is tried besides questions to the DNS. `served` may block for some seconds."""

    fetch: Callable[[str, Sequence[str], str], Awaitable[Fetched]] = policy_check.fetch
    served: Callable[[str, int], tuple[str, ...]] = served_pins.served_pins


async def check_records(
    settings: CheckSettings, asker: Asker, only: str = "", probes: Probes | None = None
) -> tuple[Judgement, ...]:
    """How it stands with every record and what hangs on it, domain by domain; or with `only` one domain.

    Raises MailsteadError when a DKIM key or a certificate is missing on this machine.
    """
    look = Look(asker)
    homes: dict[str, list[DnsRecord]] = {}
    for record in records_for(settings.records):
        homes.setdefault(domain_of(record.name, settings.records), []).append(record)
    chosen = {domain: records for domain, records in homes.items() if only in {"", domain}}
    tried = probes or Probes()
    found = await asyncio.gather(
        *(_domain(look, settings, tried, domain, records) for domain, records in chosen.items())
    )
    judged = tuple(one for each in found for one in each)
    return (_way_out(next(iter(chosen))), *judged) if look.was_shut_out else judged


def _way_out(domain: str) -> Judgement:
    """Said once, instead of with each record: the network lets nobody ask a name server."""
    return Question(domain, "53", "way out", Need.RECOMMENDED).judged(
        Standing.UNASKED,
        _("this network blocks questions to other name servers (port 53): only the resolver's view is known"),
        _("answers of the name servers that hold the records"),
        _("let this machine ask port 53 of any address, UDP and TCP; or look from another network as well"),
    )


async def _domain(
    look: Look, settings: CheckSettings, probes: Probes, domain: str, records: Sequence[DnsRecord]
) -> list[Judgement]:
    own = settings.records
    of_records, of_host, of_policy = await asyncio.gather(
        _of_records(look, own, domain, records),
        _of_host(look, settings, probes, domain),
        _of_policy(look, settings, probes, domain),
    )
    return [*of_records, *of_policy, *of_host]


async def _of_records(
    look: Look, settings: DnsSettings, domain: str, records: Sequence[DnsRecord]
) -> list[Judgement]:
    """Each record, then what a receiver makes of SPF, then whether reports may go where they are to go."""
    keys = list(dict.fromkeys((record.name, record.type) for record in records))
    answers = await asyncio.gather(*(look.everyone(name, kind, domain) for name, kind in keys))
    said: Everyone = dict(zip(keys, answers, strict=True))
    is_mail_domain = domain in settings.domains
    spf = SpfCheck(look, domain, await senders(look, settings) if is_mail_domain else ())
    passing = await spf.passing(said.get((domain, "TXT"), ())) if is_mail_domain else frozenset()
    is_shut_out = any(map(is_only_the_resolver_heard, answers)) and await look.is_shut_out()
    judged = [
        judge(
            record,
            said[record.name, record.type],
            Context(
                domain=domain,
                host=settings.hostname,
                siblings=tuple(one for one in records if (one.name, one.type) == (record.name, record.type)),
                passing_spf=passing if record.name == domain else frozenset(),
                is_shut_out=is_shut_out,
            ),
        )
        for record in records
    ]
    if not is_mail_domain:
        return judged
    reports = await consents(look, domain, said.get((f"_dmarc.{domain}", "TXT"), ()), settings.domains)
    return [*judged, await spf.judged(), *reports]


async def _of_host(look: Look, settings: CheckSettings, probes: Probes, domain: str) -> list[Judgement]:
    """Names of addresses, block lists and served keys, beside the records of the host itself."""
    own = settings.records
    if domain_of(own.hostname, own) != domain:
        return []
    if not own.addresses:
        seen, wanted = only_inside(own.inside), _("an address that the internet reaches")
        question = Question(domain, own.hostname, "A")
        unknown = question.judged(Standing.UNASKED, seen, wanted, name_the_public_ones())
        return [unknown, *(await _of_port(look, settings, probes, domain) if own.pinned else [])]
    # Where a relay sends, nobody else looks at this machine's addresses.
    need = Need.RECOMMENDED if own.sends_through_relay else Need.REQUIRED
    judged = await asyncio.gather(
        *(reverse(look, domain, own.hostname, address, need) for address in own.addresses),
        *(
            block_lists.listing(look, domain, address, block_list, need)
            for block_list in settings.block_lists
            for address in own.addresses
        ),
    )
    return [*judged, *(await _of_port(look, settings, probes, domain) if own.pinned else [])]


async def _of_port(look: Look, settings: CheckSettings, probes: Probes, domain: str) -> list[Judgement]:
    host, port = settings.records.hostname, settings.smtp_port
    named = await look.resolve(f"_25._tcp.{host}", "TLSA")
    signed = served_pins.judge_signed(domain, host, named, validates=settings.validates)
    try:
        pins = await asyncio.to_thread(probes.served, host, port)
    except NotServedError as silence:
        seen = f"{silence.message}: {silence.seen}".removesuffix(": ")
        return [Question(domain, f"{host}:{port}", "served", Need.DNSSEC).unasked(seen), signed]
    return [served_pins.judge_served(domain, host, pins, named, port), signed]


async def _of_policy(look: Look, settings: CheckSettings, probes: Probes, domain: str) -> list[Judgement]:
    own = settings.records
    if own.mta_sts == "off" or domain not in own.domains:
        return []
    host = policy_host(domain)
    where = await asyncio.gather(look.resolve(host, "A"), look.resolve(host, "AAAA"))
    problems = [answer.problem for answer in where if answer.problem]
    addresses = [address for answer in where for address in answer.values]
    if addresses:
        fetched = await probes.fetch(host, addresses, settings.ca_file)
    else:
        problem = problems[0] if problems else _("{host} has no address").format(host=host)
        fetched = Fetched(problem=problem, is_silent=bool(problems))
    return [policy_check.judge_policy(domain, own.hostname, own.mta_sts, fetched)]
