"""Why somebody is banned: the log lines that fail2ban keeps with each ban in its own database."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends.text import clean

MEMORY = Path("/var/lib/fail2ban/fail2ban.sqlite3")
_LONGEST_LINE = 600
_MOST_LINES = 20
_MOST_BANS = 10


@dataclass(frozen=True)
class Evidence:
    """A ban that there was or is: how many failures led to it, and the last lines that told of them, cleaned.

    A ban by hand has none of both.
    """

    jail: str
    at: datetime
    failures: int
    lines: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The last line that counted; empty for a ban by hand."""
        return self.lines[-1] if self.lines else ""


def evidence_of_bans(memory: Path = MEMORY) -> Mapping[tuple[str, str], Evidence]:
    """For each ban in force, by jail and address, what led to it; empty where fail2ban remembers nothing."""
    rows = _rows(memory, "SELECT jail, ip, timeofban, data FROM bips")
    return {(clean(jail), str(ip)): _evidence(jail, at, data) for jail, ip, at, data in rows}


def earlier_bans(address: str, memory: Path = MEMORY) -> tuple[Evidence, ...]:
    """What is remembered of this address, newest first, the ban in force too where there is one."""
    rows = _rows(
        memory,
        "SELECT jail, ip, timeofban, data FROM bans WHERE ip = ? ORDER BY timeofban DESC LIMIT ?",
        (address, _MOST_BANS),
    )
    return tuple(_evidence(jail, at, data) for jail, _ip, at, data in rows)


def fingerprint_of_bans(memory: Path = MEMORY) -> frozenset[tuple[str, str, int]]:
    """Jail, address and time of each ban, for a cheap look at whether anything has changed."""
    return frozenset(_rows(memory, "SELECT jail, ip, timeofban FROM bips"))


def count_bans(memory: Path = MEMORY) -> int | None:
    """How many bans are in force; None where fail2ban's memory can't be read."""
    rows = _rows(
        memory,
        "SELECT count(*) FROM bips WHERE bantime < 0 OR timeofban + bantime > ?",
        (int(datetime.now(UTC).timestamp()),),
    )
    return int(rows[0][0]) if rows else None


def _rows(memory: Path, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    if not memory.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{memory.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            return connection.execute(query, tuple(values)).fetchall()
    except sqlite3.Error:
        return []


def _evidence(jail: str, at: int, data: str | bytes | None) -> Evidence:
    told = _told(data)
    failures = told.get("failures")
    return Evidence(
        clean(jail),
        datetime.fromtimestamp(int(at), UTC),
        failures if isinstance(failures, int) else 0,
        tuple(_lines(told.get("matches")))[-_MOST_LINES:],
    )


def _told(data: str | bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(data or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lines(matches: Any) -> Iterator[str]:
    """fail2ban keeps a line whole, or as what stands before its time, the time, and the rest."""
    for match in matches if isinstance(matches, list) else ():
        parts = match if isinstance(match, list) else [match]
        text = "".join(part for part in parts if isinstance(part, str)).strip()
        if text:
            yield clean(text, _LONGEST_LINE)
