"""Every DNS record with what the world sees of it, and what is to be published of them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.dns.asking import Network
from backends.dns.check import check_records
from backends.dns.judging import Judgement, Standing
from backends.dns.record import DnsRecord, Need
from backends.dns.records import domain_of, records_for
from backends.dns.rotation import Rotation
from backends.dns.rotation_file import load_rotation
from backends.machine.facts import gather_facts
from wizard.answers_in_force import answers_in_force
from wizard.dns_check import check_settings
from wizard.dns_publishing import Publication, prepare_publication, publisher_of
from wizard.dns_settings import dns_settings, is_automatic


@dataclass(frozen=True)
class DnsEntry:
    """A record, or something that hangs on records and has none of its own (`spf`, `policy`, PTR …).

    `place` counts those of the same name and type; `judgement` is None until it was looked at.
    """

    domain: str
    name: str
    type: str
    need: Need
    place: int = 0
    record: DnsRecord | None = None
    judgement: Judgement | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Names it for good."""
        return self.domain, self.name, self.type, self.place

    @property
    def standing(self) -> Standing | None:
        """How it stands; None while nobody has looked."""
        return self.judgement.standing if self.judgement else None

    @property
    def is_amiss(self) -> bool:
        """Whether mail depends on it and it is not right."""
        return self.judgement is not None and self.judgement.is_amiss


@dataclass(frozen=True)
class DnsList:
    """All of them, domain by domain; whether records can be published from here, and how the keys stand."""

    entries: tuple[DnsEntry, ...]
    is_automatic: bool
    rotation: Rotation


def records_now(environment: Mapping[str, str]) -> DnsList:
    """The records that should be there, not looked at yet; asks nobody.

    Raises MailsteadError when nothing is set up yet, or a key is missing.
    """
    answers = answers_in_force()
    settings = dns_settings(answers, gather_facts(environment.get("SSH_CONNECTION")))
    records = [(domain_of(one.name, settings), one) for one in records_for(settings)]
    return DnsList(paired(records, ()), is_automatic(answers), load_rotation())


def look_at_records(environment: Mapping[str, str]) -> DnsList:
    """The same, with what every name server and the resolver say now; takes seconds."""
    answers = answers_in_force()
    settings = check_settings(answers, gather_facts(environment.get("SSH_CONNECTION")))
    records = [(domain_of(one.name, settings.records), one) for one in records_for(settings.records)]
    judged = asyncio.run(check_records(settings, Network()))
    return DnsList(paired(records, judged), is_automatic(answers), load_rotation())


def paired(records: Sequence[tuple[str, DnsRecord]], judged: Sequence[Judgement]) -> tuple[DnsEntry, ...]:
    """Each record (with the domain it is in) beside what was found of it, then what has no record.

    Both list those of one name and type in the same order.
    """
    waiting: dict[tuple[str, str, str], list[Judgement]] = {}
    for one in judged:
        waiting.setdefault((one.domain, one.name, one.type), []).append(one)
    counts: dict[tuple[str, str, str], int] = {}
    entries: list[DnsEntry] = []

    def add(domain: str, name: str, kind: str, need: Need, record: DnsRecord | None) -> None:
        key = (domain, name, kind)
        place = counts.get(key, 0)
        counts[key] = place + 1
        found = waiting.get(key)
        entries.append(DnsEntry(domain, name, kind, need, place, record, found.pop(0) if found else None))

    for domain, record in records:
        add(domain, record.name, record.type, record.need, record)
    for one in judged:
        if waiting[one.domain, one.name, one.type]:
            add(one.domain, one.name, one.type, one.need, None)
    domains = list(dict.fromkeys(entry.domain for entry in entries))
    return tuple(sorted(entries, key=lambda entry: domains.index(entry.domain)))


def prepare(environment: Mapping[str, str], *, may_replace_mail: bool = False) -> Publication:
    """Ask the primary servers what is there, and see what publishing would change; touches nothing.

    Raises PublishedByHand, NotPublished, or MailsteadError without a secret.
    """
    answers = answers_in_force()
    publisher = publisher_of(answers, environment)
    machine = gather_facts(environment.get("SSH_CONNECTION"))
    return prepare_publication(answers, machine, publisher, may_replace_mail=may_replace_mail)
