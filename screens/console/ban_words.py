"""What the bans panel says, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content

from backends.language import _, ngettext
from screens.console.moments import date_and_time, moment, now

if TYPE_CHECKING:
    from backends.fail2ban.evidence import Evidence
    from wizard.ban_list import BanEntry

_JAIL_WIDTH = 9
_SINCE_WIDTH = 10
_UNTIL_WIDTH = 12
_LEAST_ADDRESS = 16
_LOG_PREFIX = re.compile(r"^\d{4}-\S+ \S+ [\w./-]+(?:\[\d+\])?: ")


def ban_line(entry: BanEntry, width: int) -> Text:
    """Address, jail, since, until, and the line that led to it."""
    address = _address_width(width)
    line = Text()
    for text, cells in (
        (str(entry.ban.address), address),
        (entry.ban.jail, _JAIL_WIDTH),
        (moment(entry.ban.since) if entry.ban.since else "?", _SINCE_WIDTH),
        (_end(entry), _UNTIL_WIDTH),
    ):
        part = Text(text)
        part.truncate(cells - 1, overflow="ellipsis", pad=True)
        line.append_text(part).append(" ")
    line.append(why(entry))
    line.truncate(width, overflow="ellipsis")
    return line


def titles(width: int) -> Content:
    """What stands in the columns."""
    address = _address_width(width)
    names = (
        (_("address"), address),
        (_("jail"), _JAIL_WIDTH),
        (_("since"), _SINCE_WIDTH),
        (_("until"), _UNTIL_WIDTH),
    )
    columns = [Content(name).pad_right(max(0, cells - Content(name).cell_length)) for name, cells in names]
    return Content("").join([*columns, Content(_("why"))])


def why(entry: BanEntry) -> str:
    """How many failures, and the last line that counted: `5x auth-worker(anna@example.test, …`"""
    found = entry.evidence
    if found is None:
        return _("not remembered")
    if not found.failures and not found.lines:
        return _("by hand")
    return f"{found.failures}x {_said(found.reason)}" if found.lines else f"{found.failures}x"


def details(entry: BanEntry) -> Content:
    """A few lines about the ban under the cursor."""
    count = entry.ban.times_before
    before = ngettext("banned {count} time before", "banned {count} times before", count)
    times = before.format(count=count) if count else _("never banned before")
    lines = [
        f"{entry.ban.address}: {entry.ban.jail}, {_span(entry)}, {times}",
        why(entry),
    ]
    return Content("\n".join(lines))


def in_full(entry: BanEntry, earlier: Sequence[Evidence]) -> str:
    """Every line that is remembered of this address."""
    parts = [f"{entry.ban.jail}, {_span(entry)}"]
    for one in earlier or ((entry.evidence,) if entry.evidence else ()):
        count = ngettext("{count} failure", "{count} failures", one.failures).format(count=one.failures)
        how = count if one.failures or one.lines else _("by hand")
        parts.append("\n".join((f"{date_and_time(one.at)}  {one.jail}  {how}", *one.lines)))
    return "\n\n".join(parts)


def count_of(entries: Sequence[BanEntry], shown: int) -> str:
    """For the last line."""
    text = ngettext("{count} ban", "{count} bans", len(entries)).format(count=len(entries))
    if shown == len(entries):
        return text if entries else _("Nobody is banned.")
    return _("{text}; the filter shows {count}").format(text=text, count=shown)


def _address_width(width: int) -> int:
    return 40 if width >= 100 else _LEAST_ADDRESS


def _end(entry: BanEntry) -> str:
    if entry.ban.until is None:
        return _("for good") if entry.ban.since else "?"
    return moment_ahead(entry)


def moment_ahead(entry: BanEntry) -> str:
    """When it ends: the time today, else the day."""
    if entry.ban.until is None:
        return ""
    here = entry.ban.until.astimezone()
    return f"{here:%H:%M}" if here.date() == now().astimezone().date() else f"{here:%m-%d %H:%M}"


def _span(entry: BanEntry) -> str:
    since = date_and_time(entry.ban.since) if entry.ban.since else "?"
    until = date_and_time(entry.ban.until) if entry.ban.until else _("for good")
    return _("since {since} until {until}").format(since=since, until=until)


def _said(line: str) -> str:
    """What a line says, without what the system log puts before it: time, machine, program."""
    return _LOG_PREFIX.sub("", line)
