"""A change of DKIM keys, from new ones to the end of the old: what comes next, and when.

Nothing here looks at a clock, a disk or the DNS. New keys are published; they sign once every name server of
each domain has shown them for as long as caches may know better (RFC 6376 section 6.1.2 has receivers look
them up); the old ones stay published while mail that they signed is under way, and then go for good.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from backends.errors import MailsteadError
from backends.language import _
from backends.rspamd.settings import FIRST_PAIR, selectors

KEPT = timedelta(days=7)
"""How long old keys stay published: servers try to bring a message for five days (RFC 5321 section 4.5.4.1),
and some receivers verify again later.
"""


@dataclass(frozen=True)
class Coming:
    """A pair of keys that does not sign yet."""

    pair: int
    made_at: datetime
    seen_since: datetime | None = None
    """Since when every name server shows all its records, without a break."""
    ttl: int = 0
    """Seconds for which caches may still know otherwise."""
    waits_for: str = ""
    """What stands in the way, for people."""
    is_switching: bool = False
    """Whether a run is to make it the one that signs."""
    is_held: bool = False
    """Whether it waits for a person, since the switch was taken back."""


@dataclass(frozen=True)
class Leaving:
    """A pair of keys that signed until lately."""

    pair: int
    since: datetime


@dataclass(frozen=True)
class Rotation:
    """Where a change of keys stands; as it is made, there is none under way.

    `gone` are pairs whose keys are deleted while their records may still be published, `last` is the highest
    number there ever was: none comes twice.
    """

    signing: int = FIRST_PAIR
    coming: Coming | None = None
    leaving: tuple[Leaving, ...] = ()
    gone: tuple[int, ...] = ()
    last: int = FIRST_PAIR

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to carry on."""
        return self.coming is None and not self.leaving and not self.gone

    @property
    def wanted(self) -> int:
        """The pair that a run is to have sign."""
        return self.coming.pair if self.coming and self.coming.is_switching else self.signing

    @property
    def further(self) -> tuple[int, ...]:
        """The other pairs whose keys are kept and whose records are to be seen."""
        coming = (self.coming.pair,) if self.coming else ()
        pairs = (self.signing, *coming, *(one.pair for one in self.leaving))
        return tuple(pair for pair in pairs if pair != self.wanted)


@dataclass(frozen=True)
class Sight:
    """What the name servers show of a pair's records: all of them, or what is amiss in words."""

    is_whole: bool
    ttl: int = 0
    words: str = ""


def begun(rotation: Rotation, now: datetime) -> Rotation:
    """New keys are to be made; or, where they were made and the switch was taken back, it may go on.

    Raises MailsteadError where a change is under way.
    """
    coming = rotation.coming
    if coming and not coming.is_held:
        raise MailsteadError(
            _("a change to the keys {selectors} is under way").format(selectors=_names(coming.pair)),
            seen=coming.waits_for,
            next_step=_("mailstead dkim status says what it waits for"),
        )
    if coming:
        return replace(rotation, coming=replace(coming, is_held=False, waits_for=""))
    pair = rotation.last + 1
    return replace(rotation, coming=Coming(pair, now), last=pair)


def looked(rotation: Rotation, sight: Sight, now: datetime) -> Rotation:
    """What was seen of the coming keys counts. A break begins the waiting anew."""
    coming = rotation.coming
    if coming is None:
        return rotation
    if not sight.is_whole:
        seen = replace(coming, seen_since=None, ttl=0, waits_for=sight.words, is_switching=False)
        return replace(rotation, coming=seen)
    since = coming.seen_since or now
    # A clock that was set back proves nothing.
    seen = replace(coming, seen_since=min(since, now), ttl=max(coming.ttl, sight.ttl), waits_for="")
    return replace(rotation, coming=seen)


def signs_from(rotation: Rotation) -> datetime | None:
    """When the coming keys may sign at the earliest; None while they are not seen everywhere, or held."""
    coming = rotation.coming
    if coming is None or coming.is_held or coming.seen_since is None:
        return None
    return coming.seen_since + timedelta(seconds=coming.ttl)


def is_switch_due(rotation: Rotation, now: datetime) -> bool:
    """Whether the coming keys may sign now, going by what was seen last."""
    start = signs_from(rotation)
    return start is not None and now >= start


def switching(rotation: Rotation) -> Rotation:
    """A run is to let the coming keys sign."""
    if rotation.coming is None:
        raise ValueError("no keys are coming")
    return replace(rotation, coming=replace(rotation.coming, is_switching=True))


def not_switched(rotation: Rotation, why: str) -> Rotation:
    """No run did it, and none is under way."""
    if rotation.coming is None or not rotation.coming.is_switching:
        return rotation
    return replace(rotation, coming=replace(rotation.coming, is_switching=False, waits_for=why))


def taken_up(rotation: Rotation, pair: int, now: datetime) -> Rotation:
    """A run made this pair the one that signs, or took that back.

    Raises MailsteadError for a pair whose keys are not kept.
    """
    if pair == rotation.signing:
        why = _("the switch to them was taken back")
        coming = rotation.coming and replace(
            rotation.coming, is_switching=False, is_held=rotation.coming.is_held, waits_for=why
        )
        return replace(rotation, coming=coming)
    if rotation.coming and rotation.coming.pair == pair:
        leaving = (*rotation.leaving, Leaving(rotation.signing, now))
        return replace(rotation, signing=pair, coming=None, leaving=leaving)
    if pair not in {one.pair for one in rotation.leaving}:
        raise MailsteadError(
            _("the DKIM keys {selectors} are deleted").format(selectors=_names(pair)),
            next_step=_("go on with those that sign now, or make new ones: mailstead dkim rotate"),
        )
    others = tuple(one for one in rotation.leaving if one.pair != pair)
    if rotation.coming:
        return replace(rotation, signing=pair, leaving=(*others, Leaving(rotation.signing, now)))
    back = Coming(rotation.signing, now, waits_for=_("the switch to them was taken back"), is_held=True)
    return replace(rotation, signing=pair, coming=back, leaving=others)


def retires_at(leaving: Leaving) -> datetime:
    """When old keys may go."""
    return leaving.since + KEPT


def due_to_retire(rotation: Rotation, now: datetime) -> tuple[int, ...]:
    """The pairs that may go now."""
    return tuple(one.pair for one in rotation.leaving if now >= retires_at(one))


def retired(rotation: Rotation, pairs: tuple[int, ...]) -> Rotation:
    """The keys of these pairs are to be deleted; their records are wanted no more."""
    leaving = tuple(one for one in rotation.leaving if one.pair not in pairs)
    return replace(rotation, leaving=leaving, gone=(*rotation.gone, *pairs))


def forgotten(rotation: Rotation, pairs: tuple[int, ...]) -> Rotation:
    """No name server shows the records of these any more."""
    return replace(rotation, gone=tuple(pair for pair in rotation.gone if pair not in pairs))


def _names(pair: int) -> str:
    return " + ".join(selectors(pair))
