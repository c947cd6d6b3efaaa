"""Whether a record is right, from what everybody who was asked says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from backends.dns import tags
from backends.dns.asking import Answer
from backends.dns.looking import Said, is_only_the_resolver_heard
from backends.dns.record import DnsRecord, Need
from backends.language import _
from backends.text import clean

_LONGEST = 500
"""Characters of what was seen that people are shown."""


class Standing(StrEnum):
    """How it stands with a record. Only RIGHT is good news."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"
    PARTIAL = "not yet everywhere"
    RESOLVER = "right for the resolver"
    """The name servers can't be asked from here."""
    UNASKED = "could not be asked"


@dataclass(frozen=True)
class Judgement:
    """One record, or one thing that hangs on records, and how it stands.

    `type` is the record's type, or a word: `spf`, `policy`, `served`, `reports`, `block list`. All texts are
    cleaned. `wanted` and `mend` are empty where it is right.
    """

    domain: str
    name: str
    type: str
    need: Need
    standing: Standing
    seen: str
    wanted: str = ""
    mend: str = ""

    @property
    def is_amiss(self) -> bool:
        """Whether mail depends on it and it is not right, as far as can be seen from here."""
        is_right = self.standing in {Standing.RIGHT, Standing.RESOLVER}
        return self.need is Need.REQUIRED and not is_right


@dataclass(frozen=True)
class Question:
    """What is judged: see Judgement."""

    domain: str
    name: str
    type: str
    need: Need = Need.REQUIRED

    def judged(self, standing: Standing, seen: str, wanted: str = "", mend: str = "") -> Judgement:
        """How it stands, in clean texts."""
        is_right = standing is Standing.RIGHT
        return Judgement(
            domain=self.domain,
            name=self.name,
            type=self.type,
            need=self.need,
            standing=standing,
            seen=clean(seen, _LONGEST),
            wanted="" if is_right else clean(wanted),
            mend="" if is_right else clean(mend),
        )

    def right(self, seen: str) -> Judgement:
        """It is as it should be."""
        return self.judged(Standing.RIGHT, seen)

    def unasked(self, why: str) -> Judgement:
        """It could not be found out."""
        return self.judged(Standing.UNASKED, why, _("an answer"), ask_again())


def ask_again() -> str:
    """What to do where nobody answered."""
    return _("look whether the name servers and this machine's resolver answer, and ask again")


@dataclass(frozen=True)
class Context:
    """What a record is judged by besides itself.

    `siblings` are all records that should be there under its name and type. `host` may not be an alias, and
    `passing_spf` are SPF records in other words than ours that do what ours would do. `is_shut_out` where
    this network lets no question through to any name server, so that only the resolver can be asked.
    """

    domain: str
    host: str
    siblings: tuple[DnsRecord, ...]
    passing_spf: frozenset[str] = frozenset()
    is_shut_out: bool = False


def judge(record: DnsRecord, said: Sequence[Said], context: Context) -> Judgement:
    """How it stands with a record, by what each server of its zone says, and the resolver."""
    views = [_View(one, *_view(record, one.answer, context)) for one in said]
    through = _through_the_resolver(views) if context.is_shut_out else None
    standing, seen = through or _together(views)
    question = Question(context.domain, record.name, record.type, record.need)
    return question.judged(standing, seen, record.value, _mend(record, standing))


@dataclass(frozen=True)
class _View:
    said: Said
    standing: Standing
    seen: str


def _through_the_resolver(views: Sequence[_View]) -> tuple[Standing, str] | None:
    """What it sees, where nobody else can be asked: what is right or missing there may be old."""
    if not is_only_the_resolver_heard([view.said for view in views]):
        return None
    resolver = next(view for view in views if view.said.is_resolver)
    seen = f"{resolver.said.server}: {resolver.seen}"
    standings = {Standing.RIGHT: Standing.RESOLVER, Standing.MISSING: Standing.UNASKED}
    return standings.get(resolver.standing, resolver.standing), seen


