"""What the blueprint says of domains, mailboxes and aliases."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MailboxSettings:
    """A mailbox that should be there.

    `password_file` holds the first password in its first line; it is read only when the mailbox is made.
    `quota_bytes` 0 is no limit.
    """

    address: str
    password_file: Path
    quota_bytes: int = 0


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
