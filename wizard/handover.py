"""What is left for a person when the server works: records to publish, passwords, mail programs."""

import os
from dataclasses import dataclass
from pathlib import Path

from backends.dns.addresses import name_the_public_ones, only_inside
from backends.dns.records import DnsRecord, records_for
from backends.machine.facts import MachineFacts, gather_facts
from wizard import secret_files
from wizard.answers import Answers
from wizard.answers_in_force import answers_in_force
from wizard.dns_settings import dns_settings

_OWN_CA = "/etc/mailstead/tls/ca/ca.pem"
_SECURITY = {"imaps": "TLS", "imap": "STARTTLS", "pop3s": "TLS", "pop3": "STARTTLS"}
_SUBMISSION = {"submissions": "TLS", "submission": "STARTTLS"}


@dataclass(frozen=True)
class Password:
    """Where the password of a mailbox is; what it is stands nowhere but there."""

    address: str
    path: Path


@dataclass(frozen=True)
class Access:
    """A way in for mail programs: `IMAP`, 993, `TLS`."""

    protocol: str
    port: int
    security: str


@dataclass(frozen=True)
class Pointer:
    """The name that the reverse DNS of an address should give (PTR)."""

    address: str
    hostname: str


@dataclass(frozen=True)
class Handover:
    """Everything that a person has to do, or to know, after the set-up."""

    hostname: str
    admin: str
    records: tuple[DnsRecord, ...]
    pointers: tuple[Pointer, ...]
    passwords: tuple[Password, ...]
    accesses: tuple[Access, ...]
    """To read mail, best first, then to send it."""
    own_ca: str
    """The certificate that devices have to trust first; empty where they do already."""
    no_address: str
    """Why no public address is among the records; empty where one is."""
    relay: str
    """The smarthost that mail leaves through; empty where it leaves by port 25."""


def look_what_is_left() -> Handover:
    """By the answers in force, on this machine; raises MailsteadError where nothing is set up."""
    return handover(answers_in_force(), gather_facts(os.environ.get("SSH_CONNECTION")))


def handover(answers: Answers, facts: MachineFacts) -> Handover:
    """What is left with these answers on this machine; raises MailsteadError when a DKIM key is missing."""
    host, settings = answers.site.hostname, dns_settings(answers, facts)
    return Handover(
        hostname=host,
        admin=answers.site.admin,
        records=records_for(settings),
        pointers=tuple(Pointer(str(address), host) for address in settings.addresses),
        passwords=tuple(
            Password(mailbox.address, secret_files.path_of(mailbox.password, mailbox.secret_name))
            for mailbox in answers.mailboxes
        ),
        accesses=_accesses(answers),
        own_ca=_OWN_CA if answers.certificates.source == "own-ca" else "",
        no_address="" if settings.addresses else f"{only_inside(settings.inside)}; {name_the_public_ones()}",
        relay=answers.protocols.relay.host,
    )


def _accesses(answers: Answers) -> tuple[Access, ...]:
    listeners = answers.protocols.listeners()
    ways = [(name, name.upper().removesuffix("S"), security) for name, security in _SECURITY.items()]
    ways += [(name, "SMTP", security) for name, security in _SUBMISSION.items()]
    return tuple(
        Access(protocol, listeners[name].port, security)
        for name, protocol, security in ways
        if listeners[name].enabled
    )
