"""What the overview says, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content

from backends.language import _, ngettext
from screens.console.moments import date_and_time, length, moment, now, size

if TYPE_CHECKING:
    from backends.checks import Finding
    from wizard.overview import Checked, Facts

LOOKING = _("Looking at the server …")
NOT_SEEN = _("The server could not be looked at; the last line says why.")

_FEW_DAYS = 14
_NEARLY_FULL = 90
_LABEL_WIDTH = 14
_DETAIL_WIDTH = 8
_MARKS = {
    "fail": (_("FAIL"), "bold red"),
    "warn": (_("WARN"), "yellow"),
    "skip": (_("skip"), ""),
    "ok": (_("ok"), ""),
}
_MARK_WIDTH = max(cell_len(mark) for mark, _style in _MARKS.values())


def verdict(checks: Sequence[Checked], facts: Facts | None) -> Content:
    """One line that answers the question."""
    failing = [one for one in checks if one.result.finding.status == "fail"]
    warning = [one for one in checks if one.result.finding.status == "warn"]
    if failing:
        first = failing[0]
        text = ngettext("{count} check fails: ", "{count} checks fail, first: ", len(failing))
        text = text.format(count=len(failing)) + first.result.title
        if first.standing.went_bad:
            text += _(", bad since {time}").format(time=moment(first.standing.since))
        return Content(f"! {text}").stylize("bold $text-error")
    if facts and facts.proof and not facts.proof.is_ok:
        return Content(
            _("! The last proof failed: {title}").format(title=facts.proof.failed[0].title)
        ).stylize("bold $text-error")
    if not checks:
        return Content(LOOKING)
    if facts and facts.proof:
        text = _("It works: no check fails, mail was proved to flow {time}").format(
            time=moment(facts.proof.at)
        )
    else:
        text = _("No check fails; p proves whether mail flows")
    if warning:
        text += "; " + ngettext("{count} warning", "{count} warnings", len(warning)).format(
            count=len(warning)
        )
    return Content(text).stylize("bold")


def facts(seen: Facts, width: int) -> Content:
    """A line for each of them."""
    lines = [
        (_("Services"), _services(seen, width - _LABEL_WIDTH - 2)),
        (_("Queue"), _queue(seen)),
        (_("Last proof"), _proof(seen)),
        (_("Certificates"), _certificates(seen)),
        (_("Backup"), _backup(seen)),
        (_("Disk"), _disks(seen)),
        (_("Bans"), _bans(seen)),
    ]
    rows = [
        Content.assemble(Content(label).pad_right(_LABEL_WIDTH - Content(label).cell_length), text)
        for label, text in lines
    ]
    return Content("\n").join([row.truncate(max(20, width - 2), ellipsis=True) for row in rows])


def count_of(checks: Sequence[Checked]) -> Content:
    """The heading of the list."""
    if not checks:
        return Content(_("Checks")).stylize("bold")
    numbers = {name: sum(one.result.finding.status == name for one in checks) for name in _MARKS}
    parts = [
        ngettext("{count} fails", "{count} fail", numbers["fail"]),
        ngettext("{count} warns", "{count} warn", numbers["warn"]),
        ngettext("{count} can't be asked", "{count} can't be asked", numbers["skip"]),
        ngettext("{count} is well", "{count} are well", numbers["ok"]),
    ]
    said = [part.format(count=count) for part, count in zip(parts, numbers.values(), strict=True) if count]
    return Content.assemble(Content(_("Checks")).stylize("bold"), "  ", ", ".join(said))


def check_line(checked: Checked, width: int) -> Text:
    """`FAIL  Postfix runs: not running            since 07:30`"""
    mark, style = _MARKS[checked.result.finding.status]
    since = ""
    if checked.is_bad and checked.standing.before:
        since = _("since {time}").format(time=moment(checked.standing.since))
    room = width - (len(since) + 2 if since else 0)
    mark = set_cell_size(mark, _MARK_WIDTH)
    line = Text(f"{mark}  {checked.result.title}: {checked.result.finding.seen}", style=style, no_wrap=True)
    line.truncate(max(10, room), overflow="ellipsis", pad=bool(since))
    return line.append(f"  {since}") if since else line


def details(checked: Checked, width: int) -> Content:
    """What is under the cursor: as much as a few lines hold."""
    finding = checked.result.finding
    lines = [_labelled(_("seen"), finding.seen, width)]
    if checked.is_bad:
        lines += [_labelled(_("wanted"), finding.wanted, width), _labelled(_("mend"), finding.mend, width)]
    if finding.action:
        lines.append(_labelled(_("key m"), finding.action.label, width).stylize("bold"))
    return Content("\n").join(lines)


def check_in_full(checked: Checked) -> str:
    """Everything about a check, for a page of its own."""
    finding = checked.result.finding
    lines = [
        (_("check"), checked.result.id),
        (_("status"), _status(finding)),
        (_("since"), date_and_time(checked.standing.since)),
        (_("seen"), finding.seen),
        (_("wanted"), finding.wanted),
        (_("mend"), finding.mend),
        (_("key m"), f"{finding.action.label}: {' '.join(finding.action.command)}" if finding.action else ""),
    ]
    return "\n".join(f"{label}: {text}" for label, text in lines if text)


def _labelled(label: str, text: str, width: int) -> Content:
    """At most two lines; the page of its own has all of it."""
    name = Content(label).pad_right(_DETAIL_WIDTH - Content(label).cell_length).stylize("$text-muted")
    return Content.assemble(
        name, Content(text).truncate(max(20, 2 * width - _DETAIL_WIDTH - 8), ellipsis=True)
    )


def _status(finding: Finding) -> str:
    return {"ok": _("well"), "warn": _("warning"), "fail": _("failure"), "skip": _("can't be asked")}[
        finding.status
    ]


def _alarm(text: str) -> Content:
    return Content(f"! {text}").stylize("bold $text-error")


def _services(seen: Facts, room: int) -> Content:
    down = [one.name for one in seen.systems if not one.is_up]
    up = [one.name for one in seen.systems if one.is_up]
    names = " ".join(up)
    count = ngettext("{count} is up", "{count} are up", len(up)).format(count=len(up))
    if down:
        return Content.assemble(_alarm(_("DOWN: {names}").format(names=" ".join(down))), "; ", count)
    every = _("all {count} are up").format(count=len(up))
    return Content(f"{every}: {names}" if len(every) + len(names) + 2 <= room else every)


def _queue(seen: Facts) -> Content:
    queue = seen.queue
    if queue is None:
        return Content(_("can't be read"))
    if not queue.total:
        return Content(_("empty"))
    text = _("{active} active, {deferred} deferred, {hold} on hold").format(
        active=queue.active + queue.incoming, deferred=queue.deferred, hold=queue.hold
    )
    if queue.oldest:
        age = length((now() - queue.oldest).total_seconds())
        text += _("; the oldest waits for {age}").format(age=age)
    return Content(text)


def _proof(seen: Facts) -> Content:
    proof = seen.proof
    if proof is None:
        return Content(_("none yet; p proves that mail flows"))
    total = len(proof.results)
    if proof.is_ok:
        return Content(
            _("well, {time} ({count} of {count} parts)").format(time=moment(proof.at), count=total)
        )
    return _alarm(
        _("FAILED, {time}: {title}").format(
            time=moment(proof.at), title=proof.failed[0].title if proof.failed else _("nothing was tried")
        )
    )


def _certificates(seen: Facts) -> Content:
    if not seen.certificates:
        return _alarm(_("none on disk"))
    text = ", ".join(
        _("{kind} {days} days left").format(kind=one.kind.upper(), days=one.days_left)
        for one in seen.certificates
    )
    return _alarm(text) if min(one.days_left for one in seen.certificates) < _FEW_DAYS else Content(text)


def _backup(seen: Facts) -> Content:
    backup = seen.backup
    if not backup.is_wanted:
        return Content(_("off: the answers name no repository"))
    if backup.last:
        last = _("last {time}").format(time=moment(backup.last))
    else:
        last = _("no backup yet") if backup.is_visible else _("kept elsewhere, not seen from here")
    drill = _("last drill {time}").format(time=moment(backup.drill)) if backup.drill else _("no drill yet")
    return Content(f"{last}; {drill}")


def _disks(seen: Facts) -> Content:
    parts = []
    for disk in seen.disks:
        text = _("{path} {percent} % used, {free} free").format(
            path=disk.path, percent=disk.used_percent, free=size(disk.free_bytes)
        )
        parts.append(_alarm(text) if disk.used_percent >= _NEARLY_FULL else Content(text))
    return Content("; ").join(parts)


def _bans(seen: Facts) -> Content:
    if seen.bans is None:
        return Content(_("not known: fail2ban's memory can't be read"))
    if not seen.bans:
        return Content(_("nobody is banned"))
    return Content(
        ngettext("{count} address is banned", "{count} addresses are banned", seen.bans).format(
            count=seen.bans
        )
    )
