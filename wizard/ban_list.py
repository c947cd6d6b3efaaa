"""Who is banned and why, read again only when something has changed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from backends.fail2ban.bans import Ban, list_bans
from backends.fail2ban.evidence import Evidence, evidence_of_bans, fingerprint_of_bans

_AT_LEAST_EVERY = 30.0
"""Seconds: fail2ban-client is a program of its own to start, and its database changes with every ban."""


@dataclass(frozen=True)
class BanEntry:
    """A ban in force and what led to it; `evidence` is None where fail2ban remembers nothing of it."""

    ban: Ban
    evidence: Evidence | None

    @property
    def key(self) -> tuple[str, str]:
        """Jail and address: what names a ban."""
        return self.ban.jail, str(self.ban.address)

    @property
    def text(self) -> str:
        """What a filter looks at."""
        return f"{self.ban.address} {self.ban.jail} {self.evidence.reason if self.evidence else ''}"


@dataclass
class BanList:
    """The list as it was read last."""

    ask: Callable[[], Sequence[Ban]] = list_bans
    remember: Callable[[], Mapping[tuple[str, str], Evidence]] = evidence_of_bans
    fingerprint: Callable[[], frozenset[tuple[str, str, int]]] = fingerprint_of_bans
    _seen: frozenset[tuple[str, str, int]] | None = field(default=None, init=False)
    _at: float = field(default=0.0, init=False)
    _entries: tuple[BanEntry, ...] = field(default=(), init=False)

    def read(self) -> tuple[BanEntry, ...]:
        """Every ban in force, the newest first; the very same value where nothing has changed.

        Raises CommandFailed where fail2ban does not answer.
        """
        seen = self.fingerprint()
        if seen != self._seen or time.monotonic() - self._at > _AT_LEAST_EVERY:
            entries = self._read()
            self._seen, self._at = seen, time.monotonic()
            if entries != self._entries:
                self._entries = entries
        return self._entries

    def forget(self) -> None:
        """Ask fail2ban at the next reading, whatever its database says."""
        self._seen = None

    def _read(self) -> tuple[BanEntry, ...]:
        known = self.remember()
        entries = [BanEntry(ban, known.get((ban.jail, str(ban.address)))) for ban in self.ask()]
        return tuple(sorted(entries, key=_newest_first))


def _newest_first(entry: BanEntry) -> tuple[float, tuple[str, str]]:
    since = entry.ban.since
    return (-since.timestamp() if since else 0.0), entry.key
