"""The step that asks where certificates come from, and what the DNS says about this server."""

from collections.abc import Iterator

from backends.certificates.found import FoundCertificate
from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps.dns_questions import by_provider, dns_questions
from wizard.steps.missing_secrets import missing_secret
from wizard.steps.question import Choice, Kind, Question, Step, StepFinding

_SOON = 14
"""Days. Whoever renews has done so by then: certbot does it 30 days before the end."""


def step() -> Step:
    """TLS certificates first, then DNS: both say to others that this server is who it says."""
    return Step(
        name="certificates",
        title=_("Certificates and DNS"),
        why=_("With them, others can tell this server from one that only pretends to be it."),
        help=_(
            "A certificate lets mail programs check that they talk to this server before they send a "
            "password. DNS records tell other servers where mail for your domains goes, and which mail in "
            "your name is genuine. The last screen of the wizard lists every record, ready to be copied."
        ),
        sections=("certificates", "dns"),
        questions=(_source(), *_acme(), *_imported(), _tls(), *dns_questions()),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """What makes certificates or DNS fail later on."""
    return (
        *_strict_policy(draft),
        *_http_challenge(draft, surroundings),
        *_imported_certificate(draft, surroundings),
        *_update_key(draft, surroundings),
    )


def _source() -> Question:
    return Question(
        key="certificates.source",
        kind=Kind.CHOICE,
        label=_("Certificates from"),
        why=_("Mail programs accept a certificate only from an authority that they trust."),
        help=_(
            "Let's Encrypt and other ACME authorities are trusted everywhere, and their certificates are "
            "renewed without you; this server's name has to be in the public DNS. An authority of its own "
            "works at once and without the internet, and each mail program has to be told once to trust it. "
            "You can begin with it and change later."
        ),
        source=_("RFC 8555 (ACME); RFC 5280 (certificates)"),
        choices=(
            Choice(
                "own-ca", _("An authority of this server's own"), _("works at once, also without internet")
            ),
            Choice("acme", _("Let's Encrypt or another ACME authority"), _("trusted everywhere, free")),
            Choice("imported", _("Files that are already here"), _("somebody else issues and renews them")),
        ),
        suggest=lambda draft, surroundings: "imported" if fitting(draft, surroundings) else "own-ca",
    )


def _acme() -> tuple[Question, ...]:
    return (
        Question(
            key="certificates.acme.email",
            kind=Kind.TEXT,
            label=_("Address for the authority"),
            why=_("The authority writes there when something is wrong with the account."),
            help=_(
                "It may be any address that you read, also elsewhere. Let's Encrypt no longer writes when a "
                "certificate is about to end; Mailstead watches that itself. Asking an authority means that "
                "you agree to its terms of service, which its web site has."
            ),
            source=_("RFC 8555 section 7.3 (contact)"),
            is_asked=_is_acme,
            suggest=lambda draft, _surroundings: draft.value("site.admin"),
        ),
        Question(
            key="certificates.acme.challenge",
            kind=Kind.CHOICE,
            label=_("Proof of the name"),
            why=_("The authority issues a certificate only to whoever controls the name."),
            help=_(
                "With HTTP, the authority fetches a file from port 80 of this server, so that port must be "
                "reachable from the internet; the firewall lets it through, and nothing listens there but "
                "for that moment. With DNS, a TXT record is published, which needs a zone that Mailstead can "
                "change by DNS UPDATE (see below); nothing has to be reachable then."
            ),
            source=_("RFC 8555 sections 8.3 (HTTP) and 8.4 (DNS)"),
            is_asked=_is_acme,
            choices=(
                Choice("http-01", _("By HTTP on port 80"), _("the simplest, if port 80 is reachable")),
                Choice("dns-01", _("By a DNS record"), _("if Mailstead publishes the DNS records")),
            ),
        ),
        Question(
            key="certificates.acme.directory",
            kind=Kind.TEXT,
            label=_("Authority"),
            why=_("Who issues the certificates."),
            help=_(
                "Let's Encrypt, its staging server for trying things out (its certificates are trusted "
                "nowhere, and its limits are wide), or the https:// address of another authority's "
                "directory. Let's Encrypt issues 5 certificates a week for the same names, and this server "
                "takes 2 at a time, for either kind of key; so the proof is rehearsed at the staging server "
                "before it is asked for the first time. Until it has issued them, the server uses an "
                "authority of its own."
            ),
            source=_("RFC 8555 section 7.1.1 (directory); letsencrypt.org, Staging Environment"),
            is_expert=True,
            is_asked=_is_acme,
            choices=(
                Choice("letsencrypt", _("Let's Encrypt")),
                Choice("letsencrypt-staging", _("Let's Encrypt, staging"), _("for trying things out")),
            ),
        ),
        Question(
            key="certificates.acme.ca_file",
            kind=Kind.TEXT,
            label=_("Trust for a private authority"),
            why=_("Without it, the connection to an authority inside your network is refused."),
            help=_(
                "A PEM file with the root certificate of an ACME server in your own network, from / on. "
                "Leave it empty for public authorities."
            ),
            source=_("RFC 8555 section 6.1 (HTTPS)"),
            is_expert=True,
            is_asked=_is_acme,
        ),
    )


def _imported() -> tuple[Question, ...]:
    return (
        Question(
            key="certificates.imported.certificate",
            kind=Kind.TEXT,
            label=_("Certificate file"),
            why=_("The server shows this certificate to everyone who connects."),
            help=_(
                "A PEM file on this machine, from / on, with this server's certificate and those of the "
                "authorities in between. It has to be valid for the host name. Leave it where whoever renews "
                "it puts it: when it changes, the new one is taken up within the hour."
            ),
            source=_("RFC 8446 section 4.4.2 (order); RFC 7468 (PEM)"),
            is_asked=_is_imported,
            choices=(),
            suggest=lambda draft, surroundings: _path_of(draft, surroundings, "certificate"),
        ),
        Question(
            key="certificates.imported.key",
            kind=Kind.TEXT,
            label=_("Key file"),
            why=_("Without the private key that belongs to it, a certificate is of no use."),
            help=_(
                "A PEM file with the private key, without a passphrase, from / on. "
                "Only root should be able to read it."
            ),
            source=_("RFC 7468 section 10 (private keys)"),
            is_asked=_is_imported,
            suggest=lambda draft, surroundings: _path_of(draft, surroundings, "key"),
        ),
    )


def _tls() -> Question:
    return Question(
        key="certificates.tls",
        kind=Kind.CHOICE,
        label=_("TLS versions"),
        why=_("Old versions can be broken; programs that know only those are kept out."),
        help=_(
            "TLS 1.0 and 1.1 are off in any case. With the intermediate profile everything made since about "
            "2014 can connect. With the modern one only TLS 1.3 is spoken, which some mail servers and older "
            "phones don't know. Port 25 keeps TLS 1.2 even so: a mail server that finds no common version "
            "sends its mail unencrypted or not at all."
        ),
        source=_("RFC 8996; RFC 9325; Mozilla, Server Side TLS"),
        is_expert=True,
        choices=(
            Choice("intermediate", _("TLS 1.2 and 1.3"), _("right for nearly everyone")),
            Choice("modern", _("TLS 1.3 only"), _("if you know every program and server that connects")),
        ),
    )


def fitting(draft: Draft, surroundings: Surroundings) -> FoundCertificate | None:
    """The certificate on this machine that is valid for the host name and lasts longest."""
    hostname = str(draft.value("site.hostname") or "").lower()
    found = [c for c in surroundings.certificates if _covers(c, hostname) and c.days_left > 0]
    return max(found, key=lambda c: c.days_left, default=None)


def _covers(certificate: FoundCertificate, hostname: str) -> bool:
    """Whether the certificate is valid for the name (RFC 9525 section 6.3: `*` stands for one label)."""
    wildcard = f"*.{hostname.partition('.')[2]}"
    return any(name.lower() in {hostname, wildcard} for name in certificate.names)


def _path_of(draft: Draft, surroundings: Surroundings, part: str) -> str:
    found = fitting(draft, surroundings)
    return str(getattr(found, part)) if found else ""


def _is_acme(draft: Draft) -> bool:
    return bool(draft.value("certificates.source") == "acme")


def _is_imported(draft: Draft) -> bool:
    return bool(draft.value("certificates.source") == "imported")


def _strict_policy(draft: Draft) -> Iterator[StepFinding]:
    if draft.value("dns.policy.mta_sts") == "enforce" and draft.value("certificates.source") == "own-ca":
        yield StepFinding(
            id="mta-sts-own-ca",
            status=Status.FAIL,
            seen=_("MTA-STS is enforced, and nobody else trusts this server's own authority"),
            wanted=_("a certificate that other servers trust; without it they hold your mail back"),
            mend=_("set MTA-STS to testing, or take certificates from Let's Encrypt"),
            is_acceptable=True,
        )


def _http_challenge(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    holder = surroundings.ports_held.get(80)
    if (
        _is_acme(draft)
        and draft.value("certificates.acme.challenge") == "http-01"
        and holder not in {None, "nginx"}
    ):
        yield StepFinding(
            id="port-80-held",
            status=Status.WARN,
            seen=_("port 80 is held by {program}").format(program=holder or _("another process")),
            wanted=_("port 80 free for the authority's question"),
            mend=_("stop {program}, or prove the name by a DNS record").format(program=holder or _("it")),
            is_acceptable=True,
        )


def _imported_certificate(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    path = draft.value("certificates.imported.certificate")
    found = next((c for c in surroundings.certificates if c.certificate == path), None)
    if not _is_imported(draft) or found is None:
        return
    hostname = str(draft.value("site.hostname") or "").lower()
    if not _covers(found, hostname):
        yield StepFinding(
            id="imported-certificate-name",
            status=Status.WARN,
            seen=_("the certificate is for {names}").format(names=", ".join(found.names) or _("no name")),
            wanted=_("a certificate for {hostname}").format(hostname=hostname),
            mend=_("choose another file, or change the host name"),
            is_acceptable=True,
        )
    if found.days_left < _SOON:
        yield StepFinding(
            id="imported-certificate-ends",
            status=Status.WARN,
            seen=_("the certificate ends in {days} days").format(days=found.days_left),
            wanted=_("one that is renewed in time"),
            mend=_("renew it, and see that whatever renews it still works"),
            is_acceptable=True,
        )


def _update_key(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    if draft.value("dns.publish") == "rfc2136":
        yield from missing_secret(draft, surroundings, "dns.rfc2136.key_secret", _("TSIG key"))
    elif by_provider(draft):
        for row, credential in enumerate(draft.rows("dns.credentials")):
            label = str(credential["name"] or _("Credentials at the provider"))
            yield from missing_secret(draft, surroundings, f"dns.credentials.{row}.secret", label)
