"""`mailstead execute-run DIRECTORY`: the process that makes a run; started by replay, resume and rollback."""

import sys
from pathlib import Path

import click


@click.command(hidden=True)
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
def execute_run(directory: Path) -> None:
    """Make the run that is asked for in DIRECTORY."""
    from wizard.run import execute

    sys.exit(0 if execute(directory) else 1)
