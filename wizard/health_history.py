"""How checks stood when they were last asked, so that a face can say what changed and since when."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backends.checks import Status
from backends.machine.files import write_atomically
from backends.text import clean
from wizard.health import Result

HEALTH = Path("/var/lib/mailstead/health.json")


@dataclass(frozen=True)
class Standing:
    """How a check stands: since when it was seen so, and how it stood before, where that is known."""

    status: Status
    since: datetime
    before: Status | None = None

    @property
    def went_bad(self) -> bool:
        """Whether it was seen well before."""
        return self.status in _BAD and self.before in {Status.OK, Status.SKIP}


Standings = Mapping[str, Standing]
"""By the checks' ids."""

_BAD = frozenset({Status.WARN, Status.FAIL})


def compare(results: Sequence[Result], before: Standings, now: datetime) -> dict[str, Standing]:
    """The standings after these results; what was not asked this time stands as it did."""
    after = dict(before)
    for result in results:
        known, status = before.get(result.id), result.finding.status
        if known is None:
            after[result.id] = Standing(status, now)
        elif known.status is not status:
            after[result.id] = Standing(status, now, known.status)
    return after


def worst_first(results: Sequence[Result], standings: Standings) -> tuple[Result, ...]:
    """Failures, then warnings, then what could not be asked, then what is well.

    Of failures and warnings those that changed last come first.
    """

    def place(result: Result) -> tuple[int, float]:
        status = result.finding.status
        standing = standings.get(result.id)
        changed = -standing.since.timestamp() if standing and standing.before and status in _BAD else 0.0
        return _ORDER.index(status), changed

    return tuple(sorted(results, key=place))


def load_standings(path: Path = HEALTH) -> dict[str, Standing]:
    """What was remembered; empty where nothing is, or where it can't be read."""
    try:
        entries = json.loads(path.read_bytes())["checks"]
        return {clean(name): _standing(entry) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save_standings(standings: Standings, path: Path = HEALTH) -> None:
    """Remember them; where that can't be, because nothing is set up or the disk is full, checks go on."""
    entries = {
        name: {"status": one.status, "since": one.since.isoformat(), "before": one.before}
        for name, one in standings.items()
    }
    with suppress(OSError):
        write_atomically(path, json.dumps({"checks": entries}).encode(), mode=0o600)


def _standing(entry: Mapping[str, str | None]) -> Standing:
    before = entry.get("before")
    return Standing(
        Status(str(entry["status"])),
        datetime.fromisoformat(str(entry["since"])),
        Status(before) if before else None,
    )


_ORDER = (Status.FAIL, Status.WARN, Status.SKIP, Status.OK)
