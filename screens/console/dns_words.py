"""What the DNS panel says, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content

from backends.language import _, ngettext
from backends.text import clean
from screens.console.moments import moment

if TYPE_CHECKING:
    from backends.dns.publish import Left, SetChange, ZoneChanges
    from wizard.dns_list import DnsEntry

_UNSEEN = ""
_STATES = {
    _UNSEEN: (_("not looked at yet"), "dim"),
    "right": (_("right"), ""),
    "wrong": (_("WRONG"), "bold red"),
    "missing": (_("MISSING"), "bold red"),
    "not yet everywhere": (_("NOT YET EVERYWHERE"), "yellow"),
    "right for the resolver": (_("RESOLVER ONLY"), "yellow"),
    "could not be asked": (_("COULD NOT BE ASKED"), "yellow"),
}
"""By the value of a Standing."""

_TYPES = {
    "spf": _("SPF"),
    "policy": _("policy"),
    "served": _("served"),
    "signed": _("signed"),
    "reports": _("reports"),
    "block list": _("block list"),
    "way out": _("way out"),
}
"""What hangs on records and has no type of the DNS."""

STATE_WIDTH = max(cell_len(words) for words, _style in _STATES.values()) + 2
"""Cells that a state takes, with a gap behind it."""
_TYPE_WIDTH = max(cell_len(words) for words in _TYPES.values()) + 2
_NAME_WIDTH = 40
_WIDE = 100


@dataclass(frozen=True)
class DnsRow:
    """A line of the list: a domain with a word on what is in it, or one entry."""

    domain: str
    entry: DnsEntry | None = None
    count: int = 0
    right: int = 0

    @property
    def key(self) -> tuple[object, ...]:
        """Names the row for good."""
        return self.entry.key if self.entry else (self.domain,)


def rows_of(entries: Sequence[DnsEntry], shown: Sequence[DnsEntry]) -> tuple[DnsRow, ...]:
    """The entries shown, each domain's below its name."""
    rows: list[DnsRow] = []
    for domain in dict.fromkeys(entry.domain for entry in shown):
        every = [entry for entry in entries if entry.domain == domain]
        right = sum(entry.standing == "right" for entry in every)
        rows.append(DnsRow(domain, count=len(every), right=right))
        rows += [DnsRow(domain, entry) for entry in shown if entry.domain == domain]
    return tuple(rows)


def text_of(entry: DnsEntry) -> str:
    """What the filter looks at."""
    value = entry.record.value if entry.record else ""
    seen = entry.judgement.seen if entry.judgement else ""
    return " ".join((entry.name, entry.type, type_of(entry), state(entry), need(entry), value, seen))


def dns_line(row: DnsRow, width: int) -> Text:
    """A domain; or state, type and name, and where there is room what is seen."""
    entry = row.entry
    if entry is None:
        counted = _("{right} of {count} are right").format(right=row.right, count=row.count)
        line = Text(f"{clean(row.domain)}  ", style="bold").append(counted, style="not bold")
        line.truncate(width, overflow="ellipsis")
        return line
    _words, style = _STATES[entry.standing or _UNSEEN]
    text = set_cell_size(f"  {state(entry)}", STATE_WIDTH + 2) + set_cell_size(type_of(entry), _TYPE_WIDTH)
    name = clean(entry.name)
    if width >= _WIDE:
        text += f"{name}  " if cell_len(name) >= _NAME_WIDTH else set_cell_size(name, _NAME_WIDTH + 2)
        name = entry.judgement.seen if entry.judgement else entry.record.value if entry.record else ""
    line = Text(text + clean(name), style=style, no_wrap=True)
    line.truncate(width, overflow="ellipsis")
    return line


def titles(width: int) -> Content:
    """What stands in the columns."""
    text = set_cell_size("  " + _("state"), STATE_WIDTH + 2) + set_cell_size(_("type"), _TYPE_WIDTH)
    if width >= _WIDE:
        text += set_cell_size(_("name"), _NAME_WIDTH + 2) + _("seen, or wanted")
    else:
        text += _("name")
    return Content(text).truncate(max(0, width))


def details(row: DnsRow) -> Content:
    """A few lines about the row under the cursor."""
    entry = row.entry
    if entry is None:
        return Content(_("z shows the zone file of {domain}, to be copied.").format(domain=clean(row.domain)))
    lines = [f"{clean(entry.name)} {type_of(entry)}: {state(entry)} ({need(entry)})"]
    if entry.record:
        lines.append(clean(f"{entry.record.why}: {entry.record.value}", 300))
    if entry.judgement and entry.standing != "right":
        lines.append(_("seen: {seen}").format(seen=entry.judgement.seen))
    return Content("\n".join(lines))


