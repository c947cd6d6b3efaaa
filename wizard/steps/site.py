"""The step that asks which server this is, and for whom."""

from collections.abc import Iterator

from backends.checks import Status
from backends.dns.addresses import only_inside, publishable
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard import text_checks
from wizard.draft import Draft
from wizard.quickstart import names_for
from wizard.steps.question import Choice, Kind, Question, Step, StepFinding

_PRIVATE_ENDINGS = (
    ".internal",
    ".local",
    ".localdomain",
    ".lan",
    ".home.arpa",
    ".test",
    ".example",
    ".invalid",
)
"""Names that the public DNS will never have (RFC 6761, RFC 6762, RFC 8375, ICANN 2024), and two that routers
like to give.
"""


def step() -> Step:
    """Names, domains, the admin, and how many people there will be."""
    return Step(
        name="site",
        title=_("Site"),
        why=_("The names by which other servers and people know this server."),
        help=_(
            "Everything else is built on these names: the certificate carries the host name, the DNS records "
            "point to it, and mail addresses end in one of the domains. Host name and domain can be changed "
            "later, but then every DNS record and every mail program has to follow."
        ),
        sections=("site",),
        questions=(
            _hostname(),
            _domains(),
            _admin(),
            _expected_mailboxes(),
            _language(),
            _public_addresses(),
        ),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """Whether the rest of the world can know this name, and reach this machine."""
    return (*_private_name(draft), *_private_addresses(draft, surroundings))


def _private_name(draft: Draft) -> Iterator[StepFinding]:
    hostname = draft.value("site.hostname")
    if isinstance(hostname, str) and hostname.lower().endswith(_PRIVATE_ENDINGS):
        yield StepFinding(
            id="private-name",
            status=Status.WARN,
            seen=_("{hostname} is a name for private networks").format(hostname=hostname),
            wanted=_("a name in the public DNS, if mail should come from the internet"),
            mend=_("register a domain, and give this server a name in it, like mail.example.org"),
            is_acceptable=True,
        )


def _private_addresses(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    """Own addresses that can't be published, without a public one; or a public one that was left out."""
    own = surroundings.addresses
    given = draft.value("site.public_addresses")
    if not given and own and not publishable(own):
        yield StepFinding(
            id="private-addresses",
            status=Status.WARN,
            seen=only_inside(own),
            wanted=_("the address that mail comes in at from the internet, as the DNS records need it"),
            mend=_("give the router's public address below, and lead port 25 and the others from it here"),
            is_acceptable=True,
        )
    elif isinstance(given, list) and given:
        families = {6 if ":" in str(each) else 4 for each in given}
        left_out = [address for address in publishable(own) if address.version not in families]
        if left_out:
            yield StepFinding(
                id="public-address-left-out",
                status=Status.WARN,
                seen=_(
                    "this machine sends from {addresses} too, which is not among the public addresses"
                ).format(addresses=", ".join(map(str, left_out))),
                wanted=_(
                    "every address that mail comes from: others refuse it from any that SPF does not name"
                ),
                mend=_("add it to the public addresses, or take it off this machine"),
                is_acceptable=True,
            )


def _hostname() -> Question:
    return Question(
        key="site.hostname",
        kind=Kind.TEXT,
        label=_("Host name"),
        why=_("The server introduces itself with it, and other servers check that it is true."),
        help=_(
            "The full name of this server, like mail.example.org. The MX record of each mail domain points "
            "to it. Three things should agree: this name, the address that DNS gives for it, and the name "
            "that the reverse DNS (PTR) gives for that address. Many servers refuse mail where they don't. "
            "The PTR record is set at whoever rents out the address, usually in the hosting provider's "
            "panel."
        ),
        source=_("RFC 5321 section 4.1.1.1 (EHLO); RFC 1912 section 2.1 (PTR)"),
        suggest=lambda _draft, surroundings: names_for(surroundings.hostname)[0],
    )


def _domains() -> Question:
    return Question(
        key="site.domains",
        kind=Kind.LINES,
        label=_("Mail domains"),
        why=_("Mail for addresses in these domains lives here; all other mail is refused."),
        help=_(
            "What stands behind the @ of the addresses, like example.org, one in each line. The first is the "
            "main one. You need to be able to change the DNS of each: other servers find this one by the "
            "domain's MX record. Names in other scripts are written in their ASCII form (xn--...)."
        ),
        source=_("RFC 5321 section 5.1 (how a domain's server is found)"),
        suggest=_domains_of_host,
    )


def _admin() -> Question:
    return Question(
        key="site.admin",
        kind=Kind.TEXT,
        label=_("Admin's address"),
        why=_("Reports and alerts go here, and mail to postmaster and abuse."),
        help=_(
            "An address in one of the mail domains. Its mailbox is made, with a password of its own. Every "
            "mail server has to take mail for postmaster, and people report spam to abuse; both come here "
            "unless you list them among the accounts."
        ),
        source=_("RFC 5321 section 4.5.1 (postmaster); RFC 2142 (abuse and others)"),
        suggest=_admin_of_domain,
    )


def _expected_mailboxes() -> Question:
    return Question(
        key="site.expected_mailboxes",
        kind=Kind.WHOLE,
        label=_("Mailboxes expected"),
        why=_("The server is sized for so many, and the machine is measured against it."),
        help=_(
            "How many mailboxes there will be in a year or two, roughly. It is no limit: more can be added "
            "at any time. The next step compares memory, processors and disk with what so many people need."
        ),
        source=_("the arithmetic is shown in the step Hardware"),
    )


def _language() -> Question:
    return Question(
        key="site.language",
        kind=Kind.CHOICE,
        label=_("Language"),
        why=_("Reports and alerts are written in it."),
        help=_(
            "The language of what the server sends to the admin. The screens follow the language of your own "
            "terminal instead, so that two admins can each read theirs."
        ),
        source=_("gettext(3), variable LANGUAGE"),
        choices=(
            Choice("en", _("English")),
            Choice("ja", _("Japanese")),
        ),
    )


def _public_addresses() -> Question:
    return Question(
        key="site.public_addresses",
        kind=Kind.LINES,
        label=_("Public addresses"),
        why=_("Needed only behind a router: the DNS must name the address that others see."),
        help=_(
            "Leave this empty where the machine itself has a public address, as rented servers do. In a home "
            "or an office the machine has an address like 192.168.1.5, and the internet sees the router's "
            "instead: give that one, and in a line of its own the IPv6 address, if mail goes by IPv6 too. "
            "It has to stay the same, and the router has to lead the mail ports from it to this machine. "
            "What stands here is all that the DNS records, SPF and the reverse DNS are made of."
        ),
        source=_("RFC 1918 (private addresses); RFC 7208 section 5 (SPF)"),
    )


def _domains_of_host(draft: Draft, _surroundings: Surroundings) -> list[str] | None:
    """The host's name without its first label, where three or more are there."""
    try:
        hostname = text_checks.host_name(str(draft.value("site.hostname") or ""))
    except ValueError:
        return None
    return [names_for(hostname)[1]]


def _admin_of_domain(draft: Draft, _surroundings: Surroundings) -> str | None:
    """The user admin in the first domain."""
    domains = draft.value("site.domains")
    first = domains[0] if isinstance(domains, list) and domains else ""
    try:
        return text_checks.mailbox_address(f"admin@{first}")
    except ValueError:
        return None
