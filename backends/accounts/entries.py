"""Domains, accounts and aliases, as the engine sees them.

What people added by command is not theirs: a resource speaks of one domain, account or alias only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from backends.accounts import aliases, database, mailboxes
from backends.accounts.addresses import parse_address, parse_destination, parse_domain
from backends.accounts.passwords import hash_password
from backends.language import _
from backends.resources import (
    Action,
    Description,
    Entry,
    FetchImage,
    KeepImage,
    Record,
    Resource,
    State,
)

_DATABASE = str(database.DATABASE)


@dataclass(frozen=True)
class DomainEntry(Entry):
    """That mail for this domain is taken. Going back leaves it while it has accounts or aliases."""

    kind = "domain"

    domain: str
    path: str = _DATABASE

    @property
    def name(self) -> str:
        """The domain."""
        return self.domain

    def exists(self) -> bool:
        """Whether it is there now."""
        return (self.domain,) in _rows(self.path, "SELECT domain FROM domains")

    def _set(self, *, exists: bool) -> None:
        domain = parse_domain(self.domain)
        with database.writing(Path(self.path)) as connection:
            if exists:
                connection.execute("INSERT OR IGNORE INTO domains (domain) VALUES (?)", (domain,))
            else:
                connection.execute(
                    "DELETE FROM domains WHERE domain = ?1"
                    " AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.domain = ?1)"
                    " AND NOT EXISTS (SELECT 1 FROM aliases WHERE aliases.domain = ?1)",
                    (domain,),
                )

    def _words(self, *, exists: bool) -> str:
        words = _("take mail for {domain}") if exists else _("take no more mail for {domain}")
        return words.format(domain=self.domain)


@dataclass(frozen=True)
class _AddressEntry(Resource):
    """What the database holds for one address; only the address tells it from another."""

    address: str
    path: str = field(default=_DATABASE, kw_only=True)

    @property
    def name(self) -> str:
        """The address."""
        return self.address

    def identity(self) -> Record:
        """Address and database."""
        return {"address": self.address, "path": self.path}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The entry of this address, with nothing said of what it should hold."""
        return cls(**identity)


@dataclass(frozen=True)
class AccountState(State):
    """Whether an account is there, its limit in bytes, and whether its owner may log in."""

    exists: bool
    quota: int = 0
    is_enabled: bool = False

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  its password is kept nowhere else
        """The state as JSON values."""
        return dict(vars(self))


def _no_password() -> str:
    raise TypeError("an account known from a journal can't be made anew")


@dataclass(frozen=True)
class AccountEntry(_AddressEntry):
    """A mailbox with this limit. Its password is set when it is made and never again; one that a person has
    disabled stays disabled. Going back removes the account if it was made, and leaves its mail alone.
    """

    kind = "account"

    quota: int = 0
    read_password: Callable[[], str] = field(default=_no_password, compare=False)

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """One query for all of them."""
        found: dict[tuple[str, str], AccountState] = {}
        for path in {resource.path for resource in resources}:
            for address, quota, is_enabled in _rows(path, "SELECT address, quota, is_enabled FROM accounts"):
                found[path, address] = AccountState(True, quota, bool(is_enabled))
        return [found.get((r.path, r.address), AccountState(False)) for r in resources]

    def wanted(self, now: State) -> State:
        """There, with its limit."""
        if not isinstance(now, AccountState):
            raise TypeError(now)
        return AccountState(True, self.quota, now.is_enabled if now.exists else True)

    def put(self, state: State) -> None:
        """Make it with its first password, set its limit, or remove it."""
        if not isinstance(state, AccountState):
            raise TypeError(state)
        address, path = parse_address(self.address), Path(self.path)
        if not state.exists:
            if path.is_file():
                with database.writing(path) as connection:
                    connection.execute("DELETE FROM accounts WHERE address = ?", (address,))
            return
        with database.reading(path) as connection:
            is_new = not mailboxes.is_account(connection, address)
        password_hash = hash_password(self.read_password()) if is_new else ""
        with database.writing(path) as connection:
            if is_new:
                mailboxes.insert_account(connection, address, password_hash, state.quota)
            connection.execute(
                "UPDATE accounts SET quota = ?, is_enabled = ? WHERE address = ?",
                (state.quota, int(state.is_enabled), address),
            )

    def describe(self, now: State, wanted: State) -> Description:
        """The mailbox that is made, changed or removed."""
        if not isinstance(now, AccountState) or not isinstance(wanted, AccountState):
            raise TypeError(now, wanted)
        if not wanted.exists:
            return Description(Action.REMOVE, f"remove the account {self.address}; its mail stays")
        if not now.exists:
            return Description(Action.CREATE, f"make the mailbox {self.address}", f"+ quota {_size(wanted)}")
        diff = f"- {_shown(now)}\n+ {_shown(wanted)}"
        return Description(Action.MODIFY, f"change the account {self.address}", diff)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return AccountState(**record)


@dataclass(frozen=True)
class AliasState(State):
    """Where an alias leads, by name; nowhere is no alias."""

    destinations: tuple[str, ...]

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002
        """The state as JSON values."""
        return {"destinations": list(self.destinations)}


@dataclass(frozen=True)
class AliasEntry(_AddressEntry):
    """That mail for an address goes to these others, and only to these."""

    kind = "alias"

    destinations: tuple[str, ...] = ()

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """One query for all of them."""
        found: dict[tuple[str, str], list[str]] = {}
        for path in {resource.path for resource in resources}:
            for address, destination in _rows(path, "SELECT address, destination FROM aliases"):
                found.setdefault((path, address), []).append(destination)
        return [AliasState(tuple(sorted(found.get((r.path, r.address), ())))) for r in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """Leading exactly there."""
        return AliasState(tuple(sorted(map(parse_destination, self.destinations))))

    def put(self, state: State) -> None:
        """Make its destinations these."""
        if not isinstance(state, AliasState):
            raise TypeError(state)
        alias, path = parse_address(self.address), Path(self.path)
        if not state.destinations and not path.is_file():
            return
        with database.writing(path) as connection:
            connection.execute("DELETE FROM aliases WHERE address = ?", (alias,))
            for destination in state.destinations:
                aliases.insert_destination(connection, alias, destination)

    def describe(self, now: State, wanted: State) -> Description:
        """Where it leads and led."""
        if not isinstance(now, AliasState) or not isinstance(wanted, AliasState):
            raise TypeError(now, wanted)
        lines = [f"- {gone}" for gone in now.destinations if gone not in wanted.destinations]
        lines += [f"+ {new}" for new in wanted.destinations if new not in now.destinations]
        if not wanted.destinations:
            return Description(Action.REMOVE, f"remove the alias {self.address}", "\n".join(lines))
        action = Action.MODIFY if now.destinations else Action.CREATE
        words = "change the alias" if now.destinations else "make the alias"
        return Description(action, f"{words} {self.address}", "\n".join(lines))

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return AliasState(tuple(record["destinations"]))


def _rows(path: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query; none where there is no database yet, or one without tables."""
    if not Path(path).is_file() or database.version(Path(path)) == 0:
        return []
    with database.reading(Path(path)) as connection:
        return connection.execute(query).fetchall()


def _size(state: AccountState) -> str:
    return f"{state.quota} bytes" if state.quota else "without limit"


def _shown(state: AccountState) -> str:
    return f"quota {_size(state)}, {'enabled' if state.is_enabled else 'disabled'}"
