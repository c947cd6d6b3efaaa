"""Answers that are each fine and don't fit together."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.language import _
from wizard.answers_path import Path, dotted

if TYPE_CHECKING:
    from wizard.answers import Answers

_PORTS_OF_OTHERS = {22: "SSH", 53: _("the resolver"), 80: _("certificates (ACME)"), 443: "HTTPS"}
_MOST_NAMES = 100
"""In one certificate (letsencrypt.org, "Rate Limits")."""
_RESERVED_USERS = ("mailer-daemon", "double-bounce")
"""Senders that Postfix itself uses for bounces and probes (postconf(5), double_bounce_sender)."""
_RESERVED_PREFIX = "mailstead-"
"""For accounts that Mailstead makes itself, such as the one that proves that mail flows."""


@dataclass(frozen=True)
class Conflict:
    """What is wrong, and at which answer to look; `rests_on` are other answers it was judged by."""

    path: Path
    problem: str
    """`{other}` stands for the key of the first of `rests_on`."""
    rests_on: tuple[Path, ...] = ()

    def words(self, place: Callable[[Path], Path] = lambda path: path) -> str:
        """The problem as a sentence; `place` says where in the file an answer stands."""
        # not str.format: the sentence holds what a person wrote
        return self.problem.replace("{other}", dotted(place(self.rests_on[0])) if self.rests_on else "")


def conflicts(answers: "Answers") -> Iterator[Conflict]:
    """All that doesn't fit together, one after the other."""
    yield from _needed_by_a_choice(answers)
    yield from _credentials_named_twice(answers)
    yield from _foreign_domains(answers)
    yield from _addresses_used_twice(answers)
    yield from _reserved_addresses(answers)
    yield from _alias_loops(answers)
    yield from _ports_used_twice(answers)
    yield from _too_many_names(answers)
    yield from _names_used_twice(answers)
    if answers.backups.keep.daily + answers.backups.keep.weekly + answers.backups.keep.monthly == 0:
        yield Conflict(
            ("backups", "keep"), _("keeps nothing; give daily, weekly or monthly a number above 0")
        )


def _needed_by_a_choice(answers: "Answers") -> Iterator[Conflict]:
    certificates, rfc2136 = answers.certificates, answers.dns.rfc2136
    needed: list[tuple[Path, str, Path, str]] = []
    source: Path = ("certificates", "source")
    if certificates.source == "acme":
        needed.append((("certificates", "acme", "email"), certificates.acme.email, source, 'source = "acme"'))
    if certificates.source == "imported":
        imported = certificates.imported
        needed.append(
            (("certificates", "imported", "certificate"), imported.certificate, source, 'source = "imported"')
        )
        needed.append((("certificates", "imported", "key"), imported.key, source, 'source = "imported"'))
    if answers.dns.publish == "rfc2136":
        publish: Path = ("dns", "publish")
        needed.append((("dns", "rfc2136", "server"), rfc2136.server, publish, 'publish = "rfc2136"'))
        needed.append((("dns", "rfc2136", "key_name"), rfc2136.key_name, publish, 'publish = "rfc2136"'))
    if certificates.source == "acme" and certificates.acme.challenge == "dns-01":
        challenge: Path = ("certificates", "acme", "challenge")
        if answers.dns.publish != "rfc2136":
            yield Conflict(
                challenge,
                _('is "dns-01", which needs [dns] publish = "rfc2136" for now; otherwise write "http-01"'),
                (("dns", "publish"),),
            )
    for path, value, choice, words in needed:
        if not value:
            problem = _("is empty, and {choice} needs it").format(choice=f"{dotted(choice[:-1])}.{words}")
            yield Conflict(path, problem, (choice,))


def _credentials_named_twice(answers: "Answers") -> Iterator[Conflict]:
    names = [credential.name for credential in answers.dns.credentials]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Conflict(
                ("dns", "credentials", index, "name"),
                _('"{name}" is listed twice; leave one out').format(name=name),
            )


def _foreign_domains(answers: "Answers") -> Iterator[Conflict]:
    domains: Path = ("site", "domains")
    own = set(answers.site.domains)
    for index, domain in enumerate(answers.site.domains):
        if domain in answers.site.domains[:index]:
            yield Conflict(
                (*domains, index), _('"{domain}" is listed twice; leave one out').format(domain=domain)
            )
    places: list[tuple[Path, str]] = [(("site", "admin"), answers.site.admin)]
    places += _places(answers)
    for path, address in places:
        domain = address.rpartition("@")[2]
        if domain not in own:
            yield Conflict(
                path,
                _('"{address}" is in none of site.domains; add "{domain}" there or use one of them').format(
                    address=address, domain=domain
                ),
                (domains,),
            )


