"""How lines of logs look in the panel."""

from datetime import datetime

from rich.text import Text

from backends.language import _, ngettext
from backends.logs.filtering import LineFilter
from backends.logs.lines import LogLine
from backends.logs.services import SYSTEM
from backends.logs.severity import Severity
from screens.console.log_rows import LogRows

_LETTERS = {Severity.ERROR: "E", Severity.WARNING: "W", Severity.INFO: " "}
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: ""}
_HIT = "reverse"


def line_text(line: LogLine, width: int, only: LineFilter, today: str) -> Text:
    """A line of at most `width` cells: the time, E or W, and what it says with the places that were asked for
    marked. `today` is the date that is left out.
    """
    start = f"{_time(line.at, today)} {_LETTERS[line.severity]} {_whose(line)}"
    text = Text(start, no_wrap=True, end="")
    text.append(line.text[:width])
    if only.has_text:
        for first, after in only.hits(line.text):
            text.stylize(_HIT, len(start) + first, len(start) + after)
    if _STYLES[line.severity]:
        text.stylize_before(_STYLES[line.severity])
    return text


def line_title(line: LogLine) -> str:
    """When, whose and how bad, in words."""
    severities = {Severity.ERROR: _("error"), Severity.WARNING: _("warning"), Severity.INFO: _("information")}
    at = f"{line.at.astimezone():%Y-%m-%d %H:%M:%S.%f}"[:-3] if line.at else _("no time of its own")
    return f"{at} · {line.service} · {severities[line.severity]}"


def today() -> str:
    """The date here."""
    return f"{datetime.now().astimezone():%m-%d }"


def status(rows: LogRows, *, is_following: bool) -> str:
    """What is shown, and whether it goes on."""
    parts = [_following(rows, is_following=is_following)]
    count = len(rows.shown)
    if rows.only.is_everything:
        parts.append(ngettext("{count} line", "{count} lines", count).format(count=f"{count:,}"))
    elif rows.has_context and rows.only.has_text:
        hits = len(rows.hits)
        parts.append(ngettext("{count} hit", "{count} hits", hits).format(count=f"{hits:,}"))
    else:
        parts.append(_("{count} of {all} lines").format(count=f"{count:,}", all=f"{len(rows.rows):,}"))
    if rows.only.services:
        parts.append(", ".join(sorted(rows.only.services)))
    return " · ".join(parts)


def _following(rows: LogRows, *, is_following: bool) -> str:
    if is_following:
        return _("following")
    if rows.waiting:
        new = ngettext("{count} new line", "{count} new lines", rows.waiting)
        return _("paused, {new}: f shows them").format(new=new.format(count=f"{rows.waiting:,}"))
    return _("paused: f follows again")


def _time(at: datetime | None, today_here: str) -> str:
    if at is None:
        return " " * 8
    told = f"{at.astimezone():%m-%d %H:%M:%S}"
    return told.removeprefix(today_here)


def _whose(line: LogLine) -> str:
    """The service, where the text does not begin with its name."""
    return "" if line.service == SYSTEM or line.text.startswith(line.service) else f"{line.service}: "
