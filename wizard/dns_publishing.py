"""Publishing this server's records where the answers say, and taking that back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backends.dns.addresses import name_the_public_ones, only_inside
from backends.dns.publish import (
    Difference,
    Held,
    Key,
    Left,
    Ours,
    RecordSet,
    SetChange,
    ZoneChanges,
    difference,
    wanted_sets,
)
from backends.dns.publish_kept import Kept, forget, keep, load_ours, new_id, newest, save_ours
from backends.dns.publish_provider import Provider
from backends.dns.publish_refusals import ChangedInBetween, UpdateUnknown
from backends.dns.publish_update import Primary, Publisher, Seen, UpdateKey
from backends.dns.records import records_for
from backends.dns.rotation_file import load_rotation
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.facts import MachineFacts
from backends.rspamd.settings import FIRST_PAIR, selectors
from wizard import secret_files
from wizard.answers import Answers
from wizard.dns_settings import BY_HAND, BY_UPDATE, dns_settings, is_by_provider
from wizard.lock import run_lock
from wizard.secrets import SecretReference, resolve

LOCK = Path("/run/lock/mailstead-dns.lock")

Chooser = Callable[[Key], bool]
"""Says of a name and type whether it is looked at."""


class PublishedByHand(MailsteadError):
    """The answers leave publishing to a person."""


@dataclass(frozen=True)
class Publication:
    """What publishing would do now: shown first, then made as it was shown, or not at all."""

    publisher: Publisher
    zones: tuple[ZoneChanges, ...]
    left: tuple[Left, ...]
    ours: Ours

    @property
    def has_foreign_mail(self) -> bool:
        """Whether the MX of other servers stand, which a person may have replaced."""
        return any(one.is_foreign_mail for one in self.left)


def publisher_of(answers: Answers, environment: Mapping[str, str]) -> Publisher:
    """Whom records are published through; raises PublishedByHand, or MailsteadError without a secret."""
    if answers.dns.publish == BY_HAND:
        raise PublishedByHand(
            _("the answers say that records are published by hand"),
            next_step=_(
                'copy them from mailstead dns records; or set [dns] publish = "rfc2136" with [dns.rfc2136] '
                "in the answers, and replay them"
            ),
        )
    if answers.dns.publish == BY_UPDATE:
        wanted = answers.dns.rfc2136
        secret = _secret(wanted.key_secret, secret_files.DNS_UPDATE, environment)
        return Primary(wanted.server, UpdateKey(wanted.key_name, secret))
    if is_by_provider(answers):
        credentials = {
            each.name: _secret(each.secret, each.secret_name, environment) for each in answers.dns.credentials
        }
        return Provider(answers.dns.publish, credentials)
    raise PublishedByHand(
        _("the answers give no credentials for {provider}, so that records are published by hand").format(
            provider=answers.dns.publish
        ),
        next_step=_(
            "copy them into its panel from mailstead dns records --block; or add what it wants to know as "
            "[[dns.credentials]] to the answers, and replay them"
        ),
    )


def prepare_publication(
    answers: Answers,
    machine: MachineFacts,
    publisher: Publisher,
    *,
    chosen: Chooser = lambda _key: True,
    may_replace_mail: bool = False,
) -> Publication:
    """Ask what is there, and see what would change; touches nothing.

    Raises NotPublished when the publisher refuses or is silent.
    """
    settings = dns_settings(answers, machine)

    def is_looked_at(key: Key) -> bool:
        # Without a public address, what led here before stays: it may be right, and nobody knows better.
        return chosen(key) and bool(settings.addresses or key[1] not in {"A", "AAAA"})

    unknown: tuple[Left, ...] = ()
    if not settings.addresses and chosen((settings.hostname, "A")):
        why = f"{only_inside(settings.inside)}; {name_the_public_ones()}"
        unknown = (Left(settings.hostname, "A", (), why),)
    every = wanted_sets(records_for(settings))
    wanted = {key: want for key, want in every.items() if is_looked_at(key)}
    ours = load_ours()
    others = {key: values for key, values in ours.items() if not is_looked_at(key)}
    mine = {key: values for key, values in ours.items() if is_looked_at(key)}
    seen = publisher.look([*wanted, *(key for key in mine if key not in wanted)])
    elsewhere = tuple(
        Left(name, kind, (), seen.elsewhere[name]) for name, kind in wanted if name in seen.elsewhere
    )
    found = difference(
        {key: want for key, want in wanted.items() if key[0] in seen.zones and key not in seen.unclear},
        seen.held,
        {key: values for key, values in mine.items() if key[0] in seen.zones and key not in seen.unclear},
        host=settings.hostname,
        may_replace_mail=may_replace_mail,
    )
    unclear = tuple(_unclear(*key, raw) for key, raw in seen.unclear.items() if key in wanted)
    out_of_reach = {
        key: values for key, values in mine.items() if key[0] not in seen.zones or key in seen.unclear
    }
    return Publication(
        publisher,
        tuple(_by_zone(found, seen)),
        (*found.left, *elsewhere, *unclear, *unknown),
        {**others, **out_of_reach, **found.ours},
    )


def publish(publication: Publication) -> tuple[Left, ...]:
    """Make the changes as they were shown, an update a zone; what was before is kept.

    Gives those that the publisher can't make, which are for a person. Raises NotPublished. Zones before the
    one that was refused are published then.
    """
    left: list[Left] = []
    with _publishing():
        ours_before = load_ours()
        kept = Kept(new_id(), publication.publisher.name, (), ours_before)
        for one in publication.zones:
            so_far = kept
            kept = _with_zone(kept, one)
            keep(kept)
            try:
                impossible = publication.publisher.apply(one.zone, one.changes)
            except UpdateUnknown:
                raise  # it may have been made: what was before stays at hand
            except MailsteadError:
                _go_back_to(so_far, kept)
                raise
            if len(impossible) == len(one.changes):
                _go_back_to(so_far, kept)
                kept = so_far
            left += impossible
        not_made = {(one.name, one.type) for one in left}
        made = {key: values for key, values in publication.ours.items() if key not in not_made}
        save_ours(made | {key: values for key, values in ours_before.items() if key in not_made})
    return tuple(left)


def take_back(
    answers: Answers, environment: Mapping[str, str], confirm: Callable[[Sequence[ZoneChanges]], bool]
) -> tuple[ZoneChanges, ...] | None:
    """Bring back exactly what was there before the last publication; None where there is none to take back.

    `confirm` sees what will change; nothing is touched, and () given, where it says no. Raises
    ChangedInBetween where something was changed since, and MailsteadError where receivers would not find the
    keys any more that sign now.
    """
    with _publishing():
        kept = newest()
        if kept is None:
            return None
        publisher = publisher_of(answers, environment)
        keys = [change.key for one in kept.zones for change in one.changes]
        held = publisher.look(keys).held
        undo = tuple(
            ZoneChanges(one.zone, changes)
            for one in reversed(kept.zones)
            if (changes := tuple(_undo(one.changes, held)))
        )
        _refuse_to_hide_keys([change for one in undo for change in one.changes])
        if not confirm(undo):
            return ()
        for one in undo:
            if impossible := publisher.apply(one.zone, one.changes):
                raise _not_taken_back(publisher, impossible)
        save_ours(kept.ours_before)
        forget(kept)
        return undo


def _not_taken_back(publisher: Publisher, impossible: Sequence[Left]) -> MailsteadError:
    return MailsteadError(
        _("{publisher} did not bring back all that was there").format(publisher=publisher.name),
        seen="\n".join(f"{one.name} {one.type}: {one.why}" for one in impossible),
        next_step=_("put these right by hand, and take it back again: mailstead dns publish --take-back"),
    )


def _unclear(name: str, kind: str, raw: tuple[str, ...]) -> Left:
    why = _("what is there can't be read for sure, so that it could not be brought back; change it by hand")
    return Left(name, kind, raw, why)


def _refuse_to_hide_keys(changes: Sequence[SetChange]) -> None:
    """After a change of keys there is nothing to go back to: the old ones are not published, or deleted."""
    pair = load_rotation().signing
    if pair == FIRST_PAIR:
        return
    prefixes = tuple(f"{selector}._domainkey." for selector in selectors(pair))
    hidden = [change.key[0] for change in changes if change.key[0].startswith(prefixes) and not change.after]
    if hidden:
        raise MailsteadError(
            _("the last publication brought the keys that sign mail now; it is not taken back"),
            seen=", ".join(hidden),
            next_step=_("while the old keys are kept, mailstead rollback lets them sign again"),
        )


def _undo(changes: Sequence[SetChange], held: Held) -> Iterator[SetChange]:
    """What undoes these, as far as they were made; raises ChangedInBetween where something else is there."""
    for change in changes:
        present = held.get(change.key)
        if _values(present) == _values(change.before):
            continue
        if _values(present) != _values(change.after):
            name, kind = change.key
            raise ChangedInBetween(
                _("{name} {type} was changed since it was published; nothing was taken back").format(
                    name=name, type=kind
                ),
                seen=", ".join(present.shown) if present else _("there is none"),
                next_step=_("look at it, and put right by hand what shall be otherwise"),
            )
        yield change.back


def _values(found: RecordSet | None) -> tuple[str, ...]:
    return found.values if found else ()


def _by_zone(found: Difference, seen: Seen) -> Iterator[ZoneChanges]:
    zones = dict.fromkeys(seen.zones[change.key[0]] for change in found.changes)
    for zone in zones:
        yield ZoneChanges(zone, tuple(c for c in found.changes if seen.zones[c.key[0]] == zone))


def _with_zone(kept: Kept, zone: ZoneChanges) -> Kept:
    return Kept(kept.id, kept.publisher, (*kept.zones, zone), kept.ours_before)


def _go_back_to(so_far: Kept, kept: Kept) -> None:
    """Nothing was changed in the last zone."""
    if so_far.zones:
        keep(so_far)
    else:
        forget(kept)


def _secret(reference: SecretReference, name: str, environment: Mapping[str, str]) -> str:
    """The secret; one that came from the environment of a run was kept in a file then."""
    path = secret_files.path_of(reference, name)
    if reference.kind == "env" and reference.target not in environment and path.exists():
        return resolve(SecretReference("file", str(path)), name)
    return resolve(reference, name, environment=environment)


@contextmanager
def _publishing() -> Iterator[None]:
    with run_lock(LOCK):
        yield
