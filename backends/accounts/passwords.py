"""Passwords as Dovecot checks them: Argon2id (RFC 9106) in the text form of its reference implementation."""

from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _

PASSES = 2
MEMORY = 19 << 20
"""Bytes. With two passes, OWASP's first recommendation for Argon2id: about 20 ms a login, and 30 logins at
once fit in 600 MB.
"""

LONGEST = 1024


class WrongPassword(MailsteadError):
    """A password that can't be used, or can't be read. The password itself is in no message."""


def hash_password(password: str) -> str:
    """`{ARGON2ID}$argon2id$…` with a fresh salt; raises WrongPassword for an empty or endless one, or one
    with a control character, which no client can type or send.
    """
    if not password or len(password) > LONGEST or not password.isprintable():
        raise WrongPassword(_("a password has 1 to {longest} printable characters").format(longest=LONGEST))
    from nacl.pwhash import argon2id  # 30 ms to import, and few commands make a password

    return "{ARGON2ID}" + argon2id.str(password.encode(), opslimit=PASSES, memlimit=MEMORY).decode()


def first_line(path: Path) -> str:
    """The password in the first line of a file; raises WrongPassword when it can't be read."""
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as problem:
        raise WrongPassword(
            _("the password can't be read"), tried=f"the first line of {path}", seen=str(problem)
        ) from problem
