"""Times, lengths of time and sizes as people say them."""

from datetime import UTC, datetime, timedelta

from backends.language import _

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def moment(at: datetime) -> str:
    """A time of this machine's clock: `07:31` today, `Mon 07:31` within the week, else the date."""
    here, today = at.astimezone(), now().astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    if timedelta() < today - here < timedelta(days=6):
        return f"{_weekdays()[here.weekday()]} {here:%H:%M}"
    return f"{here:%Y-%m-%d}"


def date_and_time(at: datetime) -> str:
    """A time in full, on this machine's clock."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def length(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h`, `2 days`: how long something takes or took."""
    if seconds < 90:
        return _("{count} s").format(count=round(max(0, seconds)))
    if seconds < 90 * 60:
        return _("{count} min").format(count=round(seconds / 60))
    if seconds < 36 * 3600:
        return _("{count} h").format(count=round(seconds / 3600))
    return _("{count} days").format(count=round(seconds / 86400))


def size(count: float) -> str:
    """Bytes in powers of 1024, `0 B`, `1.5 MB`, `2 GB`."""
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    text = f"{count:.1f}" if count < 10 and unit else f"{count:.0f}"
    return f"{text.removesuffix('.0')} {_UNITS[unit]}"


def _weekdays() -> tuple[str, ...]:
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
