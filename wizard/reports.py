"""Reports about the domains of the answers in force: collecting them, and what they add up to."""

from datetime import UTC, datetime, timedelta

from backends.accounts.domains import list_domains
from backends.accounts.mailboxes import mail_directory
from backends.machine.facts import gather_facts
from backends.reports.collecting import Collected, Inbox, collect
from backends.reports.judging import Picture, picture
from backends.reports.store import Store, open_store
from wizard.answers import Answers
from wizard.answers_in_force import answers_in_force


def collect_reports() -> Collected:
    """Look through the mailbox that reports are sent to, the admin's. Raises MailsteadError."""
    answers = answers_in_force()
    maildir = mail_directory(answers.site.admin) / "Maildir"
    inbox = Inbox(maildir, answers.site.hostname, reported_domains(answers))
    with open_store() as store:
        return collect(inbox, store, datetime.now(UTC))


def reported_domains(answers: Answers) -> tuple[str, ...]:
    """The domains of the answers, and those added since."""
    added = (domain.name for domain in list_domains())
    return tuple(dict.fromkeys((*answers.site.domains, *added)))


def own_addresses(answers: Answers) -> frozenset[str]:
    """This server's addresses, also those that a router before it has, as reports write them."""
    return frozenset(map(str, (*gather_facts().addresses, *answers.site.public_addresses)))


def pictures(store: Store, domains: tuple[str, ...], own: frozenset[str], days: int) -> tuple[Picture, ...]:
    """What the reports of the last `days` say, domain by domain."""
    since = datetime.now(UTC) - timedelta(days=days)
    return tuple(
        picture(domain, store.dmarc(domain, since), store.tls(domain, since), own) for domain in domains
    )
