"""`mailstead runs`: the runs there were."""

import click

from backends.language import _
from screens.run_lines import print_json
from wizard.history import Outcome, Run, load_runs
from wizard.lock import is_locked


@click.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def runs(*, as_json: bool) -> None:
    """List the runs on this machine, oldest first."""
    known = load_runs()
    is_running = is_locked()
    rows = [_row(run, is_running=is_running and run is known[-1]) for run in known]
    if as_json:
        print_json({"runs": rows})
        return
    for row in rows:
        click.echo(_("{run}  {command:<8}  {changes:>4} changes  {outcome}").format(**row))
    if not rows:
        click.echo(_("no runs yet"))


def _row(run: Run, *, is_running: bool) -> dict[str, object]:
    outcome = Outcome.RUNNING if is_running and run.outcome is Outcome.INTERRUPTED else run.outcome
    return {
        "run": run.id,
        "command": run.command,
        "started": run.started,
        "ended": run.ended,
        "changes": len(run.applied),
        "outcome": outcome,
        "takes_back": run.takes_back,
        "taken_back_by": run.taken_back_by,
    }
