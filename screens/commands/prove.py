"""`mailstead prove`: send real mail through the server and read it back."""

import os
import sys

import click

from backends.language import _
from backends.machine.facts import gather_facts
from screens.run_lines import print_json
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import proof_settings
from wizard.last_proof import remembered
from wizard.proof import ProofResult
from wizard.proof import prove as try_everything


@click.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def prove(*, as_json: bool) -> None:
    """Send real messages through this server and read them back, and try what must be refused.

    Exit status 1 when any of it does not come out as it should.
    """
    facts = gather_facts(os.environ.get("SSH_CONNECTION"))
    results: list[ProofResult] = []
    for result in remembered(try_everything(proof_settings(answers_in_force(), facts))):
        results.append(result)
        if not as_json:
            _print(result)
    if as_json:
        print_json({"proof": [_record(result) for result in results]})
    sys.exit(0 if all(result.is_ok for result in results) else 1)


def _record(result: ProofResult) -> dict[str, object]:
    return {"id": result.id, "title": result.title, "ok": result.is_ok, "seen": result.seen}


def _print(result: ProofResult) -> None:
    mark, colour = ("ok  ", "green") if result.is_ok else ("FAIL", "red")
    click.secho(f"{mark}  {result.title}", fg=colour)
    click.echo(f"      {result.seen}")
