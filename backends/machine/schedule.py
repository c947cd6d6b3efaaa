"""What runs by the clock: a systemd timer, or an entry for cron(8) where systemd does not run the machine."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from backends.errors import MailsteadError
from backends.language import _
from backends.resources import File, Resource, Service
from backends.templates import render

_WORDS = {
    # systemd.time(7), "Calendar Events"; the hour is night, as nothing here is meant to meet people at work
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "weekly": "0 0 * * 1",
    "monthly": "0 0 1 * *",
    "quarterly": "0 0 1 1,4,7,10 *",
    "semiannually": "0 0 1 1,7 *",
    "yearly": "0 0 1 1 *",
    "annually": "0 0 1 1 *",
    "minutely": "* * * * *",
}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FORM = re.compile(
    r"(?:(?P<days>[a-z][a-z.,]*)\s*)?"
    r"(?:(?:\*-)?(?P<month>[\d*,/.]+)-(?P<day>[\d*,/.]+)\s*)?"
    r"(?:(?P<hour>[\d*,/.]+):(?P<minute>[\d*,/.]+)(?::00)?)?"
)
_PART = re.compile(r"\*|(\*|0?(?P<first>\d{1,2})(\.\.0?(?P<last>\d{1,2}))?)(/(?P<step>\d{1,2}))?")


class NoCronTimesError(MailsteadError):
    """A calendar expression of systemd that cron has no words for."""


def scheduled(
    name: str,
    description: str,
    argv: Sequence[str],
    calendar: str,
    *,
    step: str,
    has_systemd: bool,
    user: str = "root",
    spread: int = 0,
    options: Sequence[str] = (),
) -> Iterator[Resource]:
    """What runs `argv` at the times of `calendar` (systemd.time(7)): `mailstead-NAME.timer`, or for cron.

    systemd delays a run by up to `spread` seconds and takes `options`, more lines for [Service]. Where cron
    does it, cron has to be installed and running. Raises NoCronTimesError.
    """
    unit = f"mailstead-{name}"
    values: dict[str, Any] = {"description": description, "user": user}

    def filled(template: str, **more: Any) -> bytes:
        return render(f"machine/templates/{template}", step=step, **values, **more)

    if not has_systemd:
        command = shlex.join(argv).replace("%", r"\%")  # cron takes a bare % for a line break, crontab(5)
        yield File(
            f"/etc/cron.d/{unit}", filled("scheduled.cron.j2", command=command, times=cron_times(calendar))
        )
        return
    service = filled("scheduled.service.j2", command=_exec_line(argv), options=options)
    timer = File(
        f"/etc/systemd/system/{unit}.timer",
        filled("scheduled.timer.j2", calendar=calendar, spread=spread),
    )
    yield File(f"/etc/systemd/system/{unit}.service", service)
    yield timer
    yield Service(f"{unit}.timer", restart_on=(timer,))


def cron_times(calendar: str) -> str:
    """The five fields of crontab(5) that mean the same as a calendar expression of systemd.

    Raises NoCronTimesError for what cron can't say: seconds, years, the last days of a month, and a day of
    the week together with a date (which cron takes for either of them).
    """
    text = calendar.strip().lower()
    if text in _WORDS:
        return _WORDS[text]
    found = _FORM.fullmatch(text)
    if not found or not text:
        raise _no_times(calendar)
    days, month, day = found["days"], found["month"] or "*", found["day"] or "*"
    if days and (month, day) != ("*", "*"):
        raise _no_times(calendar)
    has_time = found["hour"] is not None
    hour, minute = (found["hour"], found["minute"]) if has_time else ("0", "0")
    fields = ((minute, 0, 59), (hour, 0, 23), (day, 1, 31), (month, 1, 12))
    numbers = [_numbers(text, lowest, highest, calendar) for text, lowest, highest in fields]
    return " ".join([*numbers, _weekdays(days, calendar) if days else "*"])


def _numbers(text: str, lowest: int, highest: int, calendar: str) -> str:
    return ",".join(_range(part, lowest, highest, calendar) for part in text.split(","))


def _range(part: str, lowest: int, highest: int, calendar: str) -> str:
    found = _PART.fullmatch(part)
    if not found:
        raise _no_times(calendar)
    step = f"/{int(found['step'])}" if found["step"] else ""
    if found["first"] is None:
        return f"*{step}"
    first = int(found["first"])
    # systemd's 5/15 goes on to the end of the field; cron wants that end.
    last = int(found["last"]) if found["last"] else highest if step else first
    if not lowest <= first <= last <= highest:
        raise _no_times(calendar)
    return f"{first}-{last}{step}" if last > first else f"{first}"


def _weekdays(text: str, calendar: str) -> str:
    chosen: set[int] = set()
    for part in text.split(","):
        ends = [_DAYS.index(day[:3]) for day in part.split("..") if day[:3] in _DAYS]
        if len(ends) != len(part.split("..")) or len(ends) > 2:
            raise _no_times(calendar)
        chosen.update((ends[0] + more) % 7 for more in range((ends[-1] - ends[0]) % 7 + 1))
    return ",".join(map(str, sorted(chosen)))


def _no_times(calendar: str) -> NoCronTimesError:
    return NoCronTimesError(
        _("cron can't do {calendar!r}").format(calendar=calendar),
        next_step=_(
            'without systemd, use "hourly", "daily", "weekly", "monthly", "Sun 03:00" or "*-*-* 02:30"'
        ),
    )


def _exec_line(argv: Sequence[str]) -> str:
    """The words as systemd.service(5) reads them, "Command lines": quoted, `%` and `$` doubled."""
    return " ".join(
        '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
        if not re.fullmatch(r"[A-Za-z0-9@._:/+=~-]+", word)
        else word
        for word in argv
    )
