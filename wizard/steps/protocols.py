"""The step that asks what the server speaks, on which ports, with whom, how mail goes out, and whether mail
programs set themselves up.
"""

from collections.abc import Iterator
from functools import partial

from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.preflight import OWN_PROCESSES
from wizard.steps.missing_secrets import missing_secret
from wizard.steps.question import Kind, Question, Step, StepFinding

_LISTENERS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "sieve")
_READING = ("imap", "imaps", "pop3", "pop3s")
_SENDING = ("submission", "submissions")


def step() -> Step:
    """The protocols by what people use first, then the smarthost, then the pages for mail programs."""
    return Step(
        name="protocols",
        title=_("Protocols and ports"),
        why=_("Each protocol that is on is a door: open those that somebody uses, and no other."),
        help=_(
            "People need one way to send (submission) and one to read (IMAP). Each comes in two kinds: with "
            "TLS from the first byte, which is the better one, and with STARTTLS, which some programs still "
            "need. The firewall opens exactly the ports that are on here, and SSH."
        ),
        sections=("protocols", "clients"),
        questions=(
            *_submissions(),
            *_submission(),
            *_imaps(),
            *_imap(),
            *_pop3s(),
            *_pop3(),
            *_sieve(),
            *_smtp(),
            *_relay(),
            _clients(),
        ),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """Ports that others hold, doors that nobody could use, and a smarthost without its password."""
    return (
        *_held_ports(draft, surroundings),
        *_held_web_port(draft, surroundings),
        *_missing_doors(draft),
        *_relay_password(draft, surroundings),
    )


def _smtp() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.smtp.enabled",
            kind=Kind.SWITCH,
            label=_("Mail from other servers (SMTP)"),
            why=_("Without it no mail comes in."),
            help=_(
                "Other servers deliver mail for your domains by SMTP, encrypted with STARTTLS if they can. "
                "Nobody can log in there, and mail for other domains is refused. Switch it off only for a "
                "server that does nothing but send."
            ),
            source=_("RFC 5321; RFC 3207 (STARTTLS)"),
            is_expert=True,
        ),
        *_details("smtp", _("SMTP"), "25"),
    )


def _submission() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.submission.enabled",
            kind=Kind.SWITCH,
            label=_("Sending, STARTTLS (submission)"),
            why=_("Printers, scanners and older programs often send only in this way."),
            help=_(
                "People send their mail here after a login, and the connection is encrypted before that. "
                "Programs that can do better use the other kind, with TLS from the first byte."
            ),
            source=_("RFC 6409; RFC 3207 (STARTTLS)"),
        ),
        *_details("submission", _("submission"), "587"),
    )


def _submissions() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.submissions.enabled",
            kind=Kind.SWITCH,
            label=_("Sending, TLS from the start (submissions)"),
            why=_("The best way for people to send: nothing is ever said unencrypted."),
            help=_(
                "People send their mail here after a login. Every mail program of today can do it, "
                "and programs that set up an account by themselves should look for it first."
            ),
            source=_("RFC 8314 section 3.3"),
        ),
        *_details("submissions", _("submissions"), "465"),
    )


def _imap() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.imap.enabled",
            kind=Kind.SWITCH,
            label=_("Reading, STARTTLS (IMAP)"),
            why=_("Only for programs that can't do IMAP with TLS from the start."),
            help=_(
                "IMAP leaves the mail on the server, so that several devices see the same folders. With "
                "STARTTLS a connection begins in the clear, and somebody in between can try to keep it so."
            ),
            source=_("RFC 9051 (IMAP); RFC 8314 section 3 (why not)"),
        ),
        *_details("imap", _("IMAP"), "143"),
    )


def _imaps() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.imaps.enabled",
            kind=Kind.SWITCH,
            label=_("Reading, TLS from the start (IMAPS)"),
            why=_("The way in which nearly everyone reads mail."),
            help=_(
                "IMAP leaves the mail on the server, so that several devices see the same folders. Here "
                "everything is encrypted from the first byte on."
            ),
            source=_("RFC 9051 (IMAP); RFC 8314 section 3.2"),
        ),
        *_details("imaps", _("IMAPS"), "993"),
    )