def _addresses_used_twice(answers: "Answers") -> Iterator[Conflict]:
    first: dict[str, Path] = {}
    for path, address in _places(answers):
        if address in first:
            other = first[address]
            problem = (
                _('"{address}" already stands at {other}; leave one out')
                if path[1] == other[1]
                else _('"{address}" is a mailbox already, at {other}; an alias needs an address of its own')
            )
            yield Conflict(path, problem.format(address=address, other="{other}"), (other,))
        first.setdefault(address, path)


def _reserved_addresses(answers: "Answers") -> Iterator[Conflict]:
    for path, address in [(("site", "admin"), answers.site.admin), *_places(answers)]:
        user = address.partition("@")[0]
        if user in _RESERVED_USERS or user.startswith(_RESERVED_PREFIX):
            problem = _('"{user}" is a name that the mail system itself uses; choose another')
            yield Conflict(path, problem.format(user=user))


def _alias_loops(answers: "Answers") -> Iterator[Conflict]:
    targets: dict[str, tuple[str, ...]] = defaultdict(tuple)
    mailboxes = {mailbox.address for mailbox in answers.accounts.mailboxes}
    for alias in answers.accounts.aliases:
        if alias.address not in mailboxes:
            targets[alias.address] += alias.to
    circling = _circling(targets)
    for index, alias in enumerate(answers.accounts.aliases):
        if alias.address in circling:
            yield Conflict(
                ("accounts", "aliases", index, "to"),
                _('sends the mail of "{address}" round in a circle; let it end at a mailbox').format(
                    address=alias.address
                ),
            )


def _circling(targets: dict[str, tuple[str, ...]]) -> set[str]:
    """The aliases on circles: what stays when all that lead out, or that none leads to, are peeled off."""
    onward = {name: {to for to in found if to in targets} for name, found in targets.items()}
    backward: dict[str, set[str]] = {name: set() for name in targets}
    for name, found in onward.items():
        for to in found:
            backward[to].add(name)
    left = set(targets)
    waiting = [name for name in targets if not onward[name] or not backward[name]]
    while waiting:
        name = waiting.pop()
        if name not in left:
            continue
        left.discard(name)
        for to in onward[name] & left:
            backward[to].discard(name)
            if not backward[to]:
                waiting.append(to)
        for source in backward[name] & left:
            onward[source].discard(name)
            if not onward[source]:
                waiting.append(source)
    return left


def _ports_used_twice(answers: "Answers") -> Iterator[Conflict]:
    listeners = {name: each for name, each in answers.protocols.listeners().items() if each.enabled}
    first: dict[int, str] = {}
    for name, listener in listeners.items():
        port = listener.port
        if port in _PORTS_OF_OTHERS:
            reason = _("{port} is kept for {owner}; choose another port").format(
                port=port, owner=_PORTS_OF_OTHERS[port]
            )
            yield Conflict(("protocols", name, "port"), reason)
        elif port in first:
            # the one that left its usual port is more likely what was written by mistake
            is_usual = port == type(listener).model_fields["port"].default
            wrong, other = (first[port], name) if is_usual else (name, first[port])
            reason = _("{port} is the port of {protocol} as well; each protocol needs its own").format(
                port=port, protocol=other
            )
            yield Conflict(("protocols", wrong, "port"), reason, (("protocols", other, "port"),))
        first.setdefault(port, name)


def _too_many_names(answers: "Answers") -> Iterator[Conflict]:
    """One certificate bears the host's name and three of each domain's."""
    most = (_MOST_NAMES - 1) // 3
    is_too_many = answers.clients.enabled and len(answers.site.domains) > most
    if is_too_many and answers.certificates.source == "acme":
        problem = _(
            "takes three names in each domain, and ACME authorities issue certificates for {names} at most; "
            "with more than {domains} domains write false, or take certificates from elsewhere"
        ).format(names=_MOST_NAMES, domains=most)
        yield Conflict(("clients", "enabled"), problem, (("site", "domains"), ("certificates", "source")))


def _names_used_twice(answers: "Answers") -> Iterator[Conflict]:
    first: dict[str, int] = {}
    for index, repository in enumerate(answers.backups.repositories):
        if repository.name in first:
            yield Conflict(
                ("backups", "repositories", index, "name"),
                _('"{name}" is the name of another repository; give this one its own').format(
                    name=repository.name
                ),
                (("backups", "repositories", first[repository.name], "name"),),
            )
        first.setdefault(repository.name, index)


def _places(answers: "Answers") -> list[tuple[Path, str]]:
    mailboxes = [
        (("accounts", "mailboxes", i, "address"), m.address) for i, m in enumerate(answers.accounts.mailboxes)
    ]
    aliases = [
        (("accounts", "aliases", i, "address"), a.address) for i, a in enumerate(answers.accounts.aliases)
    ]
    return [*mailboxes, *aliases]
