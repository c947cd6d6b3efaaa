"""Reports from the mailbox that they are sent to into the store."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from backends.language import _
from backends.reports.letter import HEAD, Letter, may_bring_report, open_letter, read_report
from backends.reports.maildir import read_beginning, stored_mail
from backends.reports.report import DmarcReport, Report, ReportRefused
from backends.reports.store import KEEP, Origin, Refusal, Store
from backends.text import clean

LARGEST_MAIL = 10 << 20
"""Bytes of a whole mail with a report."""
MOST_LOOKS, MOST_LETTERS = 20_000, 500
"""Mails looked at, and of these read whole, in one collection; the next one goes on."""
_AHEAD = timedelta(days=2)
"""How far a reporter's clock may be ahead."""
_AT_ONCE = 500
"""Mails that were no reports and are remembered in one go."""


@dataclass(frozen=True)
class Inbox:
    """Where reports arrive, and whose they are."""

    maildir: Path
    hostname: str
    domains: tuple[str, ...]


@dataclass(frozen=True)
class Collected:
    """How a collection went: mails looked at, reports that were new, reports known before, mails refused."""

    looked_at: int = 0
    new: int = 0
    known: int = 0
    refused: int = 0


def collect(inbox: Inbox, store: Store, now: datetime) -> Collected:
    """Look through all mail that is new since last time, and keep what reports say of our domains.

    Whatever a mail is, the next one is looked at. Raises MailsteadError where mailbox or store can't be used.
    """
    known = store.looked_at()
    here: set[str] = set()
    done, letters, is_whole = Collected(), 0, True
    for mail in stored_mail(inbox.maildir):
        here.add(mail.name)
        if mail.name in known:
            continue
        if done.looked_at >= MOST_LOOKS or letters >= MOST_LETTERS:
            is_whole = False
            break
        try:
            head = read_beginning(mail.path, HEAD)
        except OSError:
            continue  # moved or deleted meanwhile
        known.add(mail.name)
        store.add_looked_at(mail.name)
        done = replace(done, looked_at=done.looked_at + 1)
        if may_bring_report(head):
            letters += 1
            store.commit()  # one that ends the program, for whatever reason, does so only once
            done = _take(mail.path, inbox, store, now, done)
            store.commit()
        elif done.looked_at % _AT_ONCE == 0:
            store.commit()
    if is_whole:
        store.forget(known - here)
    store.tidy(now)
    return done


def _take(path: Path, inbox: Inbox, store: Store, now: datetime, done: Collected) -> Collected:
    """Keep the reports of one mail, or why there are none."""
    sender = ""
    try:
        content = read_beginning(path, LARGEST_MAIL + 1)
        if len(content) > LARGEST_MAIL:
            raise ReportRefused(_("the mail is larger than {size} MiB").format(size=LARGEST_MAIL >> 20))
        letter = open_letter(content, inbox.hostname)
        sender = letter.sender
        new, known = _keep(letter, inbox, store, now)
        return replace(done, new=done.new + new, known=done.known + known)
    except ReportRefused as problem:
        why = problem.message
    except Exception as problem:  # noqa: BLE001  whatever a stranger's mail sets off, the next one is read
        why = _("it can't be read: {seen}").format(seen=type(problem).__name__)
    store.add_refusal(Refusal(now, sender, clean(why, 200)))
    return replace(done, refused=done.refused + 1)


def _keep(letter: Letter, inbox: Inbox, store: Store, now: datetime) -> tuple[int, int]:
    """All reports are read before the first is kept: how many were new, and how many known.

    A mail with nothing attached only speaks of reports, as an answer to one does.
    """
    ours = [_ours(read_report(attachment), inbox) for attachment in letter.attachments]
    for report in ours:
        if not now - KEEP <= report.heading.end <= now + _AHEAD:
            raise ReportRefused(
                _("it is about {when:%Y-%m-%d}, which is not lately").format(when=report.heading.end)
            )
    origin = Origin(letter.sender, letter.is_proven)
    new = [store.add(report, origin, inbox.domains) for report in ours]
    return sum(new), new.count(0)


def _ours(report: Report, inbox: Inbox) -> Report:
    """The report; raises ReportRefused where it is about nothing but others' domains.

    DANE's domain is the name of the MX host (RFC 8460 section 1.1, "Policy Domain"), which stands for the
    mail domain that it lies in.
    """
    if isinstance(report, DmarcReport):
        about = {report.domain}
    else:
        policies = (replace(one, domain=_mail_domain(one.domain, inbox)) for one in report.policies)
        report = replace(report, policies=tuple(policies))
        about = {policy.domain for policy in report.policies}
    if not about & set(inbox.domains):
        named = ", ".join(sorted(about)[:3]) or _("no domain")
        raise ReportRefused(_("it is about {domain}, not about a domain of this server").format(domain=named))
    return report


def _mail_domain(name: str, inbox: Inbox) -> str:
    if name != inbox.hostname or name in inbox.domains:
        return name
    homes = [domain for domain in inbox.domains if name.endswith(f".{domain}")]
    return max(homes, key=len, default=inbox.domains[0])
