"""A line of a log: when, of which service, how bad, and what it says."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backends.logs.services import SYSTEM, service_of
from backends.logs.severity import Severity, severity_of
from backends.logs.stamps import local_time, yearless_time, zoned_time
from backends.text import clean

LONGEST_TEXT = 8000
"""Characters of a line that are kept. rsyslog itself cuts at 8 KiB (maxMessageSize, rsyslog.conf(5))."""

LONGEST_RAW = 4 * LONGEST_TEXT + 4
"""Bytes of a line that are looked at: LONGEST_TEXT characters of UTF-8 and one more, to see the cut."""

_SPACED = re.compile(r"(\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d)(?:[.,](\d{1,6}))? +")
_YEARLESS = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) +")
_TAG = re.compile(r"([^\s\[:(]{1,64})(?:[\[(<][^:]*)?: ")
_FAIL2BAN = re.compile(r"fail2ban\.\w+ +\[\d+\]: [A-Z]+ ")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, cleaned. `at` is UTC, None where the line has no time of its own: it goes on from the one
    before it. `text` is without the time and the machine's name.
    """

    at: datetime | None
    service: str
    severity: Severity
    text: str


def parse_line(raw: bytes, service: str = SYSTEM) -> LogLine | None:
    """The line in these bytes, which may be anything; None for an empty one.

    `service` is whose file it is from, for formats that don't say. Known are the system log's two (RFC 3339
    and RFC 3164 times), those of fail2ban, Rspamd and nginx, Dovecot's own and Mailstead's audit log. What
    has none of these formats comes as it is.
    """
    text = clean(raw[:LONGEST_RAW].lstrip(b"\0").rstrip(b"\r\n"), LONGEST_TEXT)
    if text[10:11] == "T":
        stamp, _, rest = text.partition(" ")
        at = zoned_time(stamp)
        if at is not None:
            return _of_system_log(at, rest.partition(" ")[2], service)
    if text.startswith("{"):
        return _of_audit_log(text, service)
    spaced = _SPACED.match(text)
    if spaced:
        at = local_time(spaced[1], spaced[2] or "")
        return _of_own_log(at, text[spaced.end() :], service) if at else _plain(text, service)
    yearless = _YEARLESS.match(text)
    if yearless:
        at = yearless_time(yearless[1])
        return _without_year(at, text[yearless.end() :], service) if at else _plain(text, service)
    return _plain(text, service) if text and not text.isspace() else None


def _of_system_log(at: datetime, text: str, service: str) -> LogLine:
    """`postfix/smtpd[1823]: disconnect from …`"""
    program, separator, message = text.partition(": ")
    name = program.partition("[")[0]
    if not separator or " " in name:
        return LogLine(at, service, severity_of(service, text), text)
    known = service_of(name)
    return LogLine(at, known, severity_of(known, message), text)


def _of_own_log(at: datetime, text: str, service: str) -> LogLine:
    """A line after a time that only programs write that have a file for themselves."""
    if _FAIL2BAN.match(text):
        return LogLine(at, "fail2ban", severity_of("fail2ban", text), " ".join(text.split()))
    return LogLine(at, service, severity_of(service, text), text)


def _without_year(at: datetime, text: str, service: str) -> LogLine:
    """`imap-login: Info: Login: …` as Dovecot writes it itself, or `mail postfix/smtpd[1823]: …`"""
    tag = _TAG.match(text)
    if tag:
        known = service_of(tag[1])
        return LogLine(at, known, severity_of(known, text), text)
    return _of_system_log(at, text.partition(" ")[2], service)


def _of_audit_log(text: str, service: str) -> LogLine:
    """What `wizard.audit` writes: a JSON object with when, who, from where, what, and the exit status."""
    try:
        entry: dict[str, Any] = json.loads(text)
        status = int(entry["status"])
        command = entry["command"]
        words = command if isinstance(command, str) else " ".join(map(str, command))
        told = f"{entry['user']} from {entry['from']}: mailstead {words}"
        at = zoned_time(str(entry["at"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return _plain(text, service)
    outcome = " (done)" if status == 0 else f" (exit status {status})"
    return LogLine(
        at, "mailstead", Severity.ERROR if status else Severity.INFO, clean(told, LONGEST_TEXT) + outcome
    )


def _plain(text: str, service: str) -> LogLine:
    return LogLine(None, service, severity_of(service, text), text)
