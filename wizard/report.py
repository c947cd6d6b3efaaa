"""What there is to say of a run, in one text that a person can send to someone who helps; in English."""

import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

from backends.errors import MailsteadError
from backends.machine.files import write_atomically
from backends.text import clean, clean_lines
from backends.version import VERSION
from wizard import answers_file, launch
from wizard.answers import Answers
from wizard.errors import AnswersError
from wizard.journal import Event, read_events
from wizard.progress import Progress, StageProgress, StageState, progress_of
from wizard.redaction import Redaction, known_secrets

_LONGEST_LINE = 600
_QUIET = frozenset({"planned", "outcome", "reverted"})
"""Events that are told elsewhere in the report, or that go with another one."""


def save_report(directory: Path, into: Path | None = None) -> Path:
    """Write the report of this run, readable for its owner only; gives its path. Raises OSError."""
    path = (into or Path.home()) / f"mailstead-report-{directory.name}.txt"
    write_atomically(path, report(directory).encode(), mode=0o600)
    return path


def report(directory: Path) -> str:
    """The report of this run: what failed, what was seen, the plan, the events, the answers; no secret."""
    answers, said_of_them = _answers(directory)
    redaction = Redaction(known_secrets(answers))
    events = list(read_events(directory))
    progress = progress_of(events)
    parts = {
        "What this is": _about(directory, progress),
        "What failed": list(_failures(progress)),
        "What was taken back": [*map(clean, progress.reverted)] or ["nothing"],
        "Stages": [_stage(stage) for stage in progress.stages] or ["none was begun"],
        "The plan": list(_plan(events)) or ["none was made"],
        "Events": list(_events(events)),
        "What the program wrote beside": [launch.output(directory) or "nothing"],
        "The answers": [said_of_them],
    }
    text = "\n\n".join("\n".join([f"== {title}", *lines]) for title, lines in parts.items())
    # cut afterwards: the beginning of a secret is a secret too
    return "".join(f"{clean(line, _LONGEST_LINE)}\n" for line in redaction.of(text).splitlines())


def _about(directory: Path, progress: Progress) -> list[str]:
    return [
        f"Mailstead {VERSION} about its run {directory.name} ({progress.command or 'unknown'}).",
        "Secrets were taken out; names of hosts and addresses are in it. Look it over before you send it.",
        f"Debian: {_release()}; Linux {platform.release()} on {platform.machine()}",
        f"Python: {platform.python_version()}",
        f"Begun: {progress.begun or 'never'}; ended: {progress.ended or 'not yet, or cut off'}",
        f"Changes made: {progress.changes_done} of {progress.changes_total}",
    ]


def _failures(progress: Progress) -> Iterator[str]:
    failed = progress.failed_stage
    if failed is not None:
        yield f"stage {failed.name} (step {failed.step}):"
        yield clean_lines(failed.problem)
    if progress.problem and (failed is None or progress.problem != failed.problem):
        yield clean_lines(progress.problem)
    for seen in progress.failures:
        yield clean(f"{seen.id}: {seen.title}: {seen.seen}")
    if progress.is_ok is None:
        yield "The run has not ended: it is at work, or was cut off."
    elif progress.is_ok:
        yield "nothing"


def _stage(stage: StageProgress) -> str:
    kept = " (all of it is as it was before)" if stage.state is StageState.TAKEN_BACK else ""
    return f"{stage.state.value:10} {stage.name}: {stage.done} of {stage.total}{kept}"


def _plan(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        if event.name == "planned":
            yield f"-- made at {event.at}: {len(event.fields['changes'])} changes"
            for change in event.fields["changes"]:
                yield clean(f"{change['stage']:12} {change['summary']}")


def _events(events: Iterable[Event]) -> Iterator[str]:
    private = {"before", "after", "resource", "keys", "changes"}
    for event in events:
        if event.name not in _QUIET:
            told = " ".join(f"{name}={value}" for name, value in event.fields.items() if name not in private)
            yield clean(f"{event.at} {event.name} {told}")


def _answers(directory: Path) -> tuple[Answers | None, str]:
    """The answers of the run, and their file as people may see it."""
    path = directory / "answers.toml"
    if not path.exists():
        return None, "the run had none"
    try:
        answers = answers_file.load(path)
    except AnswersError as wrong:
        # who knows what stands in there: only what is wrong with it is told
        return None, wrong.describe()
    return answers, answers_file.dump(answers)


def _release() -> str:
    from backends.machine.facts import gather_facts

    try:
        return gather_facts().release
    except MailsteadError as unknown:
        return clean(unknown.message)
