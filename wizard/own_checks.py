"""Checks that belong to no system: how Mailstead's own runs stand."""

from collections.abc import Iterator
from pathlib import Path

from backends.checks import Check, Finding, fail, ok, warn
from backends.language import _
from backends.mends import resume
from wizard.history import Outcome, load_run
from wizard.lock import is_locked
from wizard.places import RUNS


def own_checks() -> Iterator[Check]:
    """Whether the last run came to its end."""
    yield Check("mailstead.run", _("The last run came to its end"), last_run_ended)


def last_run_ended(runs: Path = RUNS) -> Finding:
    """How the newest run stands; only its journal is read."""
    directories = sorted(one for one in runs.iterdir() if one.is_dir()) if runs.is_dir() else []
    if not directories:
        return ok(_("there was no run yet"))
    newest = load_run(directories[-1])
    name, command = newest.id, newest.command or _("run")
    match newest.outcome:
        case Outcome.INTERRUPTED if is_locked():
            return ok(_("a run is at work: {name}").format(name=name))
        case Outcome.INTERRUPTED:
            return fail(
                _("the {command} {name} was interrupted").format(command=command, name=name),
                _("a run that came to its end"),
                _("mailstead resume finishes it, mailstead rollback takes it back"),
                resume(),
            )
        case Outcome.FAILED if newest.failed_stage:
            return fail(
                _("the {command} {name} stopped at {stage}").format(
                    command=command, name=name, stage=newest.failed_stage
                ),
                _("a run that came to its end"),
                _("mend what it met (mailstead runs), then: mailstead resume"),
                resume(),
            )
        case Outcome.FAILED:
            return warn(
                _("the {command} {name} was made, but not all was well afterwards").format(
                    command=command, name=name
                ),
                _("a run that ends well"),
                _("see what fails here now; the next run that ends well settles this"),
            )
        case _:
            return ok(_("the {command} {name}").format(command=command, name=name))
