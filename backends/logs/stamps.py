"""The times that servers write before their lines, as UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_A_LITTLE_LATER = timedelta(days=1)


def zoned_time(text: str) -> datetime | None:
    """`2026-11-24T07:23:11.141364+00:00` (RFC 3339), as rsyslog writes it on Debian 12 and later."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def local_time(text: str, fraction: str = "") -> datetime | None:
    """`2026-11-24 07:23:22` or with slashes, in the machine's time zone; `fraction` is the digits of what is
    less than a second. fail2ban, Rspamd and nginx write this.
    """
    at = _local_second(text)
    if at is None or not fraction.isdecimal():
        return at
    return at.replace(microsecond=int(fraction[:6].ljust(6, "0")))


def yearless_time(text: str) -> datetime | None:
    """`Nov 24 07:23:11` (RFC 3164) in the machine's time zone, which is in the last twelve months.

    Postfix and Dovecot write this where they write their logs themselves.
    """
    return _yearless_second(text, datetime.now(UTC).date().toordinal())


@lru_cache(maxsize=1024)
def _local_second(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("/", "-")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _yearless_second(text: str, today: int) -> datetime | None:
    latest = datetime.fromordinal(today).replace(tzinfo=UTC) + 2 * _A_LITTLE_LATER
    try:
        month, day, clock = _MONTHS[text[:3]], int(text[4:6]), text[7:15]
        hour, minute, second = (int(part) for part in clock.split(":"))
    except (KeyError, ValueError):
        return None
    for year in range(latest.year, latest.year - 5, -1):  # 29 February is not in every year
        try:
            at = datetime(year, month, day, hour, minute, second).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        if at < latest:
            return at
    return None
