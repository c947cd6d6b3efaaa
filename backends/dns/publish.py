"""What publishing would change in a zone: this server's records there, and nothing of anybody else's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from backends.dns import tags
from backends.dns.record import DnsRecord
from backends.language import _
from backends.text import clean

Key = tuple[str, str]
"""A name in lower case without its last dot, and a type."""

Ours = Mapping[Key, tuple[str, ...]]
"""What was published from here before, by name and type."""

_FOLDED = frozenset({"MX", "SRV", "CNAME", "NS", "A", "AAAA"})
"""Types in whose values capital letters make no difference (RFC 4343)."""


@dataclass(frozen=True)
class RecordSet:
    """All records of one name and type. `values` are as in a zone file, names whole, in a fixed order."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Name and type."""
        return self.name, self.type

    @property
    def shown(self) -> tuple[str, ...]:
        """The values for people: a TXT record in one piece, all cleaned."""
        return tuple(clean(text_of(self.type, value)) for value in self.values)


Held = Mapping[Key, RecordSet]
"""What a server holds; aliases under the type CNAME."""


@dataclass(frozen=True)
class SetChange:
    """One record set before and after; None where there is none."""

    before: RecordSet | None
    after: RecordSet | None

    @property
    def key(self) -> Key:
        """Name and type."""
        return self._either.key

    @property
    def action(self) -> Literal["add", "change", "remove"]:
        """What is done to it."""
        if self.before is None:
            return "add"
        return "change" if self.after else "remove"

    @property
    def back(self) -> "SetChange":
        """The change that undoes this one."""
        return SetChange(self.after, self.before)

    @property
    def _either(self) -> RecordSet:
        found = self.after or self.before
        if found is None:
            raise ValueError("a change of nothing into nothing")
        return found


@dataclass(frozen=True)
class ZoneChanges:
    """What would change, or was changed, in one zone."""

    zone: str
    changes: tuple[SetChange, ...]


@dataclass(frozen=True)
class Left:
    """A record set that stays as it is although it should be otherwise, and why."""

    name: str
    type: str
    seen: tuple[str, ...]
    why: str
    is_foreign_mail: bool = False
    """Whether it is other servers' MX, which a person may have replaced."""


@dataclass(frozen=True)
class Difference:
    """What would change, what is left although it is not right, and what counts as ours afterwards."""

    changes: tuple[SetChange, ...] = ()
    left: tuple[Left, ...] = ()
    ours: Ours = field(default_factory=dict)


def record_set(name: str, kind: str, ttl: int, values: Sequence[str]) -> RecordSet:
    """A record set with its values in the form in which they can be compared; raises ValueError."""
    return RecordSet(
        name.lower().rstrip("."), kind, ttl, tuple(sorted({normal(kind, one) for one in values}))
    )


def normal(kind: str, value: str) -> str:
    """A value as every part of the program writes it; raises ValueError when it is none of this type."""
    try:
        text = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), value).to_text()
    except dns.exception.DNSException as problem:
        raise ValueError(clean(f"{kind} {value}: {problem}", 300)) from problem
    return text.lower() if kind in _FOLDED else text


def text_of(kind: str, value: str) -> str:
    """A TXT record's text in one piece; other values as they are."""
    if kind != "TXT":
        return value
    data = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, value)
    return b"".join(data.strings).decode(errors="replace") if isinstance(data, TXT) else value


def wanted_sets(records: Sequence[DnsRecord]) -> dict[Key, RecordSet]:
    """The records by name and type."""
    found: dict[Key, list[DnsRecord]] = {}
    for record in records:
        found.setdefault((record.name.lower(), record.type), []).append(record)
    return {
        (name, kind): record_set(name, kind, each[0].ttl, [one.presentation for one in each])
        for (name, kind), each in found.items()
    }


