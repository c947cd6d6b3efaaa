"""Aliases: addresses without a mailbox, whose mail goes on to others."""

import sqlite3
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from backends.accounts import database
from backends.accounts.addresses import domain_of, parse_address, parse_destination
from backends.accounts.database import DATABASE
from backends.accounts.domains import is_domain, require_domain
from backends.accounts.errors import AliasLoop, AlreadyThere, NotThere
from backends.accounts.mailboxes import is_account
from backends.language import _
from backends.text import clean


@dataclass(frozen=True)
class Alias:
    """An address and where its mail goes; whoever owns one of the destinations may send with it."""

    address: str
    destinations: tuple[str, ...]


def list_aliases(path: Path = DATABASE) -> tuple[Alias, ...]:
    """Every alias, by domain and address, its destinations by name."""
    query = "SELECT address, destination FROM aliases ORDER BY domain, address, destination"
    with database.reading(path) as connection:
        rows = connection.execute(query).fetchall()
    return tuple(
        Alias(clean(address), tuple(clean(destination) for _, destination in group))
        for address, group in groupby(rows, key=lambda row: row[0])
    )


def add_alias(address: str, destination: str, path: Path = DATABASE) -> Alias:
    """Send mail for `address` on to `destination`, besides those it goes to already.

    Raises WrongAddress, NotThere when the domain, or a destination in a domain of this server, isn't here,
    AlreadyThere, AliasLoop.
    """
    alias, target = parse_address(address), parse_destination(destination)
    with database.writing(path) as connection:
        require_domain(connection, domain_of(alias))
        if target in destinations_of(connection, alias):
            raise AlreadyThere(
                _("mail for {alias} goes to {target} already").format(alias=alias, target=target)
            )
        _require_reachable(connection, target)
        insert_destination(connection, alias, target)
        return Alias(alias, destinations_of(connection, alias))


def remove_alias(address: str, destination: str | None = None, path: Path = DATABASE) -> None:
    """Take an alias away, or only one of its destinations; raises NotThere."""
    alias = parse_address(address)
    with database.writing(path) as connection:
        found = destinations_of(connection, alias)
        gone = found if destination is None else (parse_destination(destination),)
        if not set(gone) & set(found):
            to = f" to {destination}" if destination else ""
            raise NotThere(
                _("there is no alias {alias}{to}").format(alias=alias, to=to),
                next_step=_("mailstead alias list"),
            )
        connection.executemany(
            "DELETE FROM aliases WHERE address = ? AND destination = ?", [(alias, each) for each in gone]
        )


def destinations_of(connection: sqlite3.Connection, address: str) -> tuple[str, ...]:
    """Where an alias leads, by name; empty when there is none."""
    query = "SELECT destination FROM aliases WHERE address = ? ORDER BY destination"
    return tuple(destination for (destination,) in connection.execute(query, (address,)))


def insert_destination(connection: sqlite3.Connection, alias: str, target: str) -> None:
    """A row of an alias; raises NotThere for a domain that isn't here, AlreadyThere, AliasLoop."""
    require_domain(connection, domain_of(alias))
    if is_account(connection, alias):
        raise AlreadyThere(
            _("{alias} has a mailbox, so it can't be an alias").format(alias=alias),
            next_step=_("a Sieve script in the mailbox can send copies on (redirect :copy)"),
        )
    if alias in _reached_from(connection, target):
        raise AliasLoop(
            _("mail for {alias} would come back to {alias} by way of {target}").format(
                alias=alias, target=target
            )
        )
    connection.execute(
        "INSERT INTO aliases (address, domain, destination) VALUES (?, ?, ?)",
        (alias, domain_of(alias), target),
    )


def _reached_from(connection: sqlite3.Connection, address: str) -> set[str]:
    """The address and every one that its mail goes on to."""
    query = """
        WITH RECURSIVE reached (address) AS (
            VALUES (?) UNION SELECT destination FROM aliases JOIN reached USING (address)
        )
        SELECT address FROM reached
    """
    return {reached for (reached,) in connection.execute(query, (address,))}


def _require_reachable(connection: sqlite3.Connection, target: str) -> None:
    local, _at, domain = target.rpartition("@")
    if not is_domain(connection, domain):
        return
    plain = f"{local.partition('+')[0]}@{domain}"
    if not is_account(connection, plain) and not destinations_of(connection, plain):
        raise NotThere(
            _("{target} is neither an account nor an alias of this server").format(target=target),
            next_step=_("mailstead account add {plain}").format(plain=plain),
        )
