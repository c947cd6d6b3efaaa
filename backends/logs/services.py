"""Which service a program's lines belong to."""

from functools import lru_cache

SYSTEM = "system"
"""Every program that is not told apart."""

SERVICES = (
    "postfix",
    "dovecot",
    "rspamd",
    "fail2ban",
    "mailstead",
    "ssh",
    "unbound",
    "redis",
    "nginx",
    SYSTEM,
)
"""Those whose lines are told apart, mail first."""

_BEGINNINGS = (
    *((service, service) for service in SERVICES if service != SYSTEM),
    ("rspam", "rspamd"),
)
"""How names of programs begin: `postfix/smtpd`, `sshd-session`, `redis-mail`, `unbound-helper`, `rspamc`."""

_DOVECOT = frozenset(
    {"anvil", "auth", "auth-worker", "config", "imap", "imap-login", "lda", "lmtp", "log"}
) | {
    "managesieve",
    "managesieve-login",
    "master",
    "pop3",
    "pop3-login",
    "stats",
}
"""Dovecot's processes, which name themselves where it writes its log itself (`log_path`)."""


@lru_cache(maxsize=512)
def service_of(program: str) -> str:
    """The service of a program as it names itself in the system log (RFC 3164 section 4.1.3: the tag)."""
    for beginning, service in _BEGINNINGS:
        if program.startswith(beginning):
            return service
    return "dovecot" if program in _DOVECOT else SYSTEM
