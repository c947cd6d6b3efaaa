"""Domains with their mailboxes and aliases, in one list that is read again only when it has changed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from backends.accounts.addresses import domain_of
from backends.accounts.aliases import list_aliases
from backends.accounts.database import DATABASE
from backends.accounts.domains import list_domains
from backends.accounts.mailboxes import list_accounts

Kind = Literal["domain", "mailbox", "alias"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list. `quota_bytes` 0 is no limit; `goes_to` are an alias' destinations; `mailboxes` and
    `aliases` count what a domain has. `created` is not kept for aliases.
    """

    kind: Kind
    name: str
    is_enabled: bool = True
    quota_bytes: int = 0
    created: datetime | None = None
    goes_to: tuple[str, ...] = ()
    mailboxes: int = 0
    aliases: int = 0

    @property
    def text(self) -> str:
        """What a filter looks at: every name, and words for its state."""
        state = "" if self.is_enabled else "suspended"
        return " ".join((self.name, *self.goes_to, self.kind, state))


class MailboxList:
    """The list as it was read last."""

    def __init__(self, database: Path = DATABASE) -> None:
        self._database = database
        self._seen: tuple[int, int, int] | None = None
        self._entries: tuple[Entry, ...] = ()

    def read(self) -> tuple[Entry, ...]:
        """Each domain by name, then its mailboxes, then its aliases; raises DatabaseError.

        It is the very same value where nothing has changed.
        """
        seen = self._state()
        if seen is None or seen != self._seen:
            self._entries, self._seen = tuple(_entries(self._database)), seen
        return self._entries

    def _state(self) -> tuple[int, int, int] | None:
        try:
            now = self._database.stat()
        except FileNotFoundError:
            return None
        return now.st_mtime_ns, now.st_size, now.st_ino


def _entries(database: Path) -> Iterator[Entry]:
    below: dict[str, list[Entry]] = defaultdict(list)
    for account in list_accounts(database):
        below[domain_of(account.address)].append(
            Entry("mailbox", account.address, account.is_enabled, account.quota_bytes, account.created)
        )
    for alias in list_aliases(database):
        below[domain_of(alias.address)].append(Entry("alias", alias.address, goes_to=alias.destinations))
    for domain in list_domains(database):
        yield Entry(
            "domain", domain.name, created=domain.created, mailboxes=domain.accounts, aliases=domain.aliases
        )
        yield from below[domain.name]
