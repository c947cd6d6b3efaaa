"""`mailstead replay` and `mailstead resume`: make a run and follow it."""

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from backends.language import _
from screens.following import follow
from screens.run_lines import RunLines
from wizard import answers_file, secret_files
from wizard.answers import Answers
from wizard.answers_in_force import answers_to_apply
from wizard.history import Run, load_runs, unfinished_run
from wizard.journal import Event
from wizard.launch import continue_run, new_run
from wizard.lock import run_lock
from wizard.planning import Prepared, foresee, prepare, refuse_to_overwrite
from wizard.preflight import refuse_obstacles
from wizard.request import Request, load_request
from wizard.run import check_and_prove
from wizard.running import replay_to_go_on_with


@click.command()
@click.option(
    "--answers",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("The answers to apply; without it, those in force."),
)
@click.option(
    "--quickstart", is_flag=True, help=_("Need no answers: take the host's own name and the defaults.")
)
@click.option("--step", "steps", multiple=True, metavar="NAME", help=_("Only this step; again for more."))
@click.option(
    "--overwrite", is_flag=True, help=_("Also write files that were changed by hand since the last run.")
)
@click.option("--yes", is_flag=True, help=_("Do not ask before the first run on this machine."))
@click.option("-v", "--verbose", is_flag=True, help=_("Tell every change."))
@click.option("--json", "as_json", is_flag=True, help=_("Print an event a line."))
def replay(
    *,
    path: Path | None,
    quickstart: bool,
    steps: tuple[str, ...],
    overwrite: bool,
    yes: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Plan, apply, check and prove: this machine becomes what the answers say."""
    lines = RunLines(as_json=as_json, is_detailed=verbose)
    ssh_connection = os.environ.get("SSH_CONNECTION", "")
    with run_lock():
        answers = answers_to_apply(path, is_quickstart=quickstart)
        environment = secret_files.variables_of(answers, os.environ)
        secret_files.require_secrets(answers, environment)
        unfinished = replay_to_go_on_with()
        is_asked = not (as_json or yes) and _is_someone_there()
        if is_asked or load_runs():
            prepared = prepare(answers, steps=steps, ssh_connection=ssh_connection, environment=environment)
            refuse_obstacles(answers, prepared.facts)
            if not overwrite:
                refuse_to_overwrite(prepared.plan.changes)
            if prepared.plan.is_empty and unfinished is None:
                sys.exit(0 if _look_around(answers, prepared, lines) else 1)
            if is_asked:
                _ask_before_first_run(prepared)
        else:
            # A first run without a person has something to do and nobody's work to spare: it plans by itself.
            refuse_obstacles(answers, foresee(answers, ssh_connection, environment))
    content = answers_file.dump(answers)
    directory = continue_run(unfinished, content) if unfinished else new_run(content)
    request = Request("replay", directory.name, "", steps, ssh_connection, overwrite, environment)
    follow(directory, request, lines)


@click.command()
@click.option("-v", "--verbose", is_flag=True, help=_("Tell every change."))
@click.option("--json", "as_json", is_flag=True, help=_("Print an event a line."))
def resume(*, verbose: bool, as_json: bool) -> None:
    """Finish the run that was interrupted."""
    with run_lock():
        unfinished = unfinished_run()
    if unfinished is None:
        click.echo(_("no run was interrupted"), err=True)
        return
    request = replace(
        load_request(unfinished.directory),
        ssh_connection=os.environ.get("SSH_CONNECTION", ""),
        environment=_environment(unfinished),
    )
    follow(unfinished.directory, request, RunLines(as_json=as_json, is_detailed=verbose))


def _environment(run: Run) -> dict[str, str]:
    """The variables that the answers of a run refer to, as they are now."""
    path = run.directory / "answers.toml"
    return secret_files.variables_of(answers_file.load(path), os.environ) if path.exists() else {}


def _look_around(answers: Answers, prepared: Prepared, lines: RunLines) -> bool:
    """Nothing changes: look whether all is well, here and now."""

    def write(name: str, **fields: object) -> None:
        lines.show(Event(name, datetime.now(UTC).isoformat(timespec="milliseconds"), dict(fields)))

    write("planned", changes=[])
    is_ok = check_and_prove(answers, prepared, write)
    write("finished", ok=is_ok)
    return is_ok


def _is_someone_there() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask_before_first_run(prepared: Prepared) -> None:
    """A person sees what is about to happen to a machine that Mailstead has not changed yet."""
    if load_runs():
        return
    for change in prepared.plan.changes:
        mark = "" if change.is_reversible else "  (stays when taken back)"
        click.echo(f"  {change.summary}{mark}")
    click.confirm(f"{len(prepared.plan.changes)} changes. Make them?", abort=True)
