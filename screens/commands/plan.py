"""`mailstead plan`: what a replay would change."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from backends.language import _
from backends.text import clean
from screens.run_lines import print_json
from wizard import secret_files
from wizard.answers_in_force import answers_to_apply
from wizard.plan import Change
from wizard.planning import prepare

_SOMETHING_TO_CHANGE = 3


@click.command()
@click.option(
    "--answers", "path", type=click.Path(dir_okay=False, path_type=Path), help=_("Instead of those in force.")
)
@click.option("--quickstart", is_flag=True, help=_("The answers that a quickstart takes on a new machine."))
@click.option("--step", "steps", multiple=True, metavar="NAME", help=_("Only this step; again for more."))
@click.option("--diff", "has_diff", is_flag=True, help=_("Show what changes in each file."))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def plan(
    *, path: Path | None, quickstart: bool, steps: tuple[str, ...], has_diff: bool, as_json: bool
) -> None:
    """Show what a replay would change, and touch nothing. Exit status 3 when there is something."""
    answers = answers_to_apply(path, is_quickstart=quickstart)
    environment = secret_files.variables_of(answers, os.environ)
    ssh_connection = os.environ.get("SSH_CONNECTION", "")
    changes = prepare(
        answers, steps=steps, ssh_connection=ssh_connection, environment=environment
    ).plan.changes
    if as_json:
        print_json({"changes": [asdict(change) for change in changes]})
    else:
        _print(changes, has_diff=has_diff)
    sys.exit(_SOMETHING_TO_CHANGE if changes else 0)


def _print(changes: tuple[Change, ...], *, has_diff: bool) -> None:
    step = ""
    for change in changes:
        if change.step != step:
            step = change.step
            click.secho(f"[{step}]", bold=True)
        marks = "" if change.is_reversible else "  (stays when taken back)"
        marks += "  (changed by hand since the last run)" if change.is_drift else ""
        click.echo(f"  {clean(change.summary)}{marks}")
        if has_diff and change.diff:
            click.echo("\n".join(f"      {line}" for line in change.diff.splitlines()))
    click.echo(_("{count} changes").format(count=len(changes)) if changes else _("nothing to change"))
