"""The questions about DNS; they belong to the step Certificates and DNS."""

from backends.language import _
from wizard.draft import Draft
from wizard.steps.question import Choice, Kind, Question


def dns_questions() -> tuple[Question, ...]:
    """How records are published, what they ask of others, and how this server looks names up."""
    return (_publish(), *_rfc2136(), _credentials(), *_policy(), *_lookups())


def _publish() -> Question:
    return Question(
        key="dns.publish",
        kind=Kind.TEXT,
        label=_("DNS records"),
        why=_("Without its records nobody finds this server, and its mail is taken for forged."),
        help=_(
            "The records are the same whoever publishes them: MX, SPF, DKIM, DMARC and a few more. By hand, "
            "you copy them into your DNS provider's panel. With DNS UPDATE, Mailstead writes them into a "
            "name server that takes signed updates. Or name your provider as lexicon does, like cloudflare, "
            "gandi or powerdns: with the credentials below, Mailstead writes the records there. It shows "
            "the difference first, and touches only its own."
        ),
        source=_("RFC 5321 section 5.1 (MX); RFC 7208 (SPF); RFC 6376 (DKIM); RFC 9989 (DMARC)"),
        choices=(
            Choice("by-hand", _("I copy them myself"), _("works with every provider")),
            Choice("rfc2136", _("By DNS UPDATE"), _("your own name server: BIND, Knot, PowerDNS")),
        ),
    )


def _rfc2136() -> tuple[Question, ...]:
    return (
        Question(
            key="dns.rfc2136.server",
            kind=Kind.TEXT,
            label=_("Name server for updates"),
            why=_("Updates go to the server that holds the zone, not to just any of its name servers."),
            help=_(
                "Name or address of the primary name server of your domains. It has to take updates that are "
                "signed with the key below, for these zones."
            ),
            source=_("RFC 2136"),
            is_asked=_by_update,
        ),
        Question(
            key="dns.rfc2136.key_name",
            kind=Kind.TEXT,
            label=_("Name of the TSIG key"),
            why=_("The name server knows by this name which key an update is signed with."),
            help=_(
                "The same name as in the name server's configuration, like mail-update. With BIND, "
                "tsig-keygen(8) makes a key of that name, and the zone's update-policy names it."
            ),
            source=_("RFC 8945 section 4.2"),
            is_asked=_by_update,
        ),
        Question(
            key="dns.rfc2136.key_secret",
            kind=Kind.SECRET,
            label=_("TSIG key"),
            why=_("Whoever has this key can change your domains' records."),
            help=_(
                "The secret of the key in Base64, as tsig-keygen(8) prints it. It is kept in a file that "
                "only root can read; the answers hold only the name of that file."
            ),
            source=_("RFC 8945; tsig-keygen(8)"),
            is_asked=_by_update,
        ),
    )


def _credentials() -> Question:
    return Question(
        key="dns.credentials",
        kind=Kind.ROWS,
        label=_("Credentials at the provider"),
        why=_("Whoever has them can change your domains' records."),
        help=_(
            "One row for each thing that the provider wants to know. What these are called stands on "
            "lexicon's page on the provider, without the name of the provider: auth_token for cloudflare, "
            "pdns_server and auth_token for powerdns. Take a token that may change these zones and nothing "
            "else. Without any row, the records are copied by hand."
        ),
        source=_("dns-lexicon.readthedocs.io, Configuration reference"),
        is_asked=by_provider,
        columns=(
            Question(
                key="name",
                kind=Kind.TEXT,
                label=_("Name"),
                why=_("The provider's part of lexicon asks for it by this name."),
                help=_(
                    "Like auth_token, auth_username or auth_key, as lexicon's page on the provider has it."
                ),
                source=_("dns-lexicon.readthedocs.io, Providers options"),
                choices=(
                    Choice("auth_token", _("A token"), _("most providers")),
                    Choice("auth_username", _("A user name"), _("where the provider wants one besides")),
                ),
            ),
            Question(
                key="secret",
                kind=Kind.SECRET,
                label=_("What it is"),
                why=_("It is handed to the provider alone."),
                help=_(
                    "Type it. It is kept in a file that only root can read; the answers hold only the name "
                    "of that file."
                ),
                source=_("dns-lexicon.readthedocs.io, Providers options"),
            ),
        ),
    )


