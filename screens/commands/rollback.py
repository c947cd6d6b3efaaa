"""`mailstead rollback`: take a run back."""

import click

from backends.errors import MailsteadError
from backends.language import _
from screens.following import follow
from screens.run_lines import RunLines
from wizard.history import Outcome, Run, load_runs
from wizard.launch import new_run
from wizard.lock import run_lock
from wizard.request import Request


@click.command()
@click.argument("run", default="")
@click.option("-v", "--verbose", is_flag=True, help=_("Tell every change."))
@click.option("--json", "as_json", is_flag=True, help=_("Print an event a line."))
def rollback(*, run: str, verbose: bool, as_json: bool) -> None:
    """Take back RUN, or the newest run that changed something. Installed packages and mail stay."""
    with run_lock():
        chosen = _choose(run)
    directory = new_run(None)
    lines = RunLines(as_json=as_json, is_detailed=verbose)
    follow(directory, Request("rollback", directory.name, takes_back=chosen.id), lines)


def _choose(name: str) -> Run:
    runs = load_runs()
    candidates = [run for run in runs if run.applied and run.outcome is not Outcome.TAKEN_BACK]
    if name:
        candidates = [run for run in candidates if run.id == name]
    else:
        candidates = [run for run in candidates if run.command != "rollback"]
    if not candidates:
        raise MailsteadError(
            _("there is no run {name} to take back").format(name=name)
            if name
            else _("there is no run to take back"),
            next_step=_("mailstead runs lists them"),
        )
    return candidates[-1]
