"""Policies that were fetched, kept until they are too old."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backends.tls_policy.policy import Policy

_MOST = 20_000
"""Policies; beyond, those that would go first anyway go."""
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS policies (
        domain TEXT PRIMARY KEY,
        id TEXT NOT NULL,
        mode TEXT NOT NULL,
        hosts TEXT NOT NULL,
        max_age INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS policies_by_age ON policies (until);
"""


def _now() -> datetime:
    return datetime.now(UTC)


class Memory:
    """A SQLite file that one process writes. Raises sqlite3.Error where it can't be opened or written."""

    def __init__(self, path: Path, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(_SCHEMA)

    def recall(self, domain: str) -> Policy | None:
        """The policy of this domain, where there is one that still holds."""
        now = int(self._now().timestamp())
        row = self._connection.execute(
            "SELECT id, mode, hosts, max_age FROM policies WHERE domain = ? AND until > ?", (domain, now)
        ).fetchone()
        return Policy(row[0], row[1], tuple(row[2].split()), row[3]) if row else None

    def keep(self, domain: str, policy: Policy) -> None:
        """Keep it for as long as it says."""
        until = self._now() + timedelta(seconds=policy.max_age)
        with self._connection as connection:
            connection.execute(
                "INSERT OR REPLACE INTO policies VALUES (?, ?, ?, ?, ?, ?)",
                (
                    domain,
                    policy.id,
                    policy.mode,
                    " ".join(policy.hosts),
                    policy.max_age,
                    int(until.timestamp()),
                ),
            )
            connection.execute(
                "DELETE FROM policies WHERE domain IN (SELECT domain FROM policies ORDER BY until DESC"
                " LIMIT -1 OFFSET ?)",
                (_MOST,),
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
