"""The step that asks about logs, bans, alerts and the watch over files."""

from collections.abc import Iterator
from ipaddress import ip_network

from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps.missing_secrets import missing_secret
from wizard.steps.question import Kind, Question, Step, StepFinding


def step() -> Step:
    """What is written down, who is shut out, who is told."""
    return Step(
        name="logging",
        title=_("Logs and alerts"),
        why=_("What happened, who was shut out, and who is told when something is wrong."),
        help=_(
            "The logs answer where a message went. Whoever keeps guessing passwords is shut out for a while. "
            "When a check fails, the admin's mailbox is told; name another way as well, because a broken "
            "mail server can't tell by mail."
        ),
        sections=("logging",),
        questions=(_keep_days(), _alerts(), _ignore(), *_bans(), _remote(), _integrity()),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """Bans that never happen, and alerts whose address is nowhere."""
    return (*_nobody_is_banned(draft), *_missing_targets(draft, surroundings))


def _keep_days() -> Question:
    return Question(
        key="logging.keep_days",
        kind=Kind.WHOLE,
        label=_("Days to keep logs"),
        why=_("Long enough to answer questions, and no longer: logs say who wrote to whom."),
        help=_(
            "People ask about a lost message within days, break-ins are often found after weeks. The law of "
            "your country may set a limit either way."
        ),
        source=_("logrotate(8); RFC 6973 section 6.1 (data minimisation)"),
    )


def _alerts() -> Question:
    return Question(
        key="logging.alerts.to",
        kind=Kind.LINES,
        label=_("Alerts to"),
        why=_("A mail server that is down can't say so by mail."),
        help=_(
            "Where alerts go besides the admin's mailbox, one in each line: an address of Apprise, like "
            "ntfys://ntfy.example.org/mail for a phone. For one with a token in it, "
            "write secret:NAME here, and the address into a file of that name."
        ),
        source=_("Apprise, list of supported notifications"),
    )


def _ignore() -> Question:
    return Question(
        key="logging.bans.ignore",
        kind=Kind.LINES,
        label=_("Never ban"),
        why=_("So that a mistyped password in your office doesn't shut out everybody there."),
        help=_(
            "Networks that are never shut out, one in each line, like 192.0.2.0/24: your office, your "
            "monitoring. This machine itself, and whoever is connected by SSH while the firewall changes, "
            "are safe anyway."
        ),
        source=_("jail.conf(5), ignoreip"),
    )


def _bans() -> tuple[Question, ...]:
    return (
        Question(
            key="logging.bans.max_retry",
            kind=Kind.WHOLE,
            label=_("Failed logins until a ban"),
            why=_("Few enough to stop guessing, enough for somebody who mistypes."),
            help=_("So many failed logins from one address, within the time below, and it is shut out."),
            source=_("jail.conf(5), maxretry"),
            is_expert=True,
        ),
        Question(
            key="logging.bans.find_time",
            kind=Kind.TEXT,
            label=_("Counted within"),
            why=_("Failures that lie further apart are forgotten."),
            help=_(
                "A number with s, m, h, d or w, like 10m. Longer finds slow guessing, and more mistyping."
            ),
            source=_("jail.conf(5), findtime"),
            is_expert=True,
        ),
        Question(
            key="logging.bans.ban_time",
            kind=Kind.TEXT,
            label=_("A ban lasts"),
            why=_("Addresses change hands; whoever has it next did nothing."),
            help=_("A number with s, m, h, d or w, like 1h. A ban can be lifted in the console at any time."),
            source=_("jail.conf(5), bantime"),
            is_expert=True,
        ),
    )


def _remote() -> Question:
    return Question(
        key="logging.remote",
        kind=Kind.TEXT,
        label=_("Log server"),
        why=_("Whoever breaks in can change the logs here, and not those that are elsewhere."),
        help=_(
            "A server that gets a copy of all logs over TLS, like tls://log.example.org:6514. Empty: none."
        ),
        source=_("RFC 5425 (syslog over TLS)"),
        is_expert=True,
    )


def _integrity() -> Question:
    return Question(
        key="logging.integrity.enabled",
        kind=Kind.SWITCH,
        label=_("Watch over system files"),
        why=_("A changed program is often the first trace of a break-in."),
        help=_(
            "The system's programs and settings are compared regularly with what they were (AIDE), and the "
            "admin is told what changed."
        ),
        source=_("aide(1)"),
        is_expert=True,
    )


def _nobody_is_banned(draft: Draft) -> Iterator[StepFinding]:
    ignored = draft.value("logging.bans.ignore")
    everyone = [text for text in ignored if _is_everyone(text)] if isinstance(ignored, list) else []
    if everyone:
        yield StepFinding(
            id="nobody-is-banned",
            status=Status.WARN,
            seen=_("{network} is never banned, and that is everyone").format(network=everyone[0]),
            wanted=_("only networks that you trust"),
            mend=_("take it out of the networks that are never banned"),
            is_acceptable=True,
        )


def _is_everyone(text: object) -> bool:
    try:
        return ip_network(str(text)).prefixlen == 0
    except ValueError:
        return False


def _missing_targets(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    targets = draft.value("logging.alerts.to")
    for number in range(len(targets) if isinstance(targets, list) else 0):
        yield from missing_secret(draft, surroundings, f"logging.alerts.to.{number}", _("Alerts to"))