def difference(
    wanted: Mapping[Key, RecordSet],
    held: Held,
    ours: Ours,
    *,
    host: str,
    may_replace_mail: bool = False,
) -> Difference:
    """What has to change so that these records are there.

    Of what `held` has under the same names, only records of the same use give way: of the texts at a domain
    the SPF record and no proof of ownership. Other servers' MX stay unless `may_replace_mail`. What is in
    `ours` and wanted no more goes.
    """
    changes: list[SetChange] = []
    left: list[Left] = []
    after = dict(ours)
    for key, want in wanted.items():
        present = held.get(key)
        if reason := _reason_to_leave(want, held, ours.get(key, ()), host, may_replace_mail=may_replace_mail):
            left += [reason] if reason.why else []
            continue
        mine = _in_the_words_that_stand(want, present)
        kept = _others(want, present, ours.get(key, ()))
        after[key] = mine
        # The time to live stays what it was: it may have been chosen.
        ttl = present.ttl if present else want.ttl
        values = tuple(sorted({*mine, *kept}))
        if present is None or present.values != values:
            changes.append(SetChange(present, RecordSet(want.name, want.type, ttl, values)))
    for key in [key for key in ours if key not in wanted]:
        del after[key]
        changes += _withdrawn(held.get(key), ours[key])
    return Difference(tuple(changes), tuple(left), after)


def _withdrawn(present: RecordSet | None, ours: Sequence[str]) -> Iterator[SetChange]:
    if present is None:
        return
    rest = tuple(value for value in present.values if not _is_among(present.type, value, ours))
    if rest != present.values:
        yield SetChange(present, RecordSet(present.name, present.type, present.ttl, rest) if rest else None)


def _reason_to_leave(
    want: RecordSet, held: Held, ours: Sequence[str], host: str, *, may_replace_mail: bool
) -> Left | None:
    """Why this set can't or need not be touched; without a reason in words it is right as it is."""
    alias = held.get((want.name, "CNAME"))
    if alias:
        does_lead_here = alias.values == (f"{host.lower()}.",) and not want.name.startswith("_")
        why = "" if does_lead_here else _("an alias (CNAME) is there, beside which nothing else can be")
        return Left(want.name, want.type, alias.shown, why)
    present = held.get(want.key)
    if present is None:
        return None
    if want.type == "MX" and not may_replace_mail:
        others = [
            value
            for value in present.values
            if _target(value) not in map(_target, want.values) and value not in ours
        ]
        if others:
            why = _("mail goes to another server, and it is for you to say that it shall not")
            return Left(want.name, "MX", tuple(map(clean, others)), why, is_foreign_mail=True)
    return None


def _in_the_words_that_stand(want: RecordSet, present: RecordSet | None) -> tuple[str, ...]:
    """The wanted values; where what is there says the same in other words, those."""
    if present is None:
        return want.values
    if want.type == "TXT":
        return tuple(_text_that_stands(value, present) for value in want.values)
    if want.type == "MX":
        standing = {_target(value): value for value in present.values}
        return tuple(standing.get(_target(value), value) for value in want.values)
    return want.values


def _text_that_stands(value: str, present: RecordSet) -> str:
    wanted = text_of("TXT", value)
    texts = {text_of("TXT", one): one for one in present.values}
    alike = tags.like(wanted, texts)
    return texts[alike[0]] if len(alike) == 1 and tags.says_the_same(wanted, alike[0]) else value


def _others(want: RecordSet, present: RecordSet | None, ours: Sequence[str]) -> tuple[str, ...]:
    """What of a present set is not this server's and stays."""
    if present is None:
        return ()
    if want.type == "TXT":
        texts = {text_of("TXT", one): one for one in present.values}
        alike = {text for value in want.values for text in tags.like(text_of("TXT", value), texts)}
        return tuple(
            one for text, one in texts.items() if text not in alike and not _is_among("TXT", one, ours)
        )
    if want.type == "CAA":
        used = {_caa_tag(value) for value in want.values}
        return tuple(one for one in present.values if _caa_tag(one) not in used and one not in ours)
    return ()


def _is_among(kind: str, value: str, values: Sequence[str]) -> bool:
    return text_of(kind, value) in {text_of(kind, one) for one in values}


def _target(mail: str) -> str:
    return mail.rsplit(maxsplit=1)[-1]


def _caa_tag(value: str) -> str:
    return value.split()[1].lower()
