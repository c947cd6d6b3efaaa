"""`mailstead mend`: do what mends a check, where one act is all it takes."""

import sys

import click

from backends.checks import Status
from backends.language import _
from wizard.mending import mend_check


@click.command()
@click.argument("check")
def mend(check: str) -> None:
    """Ask CHECK (an id as `mailstead check` shows them), do what it names, and ask it again.

    Exit status 1 when it still fails, or when a person has to look.
    """
    result = mend_check(check)
    if result is None:
        raise click.UsageError(
            _("no check is called {name}; mailstead check lists them all").format(name=check)
        )
    finding = result.finding
    click.echo(f"{finding.status}  {result.id}: {finding.seen}")
    if finding.status is Status.FAIL:
        click.echo(f"      {finding.mend}", err=True)
        sys.exit(1)
