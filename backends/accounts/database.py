"""The database of domains, accounts and aliases, as SQLite keeps it in one file.

Postfix (proxymap) and Dovecot (auth-worker) may only read it; Mailstead alone writes. Its journal is the
rollback journal: readers of a write-ahead log need files that the last connection takes away, and can't make
them again. A reader that meets the lock of a commit, some milliseconds, asks again: Dovecot at once, Postfix
after a second. When a writer is killed within a commit, readers wait until the next connection that may write
has rolled its journal back, which SQLite does as soon as that reads.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from backends.errors import MailsteadError
from backends.machine import files

DATABASE = Path("/var/lib/mailstead/mail.db")
GROUP = "mailstead-accounts"
"""Members may read the database, password hashes included."""

VERSION = 1
_PATIENCE = 10.0
"""Seconds to wait for readers and other writers."""

_UPGRADES = {
    1: """
        CREATE TABLE domains (
            domain TEXT PRIMARY KEY CHECK (domain = lower(domain) AND domain GLOB '?*.?*'),
            created INTEGER NOT NULL DEFAULT (unixepoch())
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE accounts (
            address TEXT PRIMARY KEY CHECK (address = localpart || '@' || domain),
            localpart TEXT NOT NULL
                CHECK (localpart = lower(localpart) AND localpart GLOB '[a-z0-9_]*'
                       AND localpart NOT GLOB '*[^a-z0-9._-]*'),
            domain TEXT NOT NULL REFERENCES domains (domain),
            password TEXT NOT NULL CHECK (password GLOB '{?*}?*'),
            quota INTEGER NOT NULL DEFAULT 0 CHECK (quota >= 0),
            is_enabled INTEGER NOT NULL DEFAULT 1 CHECK (is_enabled IN (0, 1)),
            created INTEGER NOT NULL DEFAULT (unixepoch())
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX accounts_by_domain ON accounts (domain);

        CREATE TABLE aliases (
            address TEXT NOT NULL CHECK (address = lower(address) AND address GLOB '[a-z0-9_]*@' || domain),
            domain TEXT NOT NULL REFERENCES domains (domain),
            destination TEXT NOT NULL
                CHECK (destination = lower(destination) AND destination GLOB '?*@?*'
                       AND destination <> address),
            created INTEGER NOT NULL DEFAULT (unixepoch()),
            PRIMARY KEY (address, destination)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX aliases_by_domain ON aliases (domain);
    """,
}
"""What brings the database from the version before to this one."""


class DatabaseError(MailsteadError):
    """The database of accounts is missing or can't be used."""


@contextlib.contextmanager
def reading(path: Path = DATABASE) -> Iterator[sqlite3.Connection]:
    """A connection for queries; raises DatabaseError.

    It may write, so that it rolls back what a killed writer left.
    """
    with _opened(path) as connection:
        _must_be_current(connection, path)
        yield connection


@contextlib.contextmanager
def writing(path: Path = DATABASE) -> Iterator[sqlite3.Connection]:
    """A connection within one transaction, which is committed when the block ends without an error."""
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _must_be_current(connection, path)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def version(path: Path = DATABASE) -> int:
    """The version of the schema in this file; 0 where it is empty. Raises DatabaseError."""
    with _opened(path) as connection:
        return _version(connection)


def prepare(path: Path, ownership: files.Ownership) -> None:
    """Make the database, or bring its schema up to date, whole or not at all; set owner and mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    files.set_ownership(path, ownership)
    files.sync_directory(path.parent)
    with _opened(path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        for number in range(_version(connection) + 1, VERSION + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE; {_UPGRADES[number]} PRAGMA user_version = {number}; COMMIT;"
            )


def is_empty(path: Path) -> bool:
    """Whether no domain, account or alias is in it."""
    with _opened(path) as connection:
        if _version(connection) == 0:
            return True
        query = (
            "SELECT EXISTS (SELECT 1 FROM domains UNION SELECT 1 FROM accounts UNION SELECT 1 FROM aliases)"
        )
        return not connection.execute(query).fetchone()[0]


def remove(path: Path) -> None:
    """Remove the file and its journal."""
    files.remove(path)
    files.remove(path.with_name(path.name + "-journal"))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise DatabaseError(f"{path} is not there yet", next_step="set the server up first: mailstead setup")
    try:
        address = path.absolute().as_uri() + "?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = EXTRA")
            yield connection
    except sqlite3.Error as problem:
        raise DatabaseError(f"{path} can't be used", seen=f"{type(problem).__name__}: {problem}") from problem


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _must_be_current(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found != VERSION:
        raise DatabaseError(
            f"{path} has schema {found}, and this program knows schema {VERSION}",
            next_step="mailstead replay brings it up to date"
            if found < VERSION
            else "install the newest Mailstead",
        )
