"""How bad a line is, by the marks that each server documents or has always used."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """Error: something did not work. Warning: somebody may want to look. Info: everything else."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

_LOOKED_AT = 1000
"""Characters in which a mark is looked for; servers put it at the start."""

_WORDS = {
    "error": _ERROR,
    "fatal": _ERROR,
    "fatal error": _ERROR,
    "panic": _ERROR,
    "crit": _ERROR,
    "critical": _ERROR,
    "alert": _ERROR,
    "emerg": _ERROR,
    "warn": _WARNING,
    "warning": _WARNING,
}

_POSTFIX = re.compile(r"(?:^|: )(error|fatal|panic|warning): ")
"""msg(3) of Postfix; after the queue id where a header check says WARN (header_checks(5))."""

_POSTFIX_ERROR = (" status=bounced ", " status=expired", ", status=force-expired")
_POSTFIX_WARNING = (" status=deferred ", "reject: ", " status=undeliverable ")
_DOVECOT = re.compile(r"(?:^|: )(Error|Fatal|Panic|Warning): ")
_UNBOUND = re.compile(r"^\[\d+:[0-9a-f]+\] (error|fatal error|warning): ")
_FAIL2BAN = re.compile(r"\]: (CRITICAL|ERROR|WARNING) ")
_BRACKETED = re.compile(r"\[(error|critical|crit|alert|emerg|warning|warn)\] ")
"""nginx's error log, and Rspamd with `log_severity`."""

_RSPAMD_TROUBLE = re.compile(r"\b(?:cannot|failed|unable|timed out|error)\b")
"""Rspamd tells the severity to the system log, which keeps it from the file: the words have to do."""

_REDIS = re.compile(r"^(?:\d+:[A-Z] [^*#]{20,30} # |WARNING |# )")
_GENERAL = re.compile(r"^(error|fatal|fatal error|panic|warning|critical)\b", re.IGNORECASE)
_SYSTEMD_ERROR = ("Failed to start ", "Out of memory: Killed process")
_SYSTEMD_WARNING = (": Failed with result ", ": Main process exited, code=")


def severity_of(service: str, message: str) -> Severity:
    """How bad a message of a service is; `message` comes after the program's name and process id."""
    return _JUDGES.get(service, _general)(message[:_LOOKED_AT])


def _postfix(message: str) -> Severity:
    found = _POSTFIX.search(message)
    if found:
        return _WORDS[found[1]]
    if any(mark in message for mark in _POSTFIX_ERROR):
        return _ERROR
    return _WARNING if any(mark in message for mark in _POSTFIX_WARNING) else _INFO


def _dovecot(message: str) -> Severity:
    return _marked(_DOVECOT.search(message))


def _rspamd(message: str) -> Severity:
    if "rspamd_task_write_log" in message:
        return _WARNING if " F (reject): " in message or " T (reject): " in message else _INFO
    marked = _marked(_BRACKETED.search(message))
    if marked is not _INFO:
        return marked
    return _WARNING if _RSPAMD_TROUBLE.search(message) else _INFO


def _fail2ban(message: str) -> Severity:
    return _marked(_FAIL2BAN.search(message))


def _unbound(message: str) -> Severity:
    return _marked(_UNBOUND.search(message))


def _nginx(message: str) -> Severity:
    return _marked(_BRACKETED.search(message))


def _redis(message: str) -> Severity:
    return _WARNING if _REDIS.search(message) else _INFO


def _general(message: str) -> Severity:
    if any(mark in message for mark in _SYSTEMD_ERROR):
        return _ERROR
    if any(mark in message for mark in _SYSTEMD_WARNING):
        return _WARNING
    return _marked(_GENERAL.search(message))


def _marked(found: re.Match[str] | None) -> Severity:
    return _WORDS[found[1].lower()] if found else _INFO


_JUDGES: Mapping[str, Callable[[str], Severity]] = MappingProxyType(
    {
        "postfix": _postfix,
        "dovecot": _dovecot,
        "rspamd": _rspamd,
        "fail2ban": _fail2ban,
        "unbound": _unbound,
        "nginx": _nginx,
        "redis": _redis,
    }
)
