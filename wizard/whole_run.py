"""A run from its beginning to its end, for faces that only tell how it ended."""

from collections.abc import Callable, Iterator
from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean, clean_lines
from wizard.journal import Event
from wizard.launch import start
from wizard.request import Request


class RunFailed(MailsteadError):
    """A run came to its end, and not all went well."""


def run_to_its_end(
    directory: Path, request: Request, start_run: Callable[[Path, Request], Iterator[Event]] = start
) -> None:
    """Start the run and wait for its end; it goes on where whoever waits goes away.

    Raises RunFailed with what stopped it, RunDied where its process went away.
    """
    said: list[str] = []
    is_ok = False
    for event in start_run(directory, request):
        match event.name:
            case "stage_failed":
                said.append(clean_lines(event.fields["problem"]))
            case "problem":
                said.append(clean_lines(event.fields["text"]))
            case "checked" if event.fields["status"] == "fail":
                said.append(clean(f"{event.fields['title']}: {event.fields['seen']}"))
            case "finished":
                is_ok = bool(event.fields["ok"])
            case _:
                pass
    if not is_ok:
        raise RunFailed(
            _("the run {name} did not go well").format(name=directory.name),
            seen="\n".join(said),
            next_step=_("mailstead runs says what it did; mailstead rollback takes it back"),
        )