def in_full(entry: DnsEntry) -> str:
    """Everything about one entry."""
    record, judged = entry.record, entry.judgement
    parts = [f"{state(entry)} · {need(entry)}"]
    if record:
        parts.append(_("{why}.").format(why=record.why[:1].upper() + record.why[1:]) if record.why else "")
        parts.append(_("wanted, with a TTL of {ttl} s:").format(ttl=record.ttl) + f"\n{clean(record.value)}")
    if judged:
        parts.append(_("seen:") + f"\n{judged.seen}")
        if judged.wanted and not (record and judged.wanted == clean(record.value)):
            parts.append(_("wanted:") + f"\n{judged.wanted}")
        if judged.mend:
            parts.append(_("mend:") + f"\n{judged.mend}")
    return "\n\n".join(part for part in parts if part)


def title_of(entry: DnsEntry) -> str:
    """For a window's title."""
    return f"{clean(entry.name)}  {type_of(entry)}"


def state(entry: DnsEntry) -> str:
    """How it stands, in a word or three."""
    return _STATES[entry.standing or _UNSEEN][0]


def type_of(entry: DnsEntry) -> str:
    """The record's type, or a word."""
    return _TYPES.get(entry.type, clean(entry.type))


def need(entry: DnsEntry) -> str:
    """How much hangs on it."""
    if entry.need == "required":
        return _("required")
    return _("recommended, needs DNSSEC") if entry.need == "dnssec" else _("recommended")


def count_of(entries: Sequence[DnsEntry], shown: int, looked_at: datetime | None, *, is_asking: bool) -> str:
    """For the last line."""
    if looked_at is None:
        text = ngettext("{count} record", "{count} records", len(entries)).format(count=len(entries))
        text = f"{text}; " + (_("asking the name servers …") if is_asking else _("not looked at yet"))
    else:
        left = [entry for entry in entries if entry.standing != "right"]
        required = sum(entry.is_amiss for entry in left)
        text = (
            _("{left} of {count} are not right, {required} of these are required").format(
                left=len(left), count=len(entries), required=required
            )
            if left
            else _("all {count} are right").format(count=len(entries))
        )
        text = f"{text}; " + _("asked at {time}").format(time=moment(looked_at))
    if shown != len(entries):
        text = f"{text}; " + _("the filter shows {count}").format(count=shown)
    return text


def difference(zones: Sequence[ZoneChanges], left: Sequence[Left]) -> str:
    """What publishing would change, as the lines of a diff, and what it would leave as it is."""
    lines = [line for zone in zones for line in _zone_lines(zone)]
    for one in left:
        lines.append(_(" left as it is: {name}  {type}").format(name=clean(one.name), type=clean(one.type)))
        lines += [f"   {clean(value)}" for value in one.seen]
        lines.append(f"   {clean(one.why)}")
    return "\n".join(lines)


def foreign_mail(left: Sequence[Left]) -> str:
    """The other servers that mail goes to now."""
    lines = [f"{clean(one.name)}: {', '.join(map(clean, one.seen))}" for one in left if one.is_foreign_mail]
    return "\n".join([*lines, _("Their MX records would be replaced. Without that they stay as they are.")])


def left_alone(left: Sequence[Left]) -> str:
    """What stays otherwise, where nothing else is to be done."""
    return "\n".join(
        _("left as it is: {name} {type}: {why}").format(
            name=clean(one.name), type=clean(one.type), why=clean(one.why)
        )
        for one in left
    )


def _zone_lines(zone: ZoneChanges) -> Iterator[str]:
    count = len(zone.changes)
    heading = ngettext("{zone}: {count} change", "{zone}: {count} changes", count)
    yield "@ " + heading.format(zone=clean(zone.zone), count=count)
    for change in zone.changes:
        yield from _change_lines(change)


def _change_lines(change: SetChange) -> Iterator[str]:
    words = {"add": _("add"), "change": _("change"), "remove": _("remove")}[change.action]
    name, kind = change.key
    yield f" {words}  {clean(name)}  {clean(kind)}"
    before = change.before.shown if change.before else ()
    after = change.after.shown if change.after else ()
    yield from (f"-   {value}" for value in before if value not in after)
    yield from (f"{' ' if value in before else '+'}   {value}" for value in after)
