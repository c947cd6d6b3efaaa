"""What to show first, known before anything is loaded that takes a moment."""

import json
import os
from pathlib import Path

from wizard.lock import LOCK, is_locked
from wizard.places import ANSWERS_FILE, RUNS

_LONGEST_LAST_LINE = 4096


def has_server(answers: Path = ANSWERS_FILE, runs: Path = RUNS, lock: Path = LOCK) -> bool:
    """Whether a server is set up and no run is at work on it; else the wizard has something to show.

    The last line of the newest journal settles it nearly always. Where it doesn't, the journals are read.
    """
    if not answers.exists():
        return False
    if _ended_well(runs) and not is_locked(lock):
        return True
    from wizard.running import is_half_set_up, run_at_work

    return not is_half_set_up(runs) and run_at_work(runs, lock) is None


def _ended_well(runs: Path) -> bool:
    """Whether the newest run, which is named for its time, came to a good end."""
    newest = max((each for each in runs.iterdir() if (each / "request.json").exists()), default=None)
    try:
        with (newest or runs).joinpath("journal.jsonl").open("rb") as journal:
            journal.seek(max(0, journal.seek(0, os.SEEK_END) - _LONGEST_LAST_LINE))
            last = json.loads(journal.read().splitlines()[-1])
    except (OSError, ValueError, IndexError):
        return False
    return isinstance(last, dict) and last.get("event") == "finished" and last.get("ok") is True
