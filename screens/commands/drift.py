"""`mailstead drift`: what has been changed by hand."""

import sys
from dataclasses import asdict

import click

from backends.language import _
from backends.text import clean
from screens.run_lines import print_json
from wizard.drift import find_drift

_SOMETHING_CHANGED = 3


@click.command()
@click.option("--diff", "has_diff", is_flag=True, help=_("Show what is different in each file."))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def drift(*, has_diff: bool, as_json: bool) -> None:
    """Show what is not as the last run left it. Exit status 3 when there is something."""
    found = find_drift()
    if as_json:
        print_json({"drift": [asdict(each) for each in found]})
    else:
        for each in found:
            click.echo(f"  {clean(each.key.partition(':')[2])}")
            if has_diff and each.diff:
                click.echo("\n".join(f"      {line}" for line in each.diff.splitlines()))
        click.echo(
            _("{count} changed by hand").format(count=len(found))
            if found
            else _("all is as the last run left it")
        )
    sys.exit(_SOMETHING_CHANGED if found else 0)
