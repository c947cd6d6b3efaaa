"""What was reported so far, in a SQLite file of its own: without it, it fills again from the mail."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backends.errors import MailsteadError
from backends.language import _
from backends.reports.report import (
    DmarcReport,
    DmarcRow,
    Heading,
    Report,
    TlsFailure,
    TlsPolicy,
    TlsReport,
)
from backends.text import clean

DIRECTORY = Path("/var/lib/mailstead/reports")
STORE = DIRECTORY / "reports.db"

KEEP = timedelta(days=180)
MOST_ROWS = 200_000
"""Rows of all reports together; beyond, the oldest go, those without a proven sender first."""
MOST_REFUSALS = 100

_PATIENCE = 30.0
"""Seconds to wait for another reader or collector."""
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS reports (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        organisation TEXT NOT NULL,
        report_id TEXT NOT NULL,
        domain TEXT NOT NULL,
        sender TEXT NOT NULL,
        is_proven INTEGER NOT NULL,
        policy TEXT NOT NULL,
        begins INTEGER NOT NULL,
        ends INTEGER NOT NULL,
        UNIQUE (kind, organisation, report_id, domain)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sources (
        report INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        source TEXT NOT NULL,
        header_from TEXT NOT NULL,
        disposition TEXT NOT NULL,
        dkim INTEGER NOT NULL,
        spf INTEGER NOT NULL,
        passed TEXT NOT NULL,
        is_broken INTEGER NOT NULL,
        reasons TEXT NOT NULL,
        count INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS sources_by_report ON sources (report);
    CREATE TABLE IF NOT EXISTS sessions (
        report INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        successful INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        failures TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS sessions_by_report ON sessions (report);
    CREATE TABLE IF NOT EXISTS looked_at (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS refusals (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, sender TEXT NOT NULL, why TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS collections (
        id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL
    ) STRICT;
"""


@dataclass(frozen=True)
class Origin:
    """Where a report came from: the domain in the mail's From, and whether it was proven (DMARC)."""

    sender: str
    is_proven: bool


@dataclass(frozen=True)
class KeptDmarc:
    """A DMARC report as it was kept."""

    origin: Origin
    report: DmarcReport


@dataclass(frozen=True)
class KeptTls:
    """What a TLS report says of one domain."""

    origin: Origin
    heading: Heading
    policies: tuple[TlsPolicy, ...]


@dataclass(frozen=True)
class Refusal:
    """A mail that looked like a report and was none that could be used."""

    at: datetime
    sender: str
    why: str


