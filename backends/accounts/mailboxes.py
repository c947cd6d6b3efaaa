"""Accounts: who may log in and has a mailbox."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backends.accounts import database
from backends.accounts.addresses import domain_of, parse_address
from backends.accounts.database import DATABASE
from backends.accounts.domains import require_domain
from backends.accounts.errors import AlreadyThere, NotThere
from backends.accounts.passwords import hash_password
from backends.language import _
from backends.text import clean

MAIL_DIRECTORY = Path("/var/vmail")


@dataclass(frozen=True)
class Account:
    """A mailbox and its owner's login. `quota_bytes` 0 is no limit; a disabled account still gets mail."""

    address: str
    quota_bytes: int
    is_enabled: bool
    created: datetime


def mail_directory(address: str) -> Path:
    """Where the mail of this address lies."""
    local, _, domain = address.rpartition("@")
    return MAIL_DIRECTORY / domain / local


def list_accounts(path: Path = DATABASE) -> tuple[Account, ...]:
    """Every account, by domain and name."""
    query = "SELECT address, quota, is_enabled, created FROM accounts ORDER BY domain, localpart"
    with database.reading(path) as connection:
        return tuple(
            Account(clean(address), quota, bool(is_enabled), datetime.fromtimestamp(created, UTC))
            for address, quota, is_enabled, created in connection.execute(query)
        )


def add_account(address: str, password: str, quota_bytes: int = 0, path: Path = DATABASE) -> str:
    """A new mailbox, usable at once; gives its address in lower case.

    Raises WrongAddress, WrongPassword, NotThere for a domain that isn't here, AlreadyThere.
    """
    wanted = parse_address(address)
    password_hash = hash_password(password)
    with database.writing(path) as connection:
        insert_account(connection, wanted, password_hash, quota_bytes)
    return wanted


def set_password(address: str, password: str, path: Path = DATABASE) -> None:
    """Another password, valid from the next login on; raises NotThere, WrongPassword."""
    password_hash = hash_password(password)
    _update(address, "password", password_hash, path)


def set_quota(address: str, quota_bytes: int, path: Path = DATABASE) -> None:
    """Another limit in bytes, 0 for none; what is over it already stays. Raises NotThere."""
    _update(address, "quota", quota_bytes, path)


def enable_account(address: str, path: Path = DATABASE) -> None:
    """Let its owner log in again; raises NotThere."""
    _update(address, "is_enabled", 1, path)


def disable_account(address: str, path: Path = DATABASE) -> None:
    """Let nobody log in to it any more; mail for it is still taken. Raises NotThere."""
    _update(address, "is_enabled", 0, path)


def remove_account(address: str, path: Path = DATABASE) -> Path:
    """Take the account away; its mail stays, in the directory that is given. Raises NotThere."""
    wanted = parse_address(address)
    with database.writing(path) as connection:
        if not connection.execute("DELETE FROM accounts WHERE address = ?", (wanted,)).rowcount:
            raise _no_account(wanted)
    return mail_directory(wanted)


def insert_account(connection: sqlite3.Connection, address: str, password_hash: str, quota: int) -> None:
    """The row of a new account; raises NotThere for a domain that isn't here, AlreadyThere."""
    domain = domain_of(address)
    require_domain(connection, domain)
    require_free(connection, address)
    connection.execute(
        "INSERT INTO accounts (address, localpart, domain, password, quota) VALUES (?, ?, ?, ?, ?)",
        (address, address.removesuffix(f"@{domain}"), domain, password_hash, quota),
    )


def require_free(connection: sqlite3.Connection, address: str) -> None:
    """Raises AlreadyThere when the address is an account or an alias."""
    if is_account(connection, address):
        raise AlreadyThere(_("{address} has a mailbox already").format(address=address))
    if connection.execute("SELECT 1 FROM aliases WHERE address = ?", (address,)).fetchone():
        raise AlreadyThere(
            _("{address} is an alias already").format(address=address),
            next_step=_("mailstead alias remove {address}").format(address=address),
        )


def is_account(connection: sqlite3.Connection, address: str) -> bool:
    """Whether there is an account of this address."""
    return bool(connection.execute("SELECT 1 FROM accounts WHERE address = ?", (address,)).fetchone())


def _update(address: str, column: str, value: str | int, path: Path) -> None:
    wanted = parse_address(address)
    with database.writing(path) as connection:
        statement = f"UPDATE accounts SET {column} = ? WHERE address = ?"  # noqa: S608  a name of ours
        if not connection.execute(statement, (value, wanted)).rowcount:
            raise _no_account(wanted)


def _no_account(address: str) -> NotThere:
    return NotThere(
        _("there is no account {address}").format(address=address), next_step=_("mailstead account list")
    )
