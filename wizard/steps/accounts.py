"""The step that asks for mailboxes, aliases and the rules for passwords."""

from collections.abc import Iterator

from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps.missing_secrets import missing_secret
from wizard.steps.question import Choice, Kind, Question, Step, StepFinding


def step() -> Step:
    """Mailboxes, aliases, passwords."""
    return Step(
        name="accounts",
        title=_("Accounts"),
        why=_("Who has a mailbox here, and whose mail goes elsewhere."),
        help=_(
            "The admin's mailbox is enough to begin with: accounts can be added, changed and suspended at "
            "any time in the console. Mail to postmaster and abuse goes to the admin unless you list them "
            "here."
        ),
        sections=("accounts",),
        questions=(_mailboxes(), _aliases(), *_passwords()),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """More mailboxes than expected, and passwords that are nowhere."""
    return (*_more_than_expected(draft), *_missing_passwords(draft, surroundings))


def _mailboxes() -> Question:
    return Question(
        key="accounts.mailboxes",
        kind=Kind.ROWS,
        label=_("Mailboxes"),
        why=_("Each has an address, a password and a limit."),
        help=_(
            "One row for each mailbox. The address is the login too. Mail to anna+shop@example.org comes to "
            "anna@example.org by itself, so such addresses need no row."
        ),
        source=_("RFC 5321 section 4.1.2 (addresses); RFC 5233 (what stands behind a +)"),
        columns=(
            Question(
                key="address",
                kind=Kind.TEXT,
                label=_("Address"),
                why=_("It is the login as well, so choose one that stays."),
                help=_(
                    "Like anna@example.org, in one of the mail domains. Before the @ stand a-z, 0-9 and . _ "
                    "- ; capital letters mean the same as small ones."
                ),
                source=_("RFC 5321 sections 4.1.2 and 4.5.3.1.1"),
                suggest=_admin_if_not_listed,
            ),
            Question(
                key="password",
                kind=Kind.SECRET,
                label=_("Password"),
                why=_("Whoever guesses it reads the mail, and sends spam in its owner's name."),
                help=_(
                    "Let one be made: it is kept in a file that only root can "
                    "read. Or type one. It is used when the mailbox is made; later it is changed in the "
                    "console. The server itself keeps only a hash of it (Argon2id)."
                ),
                source=_("NIST SP 800-63B-4 section 3.1.1; RFC 9106 (Argon2id)"),
                choices=(Choice("generate", _("Make one"), _("99 random bits, easy to read out")),),
            ),
            Question(
                key="quota",
                kind=Kind.TEXT,
                label=_("Limit"),
                why=_("One full mailbox must not fill the disk for everyone."),
                help=_(
                    "A number with K, M, G or T, like 2G; 0 means no limit. Mail to a full mailbox is "
                    "refused, and its sender gets an error."
                ),
                source=_("RFC 9208 (IMAP QUOTA)"),
            ),
        ),
    )


def _aliases() -> Question:
    return Question(
        key="accounts.aliases",
        kind=Kind.ROWS,
        label=_("Aliases"),
        why=_("An address without a mailbox, like info@, whose mail goes to one or more others."),
        help=_(
            "One row for each alias. It may lead to mailboxes here and to addresses elsewhere. Mail that is "
            "sent on to other servers can fail their checks there, because it no longer comes from where it "
            "started; a mailbox here that is fetched from is safer."
        ),
        source=_("RFC 5321 section 3.9.1 (aliases); RFC 7208 appendix D (sending on)"),
        columns=(
            Question(
                key="address",
                kind=Kind.TEXT,
                label=_("Address"),
                why=_("The address that people write to."),
                help=_("Like info@example.org, in one of the mail domains, and no mailbox of its own."),
                source=_("RFC 5321 sections 3.9.1 and 4.1.2"),
            ),
            Question(
                key="to",
                kind=Kind.LINES,
                label=_("Goes to"),
                why=_("Each of these gets a copy."),
                help=_("Whole addresses, one in each line, here or elsewhere."),
                source=_("RFC 5321 section 3.9.1"),
            ),
        ),
    )


def _passwords() -> tuple[Question, ...]:
    return (
        Question(
            key="accounts.passwords.min_length",
            kind=Kind.WHOLE,
            label=_("Shortest password"),
            why=_("Length makes a password strong more than anything else."),
            help=_(
                "In characters, 8 or more. NIST's guideline of 2025 asks for 15 where the password is all "
                "that protects an account."
            ),
            source=_("NIST SP 800-63B-4 section 3.1.1.2"),
            is_expert=True,
        ),
        Question(
            key="accounts.passwords.min_score",
            kind=Kind.WHOLE,
            label=_("Least strength"),
            why=_("A long password may be easy to guess all the same, like qwertyuiop12."),
            help=_(
                "From 0 to 4, as zxcvbn counts: it knows words, names, dates and keyboard patterns, and "
                "estimates how many guesses are needed. 3 means 100 million or more."
            ),
            source=_("zxcvbn (Wheeler, USENIX Security 2016)"),
            is_expert=True,
        ),
        Question(
            key="accounts.passwords.max_age_days",
            kind=Kind.WHOLE,
            label=_("Change after days"),
            why=_("Forced changes make people choose weaker passwords; 0 forces none."),
            help=_(
                "How old a password may become, in days. NIST's guideline says not to force changes unless a "
                "password has become known; some companies' rules still ask for them."
            ),
            source=_("NIST SP 800-63B-4 section 3.1.1.2"),
            is_expert=True,
        ),
    )


def _admin_if_not_listed(draft: Draft, _surroundings: Surroundings) -> str | None:
    """The admin's address, as long as no row has it."""
    admin = draft.value("site.admin")
    taken = {str(row["address"]).lower() for row in draft.rows("accounts.mailboxes")}
    return admin if isinstance(admin, str) and admin.lower() not in taken else None


def _more_than_expected(draft: Draft) -> Iterator[StepFinding]:
    listed, expected = len(draft.rows("accounts.mailboxes")), draft.value("site.expected_mailboxes")
    if isinstance(expected, int) and listed > expected:
        yield StepFinding(
            id="more-mailboxes-than-expected",
            status=Status.WARN,
            seen=_("{listed} mailboxes are listed, and {expected} expected").format(
                listed=listed, expected=expected
            ),
            wanted=_("an expectation that the server can be sized for"),
            mend=_("set the mailboxes expected, in the step Site, to {listed} or more").format(listed=listed),
            is_acceptable=True,
        )


def _missing_passwords(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    for number, row in enumerate(draft.rows("accounts.mailboxes")):
        label = _("Password of {address}").format(address=row["address"] or number + 1)
        yield from missing_secret(draft, surroundings, f"accounts.mailboxes.{number}.password", label)
