"""When mail was last proved to flow, and what was seen."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _
from backends.machine.files import write_atomically
from backends.text import clean
from wizard.proof import ProofResult

LAST_PROOF = Path("/var/lib/mailstead/last-proof.json")


class ProofFailed(MailsteadError):
    """Mail does not flow as it should."""


@dataclass(frozen=True)
class LastProof:
    """A proof that came to its end."""

    at: datetime
    results: tuple[ProofResult, ...]

    @property
    def is_ok(self) -> bool:
        """Whether all of it came out as it should."""
        return bool(self.results) and all(result.is_ok for result in self.results)

    @property
    def failed(self) -> tuple[ProofResult, ...]:
        """What did not."""
        return tuple(result for result in self.results if not result.is_ok)


def remembered(results: Iterable[ProofResult], path: Path = LAST_PROOF) -> Iterator[ProofResult]:
    """The same results as they come; once they are all there, they are kept."""
    kept = []
    for result in results:
        kept.append(result)
        yield result
    with suppress(OSError):  # nothing is set up here, or the disk is full
        entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "results": list(map(asdict, kept))}
        write_atomically(path, json.dumps(entry).encode(), mode=0o600)


def require_proof(
    results: Iterable[ProofResult], told: Callable[[ProofResult], None]
) -> tuple[ProofResult, ...]:
    """All of them, each told as it comes; raises ProofFailed when one is not as it should be."""
    kept = []
    for result in results:
        kept.append(result)
        told(result)
    if wrong := [result for result in kept if not result.is_ok]:
        raise ProofFailed(
            _("the proof failed"),
            tried=wrong[0].title,
            seen=wrong[0].seen,
            next_step=_("the checks of the overview, or mailstead check, say what is wrong"),
        )
    return tuple(kept)


def last_proof(path: Path = LAST_PROOF) -> LastProof | None:
    """The last one; None where there was none, or where it can't be read."""
    try:
        entry = json.loads(path.read_bytes())
        results = tuple(
            ProofResult(clean(one["id"]), clean(one["title"]), one["is_ok"] is True, clean(one["seen"]))
            for one in entry["results"]
        )
        return LastProof(datetime.fromisoformat(entry["at"]), results)
    except (OSError, ValueError, KeyError, TypeError):
        return None