def _pop3() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.pop3.enabled",
            kind=Kind.SWITCH,
            label=_("Fetching, STARTTLS (POP3)"),
            why=_("Only for programs that can't do POP3 with TLS from the start."),
            help=_(
                "POP3 takes the mail off the server onto one device. It is there for old programs and for "
                "services that collect mail from several places."
            ),
            source=_("RFC 1939; RFC 2595 section 4 (STLS)"),
            is_expert=True,
        ),
        *_details("pop3", _("POP3"), "110"),
    )


def _pop3s() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.pop3s.enabled",
            kind=Kind.SWITCH,
            label=_("Fetching, TLS from the start (POP3S)"),
            why=_("For those who take their mail off the server onto one device."),
            help=_(
                "Most people are better served by IMAP. POP3 is still used by old programs and by services "
                "that collect mail from several places. What is taken off the server is in no backup of it."
            ),
            source=_("RFC 1939; RFC 8314 section 3.1"),
        ),
        *_details("pop3s", _("POP3S"), "995"),
    )


def _sieve() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.sieve.enabled",
            kind=Kind.SWITCH,
            label=_("People's own filter rules (ManageSieve)"),
            why=_("Rules and holiday replies work on the server, also while no device is on."),
            help=_(
                "Mail programs and webmail change a person's rules over this protocol. The rules themselves "
                "(Sieve) are kept with the mailbox."
            ),
            source=_("RFC 5804; RFC 5228 (Sieve)"),
        ),
        *_details("sieve", _("ManageSieve"), "4190"),
    )


def _details(name: str, protocol: str, usual: str) -> tuple[Question, Question]:
    """Port and networks of a protocol, for experts."""
    is_on = partial(_is_on, name)
    return (
        Question(
            key=f"protocols.{name}.port",
            kind=Kind.WHOLE,
            label=_("{protocol}: port").format(protocol=protocol),
            why=_("Programs find a server by themselves only on the usual port."),
            help=_(
                "The TCP port on which {protocol} is spoken; the usual one is {usual}. Another port keeps "
                "simple scans away and nothing else, and every program has to be told."
            ).format(protocol=protocol, usual=usual),
            source=_("IANA, Service Name and Transport Protocol Port Number Registry"),
            is_expert=True,
            is_asked=is_on,
        ),
        Question(
            key=f"protocols.{name}.allow",
            kind=Kind.LINES,
            label=_("{protocol}: only from").format(protocol=protocol),
            why=_("Whoever can't connect can't attack."),
            help=_(
                "The networks that may connect by {protocol}, one in each line, like 192.0.2.0/24 or "
                "2001:db8::/32. Empty means everyone. The firewall turns all others away."
            ).format(protocol=protocol),
            source=_("RFC 4632 (CIDR notation); nft(8)"),
            is_expert=True,
            is_asked=is_on,
        ),
    )


def _relay() -> tuple[Question, ...]:
    return (
        Question(
            key="protocols.relay.host",
            kind=Kind.TEXT,
            label=_("Smarthost for outgoing mail"),
            why=_("Many providers block port 25 on the way out; then mail has to go through another server."),
            help=_(
                "Leave it empty, and this server delivers mail itself. Else give the name of a server that "
                "sends it on: your provider's, or a mail delivery service. Its operator can read that mail, "
                "and tells you what to add to your SPF record."
            ),
            source=_("postconf(5), relayhost; RFC 6409"),
        ),
        Question(
            key="protocols.relay.port",
            kind=Kind.WHOLE,
            label=_("Smarthost: port"),
            why=_("It decides how the connection is encrypted."),
            help=_("587 is usual, with STARTTLS. With 465, TLS is there from the first byte on."),
            source=_("RFC 6409 section 3.1 (587); RFC 8314 section 7.3 (465)"),
            is_asked=_has_relay,
        ),
        Question(
            key="protocols.relay.username",
            kind=Kind.TEXT,
            label=_("Smarthost: login"),
            why=_("A smarthost that is open to everyone would soon be on every block list."),
            help=_(
                "The login name that its operator gave you. Empty where it knows this server by its address."
            ),
            source=_("RFC 4954 (SMTP AUTH)"),
            is_asked=_has_relay,
        ),
        Question(
            key="protocols.relay.password",
            kind=Kind.SECRET,
            label=_("Smarthost: password"),
            why=_("Whoever has it can send mail in your name."),
            help=_(
                "The password that belongs to the login. It is kept in a file that only root can read; the "
                "answers hold only the name of that file."
            ),
            source=_("RFC 4954 (SMTP AUTH); postconf(5), smtp_sasl_password_maps"),
            is_asked=_has_login,
        ),
    )


