"""A run in words: its stages, its events as lines of a log, and its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from backends.language import _, ngettext
from backends.text import clean
from wizard.journal import Event

Fields = Mapping[str, Any]
Told = tuple[str, str]
"""Words, of one line or several, and their tone."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log. `tone` is `bad`, `good`, `doubtful`, or nothing."""

    number: int
    at: str
    text: str
    tone: str = ""


def stage_title(name: str) -> str:
    """What a stage is for, with the name of its system."""
    words = {
        "state": _("Answers and secrets"),
        "packages": _("Packages"),
        "nftables": _("Firewall (nftables)"),
        "rsyslog": _("Logs (rsyslog)"),
        "unbound": _("Resolver (Unbound)"),
        "resolver": _("Resolver in use"),
        "certificates": _("Certificates"),
        "nginx": _("Pages for mail programs (nginx)"),
        "redis": _("Memory of the filter (Redis)"),
        "rspamd": _("Spam filter (Rspamd)"),
        "accounts": _("Accounts"),
        "dovecot": _("Mailboxes (Dovecot)"),
        "tls_policy": _("Encryption towards others (DANE, MTA-STS)"),
        "postfix": _("Mail in and out (Postfix)"),
        "fail2ban": _("Bans (fail2ban)"),
        "logrotate": _("Old logs (logrotate)"),
        "reports": _("Reports from others"),
        "lexicon": _("Way to the DNS provider (lexicon)"),
    }
    return words.get(name, clean(name, 40))


def log_lines(event: Event, first: int) -> list[LogLine]:
    """The lines that an event is in the log, counted from `first`; none for what goes without saying."""
    told = _tell(event)
    if told is None:
        return []
    text, tone = told
    lines = [line for line in text.split("\n") if line.strip()]
    at = event.at[11:19]
    return [LogLine(first + n, at if n == 0 else "", clean(line), tone) for n, line in enumerate(lines)]


def duration(seconds: float) -> str:
    """Minutes and seconds: `1:05`; hours where there are some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_left(seconds: float) -> str:
    """An estimate, no more exact than it is."""
    if seconds < 5:
        return _("a few seconds left")
    if seconds < 90:
        return _("about {seconds} s left").format(seconds=int(seconds + 4) // 5 * 5)
    minutes = max(2, round(seconds / 60))
    return ngettext("about {minutes} min left", "about {minutes} min left", minutes).format(minutes=minutes)


def _tell(event: Event) -> tuple[str, str] | None:
    teller = _TELLERS.get(event.name)
    return None if teller is None else teller(event.fields)


def _planned(fields: Fields) -> Told:
    count = len(fields.get("changes", ()))
    return ngettext("{count} change to make", "{count} changes to make", count).format(count=count), ""


def _checked(fields: Fields) -> Told:
    tones = {"ok": "good", "fail": "bad", "warn": "doubtful"}
    return _seen(fields), tones.get(str(fields.get("status")), "")


def _finished(fields: Fields) -> Told:
    return (_("the run ended well"), "good") if fields.get("ok") else (_("the run failed"), "bad")


def _seen(fields: Fields) -> str:
    return f"{fields.get('title', '')}: {fields.get('seen', '')}"


def _stage(fields: Fields) -> str:
    return stage_title(str(fields.get("stage", "")))


def _what(fields: Fields) -> str:
    return str(fields.get("key", "")).partition(":")[2]


_TELLERS: Mapping[str, Callable[[Fields], Told]] = MappingProxyType(
    {
        "run": lambda f: (_("the run begins: {command}").format(command=f.get("command", "")), ""),
        "resumed": lambda _f: (_("going on with the run"), ""),
        "planned": _planned,
        "intent": lambda f: (str(f.get("summary", "")), ""),
        "waiting": lambda f: (_("waiting for {what}").format(what=f.get("awaited", "")), "doubtful"),
        "validated": lambda f: (_("accepted by: {command}").format(command=f.get("command", "")), ""),
        "checked": _checked,
        "stage_done": lambda f: (_("{stage}: done").format(stage=_stage(f)), "good"),
        "stage_failed": lambda f: (
            _("{stage}: failed").format(stage=_stage(f)) + f"\n{f.get('problem', '')}",
            "bad",
        ),
        "reverted": lambda f: (_("taken back: {what}").format(what=_what(f)), ""),
        "activated": lambda f: (_("restarted: {what}").format(what=_what(f)), ""),
        "stage_reverted": lambda f: (
            _("{stage}: all of it is as it was before").format(stage=_stage(f)),
            "doubtful",
        ),
        "left_alone": lambda f: (
            _("left as it is, changed since: {what}").format(what=_what(f)),
            "doubtful",
        ),
        "proved": lambda f: (_seen(f), "good" if f.get("ok") else "bad"),
        "problem": lambda f: (str(f.get("text", "")), "bad"),
        "finished": _finished,
    }
)