def _policy() -> tuple[Question, ...]:
    return (
        Question(
            key="dns.policy.dmarc",
            kind=Kind.CHOICE,
            label=_("Forged mail in your name"),
            why=_("It tells other servers what to do with mail that only pretends to be from you."),
            help=_(
                "This is the DMARC policy. Everything that this server sends is signed, so it passes. If "
                "another service sends in your name as well (a newsletter, a shop), begin with none, read "
                "the reports, and go on when all of them pass."
            ),
            source=_("RFC 9989 section 4.7 (policy); RFC 7960 (mailing lists)"),
            choices=(
                Choice("none", _("Only report it"), _("while other services still send in your name")),
                Choice("quarantine", _("Put it into Junk"), _("a good beginning")),
                Choice("reject", _("Refuse it"), _("when the reports show that all your mail passes")),
            ),
        ),
        Question(
            key="dns.policy.mta_sts",
            kind=Kind.CHOICE,
            label=_("MTA-STS"),
            why=_("It keeps others from being talked into sending your mail unencrypted."),
            help=_(
                "Sending servers usually encrypt if they can, and somebody in between can make them believe "
                "that they can't. With MTA-STS they fetch your policy over HTTPS and keep to it. When it is "
                "enforced, they deliver only to a server whose certificate they trust; while testing, they "
                "only report."
            ),
            source=_("RFC 8461 section 5 (testing, enforce)"),
            is_expert=True,
            choices=(
                Choice("off", _("Off")),
                Choice("testing", _("Testing"), _("failures are reported, mail still comes")),
                Choice(
                    "enforce", _("Enforced"), _("when reports show no failures; not with an own authority")
                ),
            ),
        ),
        Question(
            key="dns.policy.dane",
            kind=Kind.SWITCH,
            label=_("DANE"),
            why=_("Others can check this server's certificate by the DNS alone, its own authority included."),
            help=_(
                "TLSA records hold the fingerprint of the key that this server shows. They count only where "
                "the zone is signed with DNSSEC; elsewhere they do nothing. Whenever the key changes, they "
                "have to change before it does."
            ),
            source=_("RFC 7672"),
            is_expert=True,
        ),
    )


def _lookups() -> tuple[Question, ...]:
    return (
        Question(
            key="dns.forward_to",
            kind=Kind.LINES,
            label=_("Resolvers to ask"),
            why=_("Block lists answer this server only if it asks by itself."),
            help=_(
                "This server has a resolver of its own, which asks the DNS from the root on. Leave this "
                "empty unless your network lets only its own resolvers through; then give their addresses, "
                "one in each line. Behind a resolver that many share, most block lists refuse to answer."
            ),
            source=_("unbound.conf(5), forward-zone; spamhaus.org, DNSBL Usage"),
            is_expert=True,
            suggest=lambda _draft, surroundings: [str(address) for address in surroundings.forward_to],
        ),
        Question(
            key="dns.dnssec",
            kind=Kind.SWITCH,
            label=_("Check signatures (DNSSEC)"),
            why=_("Forged DNS answers are found out; DANE towards other servers needs it."),
            help=_(
                "Leave it on. It has to be off only where the resolvers above drop the signatures, because "
                "then every lookup in a signed zone would fail."
            ),
            source=_("RFC 4033; RFC 4035"),
            is_expert=True,
            suggest=lambda _draft, surroundings: surroundings.dnssec,
        ),
    )


def by_provider(draft: Draft) -> bool:
    """Whether the draft names a DNS provider that records are published at."""
    publish = draft.value("dns.publish")
    return isinstance(publish, str) and publish not in {"", "by-hand", "rfc2136"}


def _by_update(draft: Draft) -> bool:
    return bool(draft.value("dns.publish") == "rfc2136")
