"""What the blueprint says of domains, mailboxes and aliases."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class MailboxSettings:
    """A mailbox that should be there.

    `password_file` holds the first password in its first line; where the password is in no file,
    `read_password` gives it. Either is asked only when the mailbox is made. `quota_bytes` 0 is no limit.
    """

    address: str
    password_file: Path | None = None
    quota_bytes: int = 0
    read_password: Callable[[], str] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class AliasSettings:
    """An address that leads to others, here or elsewhere."""

    address: str
    destinations: tuple[str, ...]


@dataclass(frozen=True)
class AccountsSettings:
    """Domains, mailboxes and aliases that should be there; others, added later by a person, stay."""

    domains: tuple[str, ...]
    mailboxes: tuple[MailboxSettings, ...] = ()
    aliases: tuple[AliasSettings, ...] = ()
