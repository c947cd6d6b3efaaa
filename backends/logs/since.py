"""A moment as people name it: `10m`, `2h`, `03:00`, `2026-11-24 03:00`, `yesterday`."""

import re
from datetime import UTC, datetime, time, timedelta

from backends.errors import MailsteadError
from backends.language import _

_AGO = re.compile(r"(\d{1,7}) ?([smhdw])(?:[a-z]* ?(?:ago)?)", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?")


class NoSuchTime(MailsteadError):
    """A text that names no moment."""


def moment(text: str, now: datetime | None = None) -> datetime:
    """The moment as UTC. Times without a zone are in the machine's; a clock time is today's. Raises
    NoSuchTime.
    """
    now = now or datetime.now(UTC)
    words = text.strip().lower()
    ago = _AGO.fullmatch(words)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        if words in {"today", "yesterday"}:
            day = now.astimezone().date() - timedelta(days=words == "yesterday")
            return datetime.combine(day, time()).astimezone(UTC)
        if _CLOCK.fullmatch(words):
            clock = time.fromisoformat(words.zfill(5) if words.count(":") == 1 else words.zfill(8))
            return datetime.combine(now.astimezone().date(), clock).astimezone(UTC)
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise NoSuchTime(
            _("{text} is no time that is known here").format(text=repr(text[:60])),
            next_step=_("say 10m, 2h, 3d, 03:00, yesterday, or 2026-11-24 03:00"),
        ) from problem
