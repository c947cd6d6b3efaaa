"""Which files hold the logs, and whose lines are in them."""

import re
from dataclasses import dataclass
from pathlib import Path

from backends.logs.services import SYSTEM

_IN_MAIL_LOG = re.compile(
    rb"(?:\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \S+) \S+ (?:postfix|dovecot|rspamd|mailstead)\b"
)


@dataclass(frozen=True)
class LogSource:
    """A log file. `service` is who writes it, where its lines don't say."""

    path: Path
    service: str = SYSTEM
    skipped: re.Pattern[bytes] | None = None
    """Lines that begin like this are in another file too, and are read from there."""


SOURCES: tuple[LogSource, ...] = (
    LogSource(Path("/var/log/mail.log")),
    LogSource(Path("/var/log/rspamd/rspamd.log"), "rspamd"),
    LogSource(Path("/var/log/fail2ban.log"), "fail2ban"),
    LogSource(Path("/var/log/mailstead/audit.log"), "mailstead"),
    LogSource(Path("/var/log/auth.log")),
    LogSource(Path("/var/log/nginx/error.log"), "nginx"),
    # Debian's rules write mail there a second time (*.*;auth,authpriv.none, /etc/rsyslog.conf).
    LogSource(Path("/var/log/syslog"), skipped=_IN_MAIL_LOG),
)
"""The busiest first. Postfix, Dovecot and Rspamd write to mail.log, the resolver and Redis to syslog."""