class Store:
    """The reports kept in one file; `open_store` makes one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def commit(self) -> None:
        """Make all that was added durable."""
        self._connection.commit()

    def looked_at(self) -> set[str]:
        """The names of messages that need not be looked at again."""
        return {name for (name,) in self._connection.execute("SELECT name FROM looked_at")}

    def add_looked_at(self, name: str) -> None:
        """Remember that a message was looked at."""
        self._connection.execute("INSERT OR IGNORE INTO looked_at VALUES (?)", (name,))

    def forget(self, names: Iterable[str]) -> None:
        """Forget messages that are gone."""
        self._connection.executemany("DELETE FROM looked_at WHERE name = ?", ((name,) for name in names))

    def add(self, report: Report, origin: Origin, domains: Iterable[str]) -> int:
        """Keep what a report says of these domains; gives how many domains' reports were new."""
        own = set(domains)
        if isinstance(report, DmarcReport):
            return self._add_dmarc(report, origin) if report.domain in own else 0
        about = sorted({policy.domain for policy in report.policies} & own)
        return sum(self._add_tls(report, origin, domain) for domain in about)

    def add_refusal(self, refusal: Refusal) -> None:
        """Remember that a mail was refused, and why; only the latest are kept."""
        values = (int(refusal.at.timestamp()), refusal.sender, clean(refusal.why, 200))
        self._connection.execute("INSERT INTO refusals (at, sender, why) VALUES (?, ?, ?)", values)
        keep = "DELETE FROM refusals WHERE id <= (SELECT max(id) FROM refusals) - ?"
        self._connection.execute(keep, (MOST_REFUSALS,))

    def tidy(self, now: datetime, most_rows: int = MOST_ROWS) -> None:
        """Let go of what is old, and of what is too much; remember when this was."""
        old = (int((now - KEEP).timestamp()),)
        self._connection.execute("DELETE FROM reports WHERE ends < ?", old)
        self._connection.execute("DELETE FROM refusals WHERE at < ?", old)
        order = "SELECT id FROM reports ORDER BY is_proven, ends LIMIT 1"
        while self._rows() > most_rows:
            self._connection.execute(f"DELETE FROM reports WHERE id = ({order})")  # noqa: S608  no value in it
        self._connection.execute("INSERT OR REPLACE INTO collections VALUES (1, ?)", (int(now.timestamp()),))

    def collected_at(self) -> datetime | None:
        """When the mailbox was looked through last."""
        found = self._connection.execute("SELECT at FROM collections").fetchone()
        return datetime.fromtimestamp(found[0], UTC) if found else None

    def dmarc(self, domain: str, since: datetime) -> Iterator[KeptDmarc]:
        """The DMARC reports about a domain that tell of a time after `since`, oldest first."""
        query = """
            SELECT source, header_from, disposition, dkim, spf, passed, is_broken, reasons, count
            FROM sources WHERE report = ?
        """
        for number, policy, origin, heading in self._reports("dmarc", domain, since):
            found = self._connection.execute(query, (number,))
            rows = {_row(values): count for *values, count in found}
            yield KeptDmarc(origin, DmarcReport(heading, domain, policy, rows))

    def tls(self, domain: str, since: datetime) -> Iterator[KeptTls]:
        """The TLS reports about a domain that tell of a time after `since`, oldest first."""
        query = "SELECT kind, successful, failed, failures FROM sessions WHERE report = ?"
        for number, _policy, origin, heading in self._reports("tls", domain, since):
            policies = tuple(
                TlsPolicy(domain, kind, successful, failed, _failures(failures))
                for kind, successful, failed, failures in self._connection.execute(query, (number,))
            )
            yield KeptTls(origin, heading, policies)

    def refusals(self, since: datetime) -> tuple[Refusal, ...]:
        """Mails that were refused after `since`, the latest first."""
        query = "SELECT at, sender, why FROM refusals WHERE at >= ? ORDER BY id DESC"
        return tuple(
            Refusal(datetime.fromtimestamp(at, UTC), clean(sender), clean(why))
            for at, sender, why in self._connection.execute(query, (int(since.timestamp()),))
        )

    def _reports(self, kind: str, domain: str, since: datetime) -> list[tuple[int, str, Origin, Heading]]:
        query = """
            SELECT id, policy, sender, is_proven, organisation, report_id, begins, ends
            FROM reports WHERE kind = ? AND domain = ? AND ends > ? ORDER BY ends, id
        """
        return [
            (
                number,
                policy,
                Origin(sender, bool(is_proven)),
                Heading(
                    name, report_id, datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(ends, UTC)
                ),
            )
            for number, policy, sender, is_proven, name, report_id, begins, ends in self._connection.execute(
                query, (kind, domain, int(since.timestamp()))
            )
        ]

    def _add_report(
        self, kind: str, heading: Heading, domain: str, policy: str, origin: Origin
    ) -> int | None:
        """The number of a new report; None where it was here before."""
        query = """
            INSERT INTO reports
                (kind, organisation, report_id, domain, sender, is_proven, policy, begins, ends)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id
        """
        period = (int(heading.begin.timestamp()), int(heading.end.timestamp()))
        who = (kind, heading.organisation, heading.report_id, domain, origin.sender, int(origin.is_proven))
        found = self._connection.execute(query, (*who, policy, *period)).fetchone()
        return int(found[0]) if found else None

    def _add_dmarc(self, report: DmarcReport, origin: Origin) -> int:
        number = self._add_report("dmarc", report.heading, report.domain, report.policy, origin)
        if number is None:
            return 0
        self._connection.executemany(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    number,
                    row.source,
                    row.header_from,
                    row.disposition,
                    int(row.dkim),
                    int(row.spf),
                    json.dumps(row.passed),
                    int(row.is_broken),
                    json.dumps(row.reasons),
                    count,
                )
                for row, count in report.rows.items()
            ),
        )
        return 1

    def _add_tls(self, report: TlsReport, origin: Origin, domain: str) -> int:
        number = self._add_report("tls", report.heading, domain, "", origin)
        if number is None:
            return 0
        for policy in report.policies:
            if policy.domain == domain:
                failures = json.dumps(
                    [[one.kind, one.mx, one.detail, count] for one, count in policy.failures.items()]
                )
                self._connection.execute(
                    "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
                    (number, policy.kind, policy.successful, policy.failed, failures),
                )
        return 1

    def _rows(self) -> int:
        query = "SELECT (SELECT count(*) FROM sources) + (SELECT count(*) FROM sessions)"
        return int(self._connection.execute(query).fetchone()[0])


@contextlib.contextmanager
def open_store(path: Path = STORE) -> Iterator[Store]:
    """The store at `path`, made where it is missing; raises MailsteadError.

    What was added since the last `commit` is kept when the block ends without an error.
    """
    try:
        with contextlib.closing(_connect(path)) as connection, connection:
            yield Store(connection)
    except sqlite3.Error as problem:
        raise _unusable(path, problem) from problem


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        connection = sqlite3.connect(path, timeout=_PATIENCE)
        path.chmod(0o600)
    except OSError as problem:
        raise _unusable(path, problem) from problem
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(_SCHEMA)
    return connection


def _unusable(path: Path, problem: Exception) -> MailsteadError:
    return MailsteadError(
        _("{path} can't be used").format(path=path),
        seen=clean(f"{type(problem).__name__}: {problem}", 200),
        next_step=_("move it away: the next collection makes it anew from the mail that is there"),
    )


def _row(values: list[Any]) -> DmarcRow:
    source, header_from, disposition, dkim, spf, passed, is_broken, reasons = values
    return DmarcRow(
        source,
        header_from,
        disposition,
        bool(dkim),
        bool(spf),
        _words(passed),
        bool(is_broken),
        _words(reasons),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _failures(text: str) -> dict[TlsFailure, int]:
    return {TlsFailure(kind, mx, detail): count for kind, mx, detail, count in json.loads(text)}
