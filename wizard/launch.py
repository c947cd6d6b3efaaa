"""Starts runs in a process of their own, and follows them from wherever a person is."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _
from backends.machine.detach import output_of, start_detached
from backends.machine.files import write_atomically
from wizard.history import Run
from wizard.journal import Event, make_private, new_run_id, parse_event
from wizard.lock import is_locked
from wizard.places import RUNS
from wizard.request import Request, save_request

_POLL = 0.1
START_PATIENCE = 20.0
"""Seconds until a run that was started must have said something."""


class RunDied(MailsteadError):
    """The process of a run ended before the run did."""


def new_run(answers: str | None) -> Path:
    """A directory for a new run, with the answers it is to apply, if it has any."""
    with contextlib.suppress(FileExistsError):
        RUNS.parent.mkdir(mode=0o711)
    make_private(RUNS)
    directory = RUNS / new_run_id(datetime.now(UTC))
    make_private(directory)
    if answers is not None:
        _save_answers(directory, answers)
    return directory


def continue_run(run: Run, answers: str) -> Path:
    """The directory of a run that did not end, to be gone on with by these answers."""
    _save_answers(run.directory, answers)
    return run.directory


def start(directory: Path, request: Request) -> Iterator[Event]:
    """Start the run in a session of its own and follow it; the events of an earlier part are not repeated.

    Raises RunDied when its process goes away before the run has finished.
    """
    return follow(directory, begin(directory, request))


def begin(directory: Path, request: Request) -> int:
    """Start the run in a session of its own; gives the place in its journal from which on it will tell."""
    save_request(directory, request)
    journal = directory / "journal.jsonl"
    offset = journal.stat().st_size if journal.exists() else 0
    program = str(Path(sys.argv[0]).resolve())
    start_detached(_unit(directory), [program, "execute-run", str(directory)], directory / "output.log")
    return offset


def follow(directory: Path, offset: int = 0) -> Iterator[Event]:
    """The events of a run from this place of its journal on, as they come, until it has finished."""
    give_up = time.monotonic() + START_PATIENCE
    for line in _lines_as_they_come(directory / "journal.jsonl", offset):
        if line is None:
            if time.monotonic() > give_up and not is_locked():
                raise died(directory)
            continue
        give_up = time.monotonic() + 1
        event = parse_event(line)
        yield event
        if event.name == "finished":
            return


def died(directory: Path) -> RunDied:
    """What there is to say of a run whose process went away."""
    return RunDied(
        _("the run ended before it was done"),
        seen=output(directory)[-1000:],
        next_step=_("finish it with: mailstead resume; or take it back with: mailstead rollback"),
    )


def output(directory: Path) -> str:
    """What the process of a run wrote beside its journal: hardly ever anything; cleaned."""
    return output_of(_unit(directory), directory / "output.log")


def _unit(directory: Path) -> str:
    return f"mailstead-run-{directory.name}"


def _save_answers(directory: Path, answers: str) -> None:
    write_atomically(directory / "answers.toml", answers.encode(), mode=0o600)


def _lines_as_they_come(path: Path, offset: int) -> Iterator[bytes | None]:
    """Whole lines; None whenever there is nothing new for a moment."""
    while not path.exists():
        yield None
        time.sleep(_POLL)
    with path.open("rb") as file:
        file.seek(offset)
        kept = b""
        while True:
            kept += file.readline()
            if kept.endswith(b"\n"):
                yield kept
                kept = b""
            else:
                yield None
                time.sleep(_POLL)


def event_for_people(event: Event) -> str:
    """The event as a line of JSON without what only resuming and rolling back need."""
    private = {"before", "after", "resource"}
    fields = {key: value for key, value in event.fields.items() if key not in private}
    return json.dumps({"event": event.name, "at": event.at, **fields})
