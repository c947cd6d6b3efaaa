"""The last login to a mailbox that the mail log still tells of."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backends.text import clean

MAIL_LOG = Path("/var/log/mail.log")
_LOOKED_AT = 16 << 20
"""Bytes at the end of the log."""


@dataclass(frozen=True)
class Login:
    """When, from where, and by which protocol."""

    at: datetime
    peer: str
    protocol: str


def last_login(address: str, log: Path = MAIL_LOG) -> Login | None:
    """The newest login of this address in the log that is being written; None where it tells of none.

    Dovecot says `Login:` (2.3) or `Logged in:` (2.4), Postfix names who submits in `sasl_username=`.
    """
    name = re.escape(address.encode())
    reading = (
        rb"(?P<protocol>imap|pop3|managesieve)-login: (?:Login|Logged in): "
        rb"user=<%b>,.*? rip=(?P<rip>[0-9a-f.:]+)"
    )
    sending = (
        rb"smtpd\[\d+\]: \w+: client=\S*?\[(?P<peer>[0-9a-f.:]+)\], sasl_method=\S+, sasl_username=%b\s*$"
    )
    pattern = re.compile(rb"^(?P<at>\S+) .*?(?:%b|%b)" % (reading % name, sending % name), re.MULTILINE)
    found = None
    for found in pattern.finditer(_end_of(log)):  # noqa: B007  the last one
        pass
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found["at"].decode("ascii", errors="replace"))
    except ValueError:
        return None
    peer = found["rip"] or found["peer"]
    return Login(at, clean(peer), clean(found["protocol"] or b"submission"))


def _end_of(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOOKED_AT))
            return file.read()
    except OSError:
        return b""
