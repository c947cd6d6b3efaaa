"""Changing the DKIM keys for new ones: begun by a person, carried on by a timer."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backends.dns.asking import Network
from backends.dns.looking import Look
from backends.dns.publish import Key
from backends.dns.record import DnsRecord
from backends.dns.records import dkim_record
from backends.dns.rotation import (
    Rotation,
    begun,
    due_to_retire,
    forgotten,
    is_switch_due,
    looked,
    not_switched,
    retired,
    retires_at,
    switching,
)
from backends.dns.rotation_file import load_rotation, save_rotation
from backends.dns.rotation_sight import sight_of, still_published
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.facts import MachineFacts
from backends.rspamd.dkim_files import make_keys, remove_keys
from backends.rspamd.settings import DKIM_DIRECTORY, selectors
from wizard import answers_file, secret_files
from wizard.answers import Answers
from wizard.dns_publishing import prepare_publication, publish, publisher_of
from wizard.dns_settings import is_automatic
from wizard.launch import new_run
from wizard.lock import run_lock
from wizard.planning import prepare, refuse_to_overwrite
from wizard.preflight import refuse_obstacles
from wizard.renewing import patient_lock
from wizard.request import Request

STEP = "antispam"
LOCK = Path("/run/lock/mailstead-dkim.lock")

Run = tuple[Path, Request]
Told = Callable[[str], None]
"""Takes what was done, a sentence each."""


class NotYet(MailsteadError):
    """It is too early for what was asked."""


@dataclass(frozen=True)
class Work:
    """What a change of keys is made with."""

    answers: Answers
    machine: MachineFacts
    environment: Mapping[str, str]
    told: Told

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains whose mail is signed."""
        return self.answers.site.domains


def begin(work: Work) -> None:
    """Make new keys, or let a change that was taken back go on; raises MailsteadError.

    Nothing is published or signed yet: that is for `carry_on`.
    """
    with _rotating():
        rotation = begun(load_rotation(), _now())
        if rotation.coming is None:
            raise ValueError("a change that was begun has keys to come")
        make_keys(work.domains, rotation.coming.pair)
        save_rotation(rotation)
        work.told(_("new keys: {selectors}").format(selectors=names(rotation.coming.pair)))


def carry_on(work: Work) -> Run | None:
    """Do whatever is due, and see what the DNS shows; gives the run that lets new keys sign, once it is time.

    The run is for the caller to make, and `settle` to be called after it. Raises MailsteadError where records
    could not be published or the run would be refused; where things stand is kept all the same.
    """
    with _rotating():
        rotation = load_rotation()
        if rotation.is_idle:
            return None
        rotation = _retire_what_is_due(work, rotation)
        refusal = _publish(work, rotation)
        rotation = _look(work, rotation)
        if refusal:
            raise refusal
        if not is_switch_due(rotation, _now()):
            return None
        return _run_to_switch(work, rotation)


def settle() -> Rotation:
    """How it stands after a run: one that never came to the keys leaves them waiting."""
    with _rotating():
        rotation = load_rotation()
        settled = not_switched(rotation, _("the run that was to let them sign failed: mailstead runs"))
        if settled != rotation:
            save_rotation(settled)
        return settled


def retire(work: Work) -> None:
    """Let go of old keys whose time is over; raises NotYet where there are some, but none that may go."""
    with _rotating():
        rotation = load_rotation()
        if rotation.leaving and not due_to_retire(rotation, _now()):
            first = min(map(retires_at, rotation.leaving))
            raise NotYet(
                _("mail that the old keys signed may still be under way"),
                next_step=_("wait until {when:%Y-%m-%d %H:%M} UTC").format(when=first),
            )
        if rotation.is_idle or not (rotation.leaving or rotation.gone):
            work.told(_("there are no old keys"))
            return
        rotation = _retire_what_is_due(work, rotation)
        refusal = _publish(work, rotation)
        _look(work, rotation)
        if refusal:
            raise refusal


def records_of(work_domains: tuple[str, ...], pair: int) -> tuple[DnsRecord, ...]:
    """The records of a pair of keys; raises MailsteadError where there is no key."""
    return tuple(
        dkim_record(domain, selector, DKIM_DIRECTORY)
        for domain in work_domains
        for selector in selectors(pair)
    )


def record_names(domains: tuple[str, ...], pair: int) -> tuple[str, ...]:
    """Where the records of a pair of keys are."""
    return tuple(f"{selector}._domainkey.{domain}" for domain in domains for selector in selectors(pair))


def names(pair: int) -> str:
    """The selectors of a pair, for people."""
    return " + ".join(selectors(pair))


def _retire_what_is_due(work: Work, rotation: Rotation) -> Rotation:
    """Delete keys whose time is over. Their records are wanted no more from then on."""
    due = due_to_retire(rotation, _now())
    if not due:
        return rotation
    rotation = retired(rotation, due)
    save_rotation(rotation)
    for pair in due:
        work.told(_("the old keys {selectors} are deleted").format(selectors=names(pair)))
    _delete_keys_of(rotation)
    return rotation


def _delete_keys_of(rotation: Rotation) -> None:
    """Also those that a kill left over."""
    for pair in rotation.gone:
        remove_keys(pair)


def _publish(work: Work, rotation: Rotation) -> MailsteadError | None:
    """Publish the DKIM records alone, those of everything else being for a person to say yes to.

    Gives what went wrong: new keys then wait, and the next look tries again.
    """
    if not is_automatic(work.answers) or not (rotation.coming or rotation.gone):
        return None
    try:
        publication = prepare_publication(
            work.answers, work.machine, publisher_of(work.answers, work.environment), chosen=_is_dkim
        )
        if not publication.zones:
            return None
        left = {(one.name, one.type) for one in publish(publication)}
    except MailsteadError as problem:
        return problem
    for zone in publication.zones:
        for change in (change for change in zone.changes if change.key not in left):
            work.told(
                _("published in {zone}: {action} {name}").format(
                    zone=zone.zone, action=change.action, name=change.key[0]
                )
            )
    return None


def _is_dkim(key: Key) -> bool:
    return "._domainkey." in key[0]


def _look(work: Work, rotation: Rotation) -> Rotation:
    """What the name servers show now; kept on disk."""
    seen = asyncio.run(_seen(work, rotation))
    if seen != rotation:
        save_rotation(seen)
    return seen


async def _seen(work: Work, rotation: Rotation) -> Rotation:
    look = Look(Network())
    if rotation.coming:
        sight = await sight_of(look, records_of(work.domains, rotation.coming.pair))
        rotation = looked(rotation, sight, _now())
    shown = await still_published(look, rotation.gone, work.domains)
    return forgotten(rotation, tuple(pair for pair in rotation.gone if pair not in shown))


def _run_to_switch(work: Work, rotation: Rotation) -> Run:
    """The run that lets the new keys sign; what would be refused leaves them waiting, with the reason."""
    save_rotation(switching(rotation))
    try:
        variables = secret_files.variables_of(work.answers, work.environment)
        with patient_lock():
            prepared = prepare(work.answers, steps=(STEP,), environment=variables)
            refuse_obstacles(work.answers, prepared.facts)
            refuse_to_overwrite(prepared.plan.changes)
        directory = new_run(answers_file.dump(work.answers))
    except (MailsteadError, OSError) as problem:
        save_rotation(not_switched(switching(rotation), str(problem)))
        raise
    return directory, Request("replay", directory.name, steps=(STEP,), environment=variables)


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _rotating() -> Iterator[None]:
    with run_lock(LOCK):
        yield
