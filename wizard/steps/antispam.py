"""The step that asks what is done against spam."""

from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps.question import Choice, Kind, Question, Step, StepFinding


def step() -> Step:
    """What the filter (Rspamd) does."""
    return Step(
        name="antispam",
        title=_("Spam"),
        why=_("Much of what knocks at a mail server is spam, and most of it never has to be seen."),
        help=_(
            "Each message gets points for what is suspicious about it. A few points change nothing, more put "
            "it into Junk, and many have it refused, so that an honest sender learns of it. What people move "
            "into and out of Junk teaches the filter."
        ),
        sections=("antispam",),
        questions=(
            _greylisting(),
            _bayes(),
            _antivirus(),
            _neural(),
            _reject_score(),
            _block_lists(),
            _blocked_senders(),
            _blocked_recipients(),
        ),
        findings=findings,
    )


def findings(draft: Draft, _surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """Block lists that will not answer."""
    if not draft.value("antispam.block_lists") or not draft.value("dns.forward_to"):
        return ()
    return (
        StepFinding(
            id="block-lists-through-resolver",
            status=Status.WARN,
            seen=_("names are looked up through your network's resolvers"),
            wanted=_("this server asking by itself; block lists refuse answers to resolvers that many share"),
            mend=_("let DNS (port 53) out of your network for this server, or do without block lists"),
            is_acceptable=True,
        ),
    )


def _greylisting() -> Question:
    return Question(
        key="antispam.greylisting",
        kind=Kind.SWITCH,
        label=_("Greylisting"),
        why=_("Most programs that send spam don't try a second time."),
        help=_(
            "A message that looks doubtful is put off for a few minutes; a real server tries again by "
            "itself. Messages that look fine are not delayed."
        ),
        source=_("RFC 6647; rspamd.com, Greylisting module"),
    )


def _bayes() -> Question:
    return Question(
        key="antispam.bayes",
        kind=Kind.SWITCH,
        label=_("Learn from people"),
        why=_("What is spam to one company is business to another; the filter learns the difference."),
        help=_(
            "Moving a message into Junk, or out of it, teaches the filter its words (Bayes). It begins to "
            "count after enough messages of both kinds."
        ),
        source=_("rspamd.com, Statistical settings; doc.dovecot.org, IMAPSieve"),
    )


def _antivirus() -> Question:
    return Question(
        key="antispam.antivirus",
        kind=Kind.SWITCH,
        label=_("Virus scanner (ClamAV)"),
        why=_("It finds known malware in attachments, and takes about 1.5 GB of memory."),
        help=_(
            "ClamAV keeps all its signatures in memory and loads new ones several times a day. Dangerous "
            "kinds of attachments raise the score without it as well. On a small machine the memory is "
            "better spent elsewhere."
        ),
        source=_("docs.clamav.net, Recommended System Requirements"),
    )


def _neural() -> Question:
    return Question(
        key="antispam.neural",
        kind=Kind.SWITCH,
        label=_("Learn combinations"),
        why=_("It finds signs that mean little alone and much together."),
        help=_(
            "A small neural network learns from the messages that the other rules were sure about. It needs "
            "about a thousand of each kind before it says anything, and costs little."
        ),
        source=_("rspamd.com, Neural network module"),
        is_expert=True,
    )


def _reject_score() -> Question:
    return Question(
        key="antispam.reject_score",
        kind=Kind.NUMBER,
        label=_("Refuse from this score on"),
        why=_("Refused mail is seen by nobody here; its sender gets an error."),
        help=_(
            "15 is what Rspamd comes with, and honest mail hardly reaches it. Lower it, and more spam is "
            "refused, along with some mail that was none. Mail that is only suspicious goes into Junk."
        ),
        source=_("rspamd.com, Actions and scores; RFC 5321 section 4.2 (replies)"),
        is_expert=True,
    )


def _block_lists() -> Question:
    return Question(
        key="antispam.block_lists",
        kind=Kind.LINES,
        label=_("DNS block lists"),
        why=_("They know which addresses are sending spam right now."),
        help=_(
            "Names of DNS lists that are asked about each server that connects. Each operator has terms: "
            "Spamhaus, for one, is free for small and non-commercial use, and wants larger servers to sign "
            "up."
        ),
        source=_("RFC 5782; spamhaus.org, DNSBL Usage"),
        is_expert=True,
        choices=(
            Choice("zen.spamhaus.org", _("Spamhaus ZEN")),
            Choice("bl.blocklist.de", _("blocklist.de")),
        ),
    )


def _blocked_senders() -> Question:
    return Question(
        key="antispam.blocked_senders",
        kind=Kind.LINES,
        label=_("Blocked senders"),
        why=_("Mail from them is refused, whatever else speaks for it."),
        help=_(
            "Regular expressions, one in each line, matched against the envelope sender. .*@spam\\.example$ "
            "blocks a whole domain. With mailstead block test you see whom one would have blocked."
        ),
        source=_("RFC 5321 section 4.1.1.2 (MAIL); rspamd.com, Multimap module"),
        is_expert=True,
    )


def _blocked_recipients() -> Question:
    return Question(
        key="antispam.blocked_recipients",
        kind=Kind.LINES,
        label=_("Blocked recipients"),
        why=_("For addresses that get nothing but spam."),
        help=_(
            "Regular expressions, one in each line, matched against the recipient. An address that was sold "
            "to spammers can be shut like this while the rest of the mailbox stays open."
        ),
        source=_("RFC 5321 section 4.1.1.3 (RCPT); rspamd.com, Multimap module"),
        is_expert=True,
    )
