"""The database of domains, accounts and aliases, as SQLite keeps it in one file.

Postfix (proxymap) and Dovecot (auth-worker) may only read it; Mailstead alone writes. Its journal is a
write-ahead log: a writer that is killed, at any moment, leaves a whole database to them, as what it wrote
counts from its last mark on only. With a rollback journal it would leave one that somebody has to roll back
first, and readers may not. But SQLite's last connection takes the log and its index away, and readers can't
make them again. So each writer has a second connection, which may only read, and closes that one last: it
takes nothing away. Readers meet no lock, not even that of a commit.

After a commit the log is copied into the file itself, as far as readers let it: a copy of that file alone, as
backups may make it, has everything then.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _
from backends.machine import files

DATABASE = Path("/var/lib/mailstead/mail.db")
GROUP = "mailstead-accounts"
"""Members may read the database, password hashes included."""

VERSION = 1
_LOG, _INDEX = "-wal", "-shm"
"""What SQLite calls the write-ahead log and its index: the database's name, and this."""

_VERSION_AT = 60
"""Where the version of the schema stands in the file, four bytes, big-endian (sqlite.org/fileformat.html)."""

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

    It may write, so that the log and its index are there afterwards.
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
            _copy_log(connection)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def version(path: Path = DATABASE) -> int:
    """The version of the schema in this file; 0 where it is empty. Raises DatabaseError; leaves no trace."""
    if not has_log(path):
        with path.open("rb") as file:
            return int.from_bytes(file.read(_VERSION_AT + 4)[_VERSION_AT:])
    with _opened(path) as connection:
        return _version(connection)


def has_log(path: Path = DATABASE) -> bool:
    """Whether the files are there that readers need besides the database itself."""
    return all(_beside(path, ending).is_file() for ending in (_LOG, _INDEX))


def prepare(path: Path, ownership: files.Ownership) -> None:
    """Make the database, or bring its schema up to date, whole or not at all; set owner and mode."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for file in (path, _beside(path, _LOG), _beside(path, _INDEX)):
        if file.exists():
            files.set_ownership(file, ownership)
    files.sync_directory(path.parent)
    with _opened(path) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise DatabaseError(
                _("{path} can't have a write-ahead log").format(path=path), seen=f"journal_mode {mode}"
            )
        for number in range(_version(connection) + 1, VERSION + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE; {_UPGRADES[number]} PRAGMA user_version = {number}; COMMIT;"
            )
        _copy_log(connection)


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
    """Remove the file and what lies beside it."""
    for file in (path, *(_beside(path, ending) for ending in ("-journal", _LOG, _INDEX))):
        files.remove(file)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise DatabaseError(
            _("{path} is not there yet").format(path=path),
            next_step=_("set the server up first: mailstead setup"),
        )
    try:
        address = path.absolute().as_uri()
        connection = sqlite3.connect(f"{address}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None)
        with _log_stays(connection, address):
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = EXTRA")
            yield connection
    except sqlite3.Error as problem:
        raise DatabaseError(
            _("{path} can't be used").format(path=path), seen=f"{type(problem).__name__}: {problem}"
        ) from problem


@contextlib.contextmanager
def _log_stays(connection: sqlite3.Connection, address: str) -> Iterator[None]:
    """Close a connection at the end of the block such that the log and its index stay for readers."""
    with (
        contextlib.closing(sqlite3.connect(f"{address}?mode=ro", uri=True)) as last,
        contextlib.closing(connection),
    ):
        yield
        last.execute("SELECT 1 FROM sqlite_schema").fetchone()


def _copy_log(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _must_be_current(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found != VERSION:
        raise DatabaseError(
            _("{path} has schema {found}, and this program knows schema {version}").format(
                path=path, found=found, version=VERSION
            ),
            next_step=_("mailstead replay brings it up to date")
            if found < VERSION
            else _("install the newest Mailstead"),
        )
