"""What the mailboxes panel says, in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content

from backends.language import _, ngettext
from screens.console.moments import date_and_time, moment, size

if TYPE_CHECKING:
    from backends.dovecot.last_login import Login
    from backends.dovecot.mailbox_use import MailboxUse
    from wizard.mailbox_list import Entry

_QUOTA_WIDTH = 10
_STATE_WIDTH = 11


@dataclass(frozen=True)
class SeenUse:
    """What is known of one mailbox; `problem` says why its size is not."""

    use: MailboxUse | None
    login: Login | None
    problem: str = ""


def entry_line(entry: Entry, width: int) -> Text:
    """A domain at the left; below it what it has, with quota and state in columns."""
    if entry.kind == "domain":
        return Text(f"{entry.name}  ", style="bold").append(_counts(entry), style="not bold")
    if entry.kind == "alias":
        line = Text(f"  {entry.name} → {', '.join(entry.goes_to)}")
        line.truncate(width, overflow="ellipsis")
        return line
    room = max(10, width - _QUOTA_WIDTH - _STATE_WIDTH)
    line = Text(f"  {entry.name}", style="" if entry.is_enabled else "dim")
    line.truncate(room - 1, overflow="ellipsis", pad=True)
    line.append(f" {quota(entry.quota_bytes):>{_QUOTA_WIDTH - 2}}  ")
    return line.append("" if entry.is_enabled else _("suspended"), style="bold")


def titles(width: int) -> Content:
    """What stands in the columns."""
    room = max(10, width - _QUOTA_WIDTH - _STATE_WIDTH)
    name = Content(_("Domain, mailbox, alias"))
    limit = Content(_("quota"))
    gap = max(1, room + _QUOTA_WIDTH - 1 - name.cell_length - limit.cell_length)
    return Content.assemble(name, " " * gap, limit, "  ", _("state"))


def details(entry: Entry, seen: SeenUse | None) -> Content:
    """Three lines about what is under the cursor."""
    if entry.kind == "domain":
        since = date_and_time(entry.created) if entry.created else ""
        return Content(f"{entry.name}: {_counts(entry)}\n" + _("here since {time}").format(time=since))
    if entry.kind == "alias":
        text = _("Mail for {name} goes to:").format(name=entry.name)
        return Content(f"{text}\n{', '.join(entry.goes_to)}")
    state = _("active") if entry.is_enabled else _("suspended: nobody can log in, mail for it is taken")
    lines = [f"{entry.name}: {state}", _use(entry, seen), _login(seen)]
    return Content("\n".join(lines))


def in_full(entry: Entry, seen: SeenUse | None, directory: str, lead_here: Collection[str]) -> str:
    """Everything that is known of a mailbox."""
    lines = [
        _("state: {state}").format(state=_("active") if entry.is_enabled else _("suspended")),
        _("quota: {quota}").format(quota=quota(entry.quota_bytes)),
        _use(entry, seen),
        _login(seen),
        _("made: {time}").format(time=date_and_time(entry.created)) if entry.created else "",
        _("mail: {directory}").format(directory=directory),
        _("aliases: {aliases}").format(aliases=", ".join(lead_here) or _("none lead here")),
    ]
    return "\n".join(line for line in lines if line)


def count_of(entries: Sequence[Entry], shown: int) -> str:
    """How many there are of each, for the last line."""
    domains = sum(entry.kind == "domain" for entry in entries)
    mailboxes = sum(entry.kind == "mailbox" for entry in entries)
    text = ", ".join(
        (
            ngettext("{count} domain", "{count} domains", domains).format(count=domains),
            ngettext("{count} mailbox", "{count} mailboxes", mailboxes).format(count=mailboxes),
            _aliases(len(entries) - domains - mailboxes),
        )
    )
    if shown == len(entries):
        return text
    return _("{text}; the filter shows {count}").format(text=text, count=shown)


def quota(limit: int) -> str:
    """A limit for people."""
    return size(limit) if limit else _("no limit")


def before_deletion(entry: Entry, directory: str, lead_here: Collection[str], *, comes_back: bool) -> str:
    """What follows when this goes."""
    if entry.kind == "mailbox":
        lines = [
            _("Nobody can log in to it any more, and mail for it is refused."),
            _("Its mail stays in {directory}.").format(directory=directory),
        ]
        if lead_here:
            lines.append(
                _("Mail for {aliases} goes nowhere then: these lead to it.").format(
                    aliases=", ".join(sorted(lead_here)[:5])
                )
            )
    elif entry.kind == "alias":
        lines = [
            _("Mail for it is refused then. It goes to {goes_to} now.").format(
                goes_to=", ".join(entry.goes_to[:5])
            )
        ]
    else:
        lines = [_("Mail for any address of this domain is refused then.")]
    if comes_back:
        lines.append(_("The answers name it: the next replay makes it again."))
    return "\n".join(lines)


def _counts(domain: Entry) -> str:
    mailboxes = ngettext("{count} mailbox", "{count} mailboxes", domain.mailboxes)
    return f"{mailboxes.format(count=domain.mailboxes)}, {_aliases(domain.aliases)}"


def _aliases(count: int) -> str:
    return ngettext("{count} alias", "{count} aliases", count).format(count=count)


def _use(entry: Entry, seen: SeenUse | None) -> str:
    if seen is None:
        return _("used: …")
    if seen.use is None:
        return _("used: not known ({problem})").format(problem=seen.problem)
    text = _("used: {used} of {limit}") if entry.quota_bytes else _("used: {used}, no limit")
    messages = ngettext("{count} message", "{count} messages", seen.use.messages)
    told = text.format(used=size(seen.use.used_bytes), limit=size(entry.quota_bytes))
    return f"{told}, {messages.format(count=seen.use.messages)}"


def _login(seen: SeenUse | None) -> str:
    if seen is None:
        return _("last login: …")
    if seen.login is None:
        return _("last login: the present mail log tells of none")
    return _("last login: {time} by {protocol} from {peer}").format(
        time=moment(seen.login.at), protocol=seen.login.protocol, peer=seen.login.peer
    )