def _clients() -> Question:
    return Question(
        key="clients.enabled",
        kind=Kind.SWITCH,
        label=_("Mail programs set themselves up"),
        why=_("People give their address and password, and nobody reads out ports over the telephone."),
        help=_(
            "A web server on port 443 tells Thunderbird, Outlook and Apple's programs which server and ports "
            "to use, and tells other servers to come encrypted (MTA-STS); it serves nothing else. The names "
            "autoconfig, autodiscover and mta-sts in each of your domains have to lead to this server before "
            "Let's Encrypt issues certificates; the list of DNS records has them. If another web server is "
            "on port 443 here, leave this off, and that one goes on undisturbed."
        ),
        source=_("draft-ietf-mailmaint-autoconfig; Microsoft, POX Autodiscover; RFC 8461 section 3.3"),
    )


def _is_on(name: str, draft: Draft) -> bool:
    return draft.value(f"protocols.{name}.enabled") is True


def _has_relay(draft: Draft) -> bool:
    return bool(draft.value("protocols.relay.host"))


def _has_login(draft: Draft) -> bool:
    return _has_relay(draft) and bool(draft.value("protocols.relay.username"))


def _held_ports(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    """As preflight.py has it: what another mail server holds is free once that one has gone."""
    if surroundings.other_mail_server:
        return
    for name in _LISTENERS:
        port = draft.value(f"protocols.{name}.port")
        holder = surroundings.ports_held.get(port) if isinstance(port, int) else None
        if _is_on(name, draft) and holder is not None and holder not in OWN_PROCESSES:
            yield StepFinding(
                id=f"port-held.{name}",
                status=Status.FAIL,
                seen=_("port {port} ({protocol}) is held by {program}").format(
                    port=port, protocol=name, program=holder or _("another process")
                ),
                wanted=_("the port free"),
                mend=_("stop {program}, or give {protocol} another port").format(
                    program=holder or _("it"), protocol=name
                ),
            )


def _held_web_port(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    """A web server that is not ours has port 443: it is left alone, so ours can't be there."""
    holder = surroundings.ports_held.get(443)
    if draft.value("clients.enabled") is True and holder is not None and not surroundings.has_own_web_server:
        program = holder or _("another process")
        yield StepFinding(
            id="port-held.clients",
            status=Status.FAIL,
            seen=_("port 443 (pages for mail programs) is held by {program}").format(program=program),
            wanted=_("the port free"),
            mend=_("switch “Mail programs set themselves up” off, or take {program} off port 443").format(
                program=program
            ),
        )


def _missing_doors(draft: Draft) -> Iterator[StepFinding]:
    def are_off(names: tuple[str, ...]) -> bool:
        return not any(_is_on(name, draft) for name in names)

    missing: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
        ("no-smtp", ("smtp",), _("mail from other servers is refused"), _("switch SMTP on")),
        ("no-submission", _SENDING, _("nobody can send mail"), _("switch submissions on")),
        ("no-reading", _READING, _("nobody can read mail"), _("switch IMAPS on")),
    )
    for finding_id, names, seen, mend in missing:
        if are_off(names):
            yield StepFinding(
                id=finding_id,
                status=Status.WARN,
                seen=seen,
                wanted=_("a server that people can use"),
                mend=mend,
                is_acceptable=True,
            )


def _relay_password(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    if _has_login(draft):
        yield from missing_secret(draft, surroundings, "protocols.relay.password", _("Smarthost: password"))
