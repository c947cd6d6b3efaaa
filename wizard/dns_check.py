"""What the world sees of the records that the answers ask for."""

import asyncio

from backends.dns.asking import Network
from backends.dns.check import CheckSettings, check_records
from backends.dns.judging import Judgement
from backends.dns.records import domain_of, records_for
from backends.machine.facts import MachineFacts
from wizard.answers import Answers
from wizard.dns_settings import dns_settings


def look(answers: Answers, machine: MachineFacts, only: str = "") -> tuple[Judgement, ...]:
    """How it stands with every record, asked now; or with `only` those in one domain.

    Raises MailsteadError when nothing is set up yet.
    """
    return asyncio.run(check_records(check_settings(answers, machine), Network(), only))


def check_settings(answers: Answers, machine: MachineFacts) -> CheckSettings:
    """What to look at."""
    source = answers.certificates.source
    return CheckSettings(
        records=dns_settings(answers, machine),
        block_lists=answers.antispam.block_lists,
        smtp_port=answers.protocols.smtp.port,
        ca_file=answers.certificates.acme.ca_file if source == "acme" else "",
        validates=answers.dns.dnssec,
    )


def domains_with_records(answers: Answers, machine: MachineFacts) -> tuple[str, ...]:
    """The domains that records are in: the mail domains, and the host's name where that is outside them."""
    settings = dns_settings(answers, machine)
    return tuple(dict.fromkeys(domain_of(record.name, settings) for record in records_for(settings)))
