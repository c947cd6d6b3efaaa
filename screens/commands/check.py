"""`mailstead check`: ask every health check."""

import os
import sys
from datetime import UTC, datetime

import click

from backends.checks import Status
from backends.language import _
from screens.run_lines import print_json
from wizard.answers_in_force import answers_in_force
from wizard.health import Result, check_all
from wizard.health_history import compare, load_standings, save_standings
from wizard.own_checks import own_checks
from wizard.planning import adapters_for

_LOOK = {
    Status.OK: ("ok  ", "green"),
    Status.WARN: ("WARN", "yellow"),
    Status.FAIL: ("FAIL", "red"),
    Status.SKIP: ("skip", None),
}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def check(*, names: tuple[str, ...], as_json: bool) -> None:
    """Ask every health check, or those of NAMES (postfix, postfix.port-25). Exit status 1 when one fails."""
    adapters = adapters_for(answers_in_force(), os.environ.get("SSH_CONNECTION", ""))
    results = check_all(adapters, names, tuple(own_checks()))
    if names and not results:
        raise click.UsageError(
            _("no check is called {names}; mailstead check lists them all").format(names=" ".join(names))
        )
    save_standings(compare(results, load_standings(), datetime.now(UTC)))
    if as_json:
        print_json({"checks": [_record(result) for result in results]})
    else:
        for result in results:
            _print(result)
    sys.exit(1 if any(result.finding.status is Status.FAIL for result in results) else 0)


def _record(result: Result) -> dict[str, object]:
    finding = result.finding
    action = finding.action
    return {
        "id": result.id,
        "title": result.title,
        "status": finding.status,
        "seen": finding.seen,
        "wanted": finding.wanted,
        "mend": finding.mend,
        "action": {"label": action.label, "command": list(action.command)} if action else None,
    }


def _print(result: Result) -> None:
    mark, colour = _LOOK[result.finding.status]
    click.secho(f"{mark}  {result.id}: {result.title}", fg=colour)
    click.echo(_("      seen: {seen}").format(seen=result.finding.seen))
    if result.finding.status in {Status.WARN, Status.FAIL}:
        click.echo(_("      wanted: {wanted}").format(wanted=result.finding.wanted))
        click.echo(_("      mend: {mend}").format(mend=result.finding.mend))
