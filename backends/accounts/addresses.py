"""What an address may look like, so that it is safe as a directory's name and in every lookup."""

import re

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

LONGEST = 240
"""Characters. RFC 5321 section 4.5.3.1.3 has 254; files are named after addresses, and names end at 255."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
_LOCAL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]|\.(?!\.)){0,62}[a-z0-9_]|[a-z0-9_]")
_ANY_LOCAL = re.compile(r"[a-z0-9_](?:[a-z0-9_+=-]|\.(?!\.)){0,62}[a-z0-9_+=]|[a-z0-9_]")


class WrongAddress(MailsteadError):
    """A text that is no address or domain that can be used here."""


def parse_domain(text: str) -> str:
    """A mail domain in lower case and ASCII, with at least two labels; raises WrongAddress."""
    domain = text.lower()
    if len(domain) > LONGEST or not _DOMAIN.fullmatch(domain):
        raise WrongAddress(
            _("{text!r} is no mail domain").format(text=clean(text, 80)),
            next_step=_("write one like example.org, in ASCII"),
        )
    return domain


def parse_address(text: str) -> str:
    """The address of a mailbox or an alias here, in lower case; raises WrongAddress.

    Before the `@` stand letters, digits, `.`, `_` and `-`; what follows a `+` is a folder of the mailbox, so
    no address has one.
    """
    return _parse(text, _LOCAL, "letters, digits, '.', '_' and '-' may stand before the '@'")


def parse_destination(text: str) -> str:
    """An address that mail can be sent on to, in lower case, anywhere in the world; raises WrongAddress."""
    return _parse(text, _ANY_LOCAL, "letters, digits, '.', '_', '-', '+' and '=' may stand before the '@'")


def domain_of(address: str) -> str:
    """What stands behind the `@`."""
    return address.rpartition("@")[2]


def _parse(text: str, local_part: re.Pattern[str], hint: str) -> str:
    local, at, domain = text.lower().rpartition("@")
    if not at or len(text) > LONGEST or not local_part.fullmatch(local):
        raise WrongAddress(
            _("{text!r} is no address that works here").format(text=clean(text, 80)), next_step=hint
        )
    return f"{local}@{parse_domain(domain)}"