def _together(views: Sequence[_View]) -> tuple[Standing, str]:
    """What the servers of the zone hold is what the world will see; the resolver may still remember."""
    holders = [view for view in views if not view.said.is_resolver] or list(views)
    kinds = {view.standing for view in holders}
    if Standing.RIGHT in kinds:
        lagging = [view for view in views if view.standing in {Standing.WRONG, Standing.MISSING}]
        silent = [view for view in views if view.standing is Standing.UNASKED]
        if lagging:
            return Standing.PARTIAL, _listed(lagging)
        return (Standing.UNASKED, _listed(silent)) if silent else (Standing.RIGHT, holders[0].seen)
    for standing in (Standing.WRONG, Standing.UNASKED, Standing.MISSING):
        found = [view for view in holders if view.standing is standing]
        if found:
            return standing, found[0].seen if len({view.seen for view in found}) == 1 else _listed(found)
    return Standing.UNASKED, _("nobody could be asked")


def _listed(views: Sequence[_View]) -> str:
    return "; ".join(f"{view.said.server}: {view.seen}" for view in views)


def _view(record: DnsRecord, answer: Answer, context: Context) -> tuple[Standing, str]:
    """What one server's answer says of the record."""
    if answer.problem:
        return Standing.UNASKED, answer.problem
    if answer.alias:
        if record.name == context.host:
            seen = _("an alias (CNAME) of {name}; mail is not to be led to one").format(name=answer.alias)
            return Standing.WRONG, seen
        if answer.alias == context.host and not record.name.startswith("_"):
            return Standing.RIGHT, _("an alias (CNAME) of {name}, whose records hold").format(
                name=answer.alias
            )
    found = _relevant(record, answer.values)
    if not found:
        return Standing.MISSING, _("there is none")
    shown = ", ".join(found)
    if record.type == "TXT":
        if len(found) > 1:
            return Standing.WRONG, _("several, of which none counts: {records}").format(records=shown)
        is_right = tags.says_the_same(record.value, found[0])
        if tags.is_spf(record.value):
            is_right = is_right or found[0] in context.passing_spf
        return (Standing.RIGHT if is_right else Standing.WRONG), shown
    wanted = {_essence(one.type, one.value) for one in context.siblings}
    have = {_essence(record.type, value) for value in found}
    is_right = _essence(record.type, record.value) in have
    others = have - wanted
    # Further keys are those before a change, and those to come. Everything else leads elsewhere.
    is_right = is_right and (not others or record.type == "TLSA" or "iodef" in record.value)
    return (Standing.RIGHT if is_right else Standing.WRONG), shown


def _relevant(record: DnsRecord, values: Sequence[str]) -> tuple[str, ...]:
    if record.type == "TXT":
        return tags.like(record.value, values)
    if record.type == "CAA":
        return tuple(value for value in values if _caa_tag(value) == _caa_tag(record.value))
    return tuple(values)


def _essence(kind: str, value: str) -> str:
    """What of a value decides where things go: priorities among our own don't."""
    words = value.split()
    match kind:
        case "MX":
            return words[-1].lower()
        case "SRV":
            return " ".join(words[-2:]).lower()
        case "TLSA":
            return " ".join([*words[:3], "".join(words[3:]).lower()])
        case "CAA":
            return "".join(value.replace('"', "").split())
        case _:
            return value.lower()


def _caa_tag(value: str) -> str:
    return value.split()[1].lower() if len(value.split()) > 1 else ""


def _mend(record: DnsRecord, standing: Standing) -> str:
    match standing:
        case Standing.PARTIAL:
            return _("wait until caches have forgotten the old one; if it stays, look at these name servers")
        case Standing.UNASKED:
            return ask_again()
        case Standing.RESOLVER:
            return _("look from another network whether every name server has it")
        case _:
            return _("publish {name} {type} {value}").format(
                name=record.name, type=record.type, value=record.presentation
            )
