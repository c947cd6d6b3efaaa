"""Starts a run and prints it until it ends, or until the person looks away."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from backends.language import _
from screens.run_lines import RunLines
from wizard.launch import start
from wizard.request import Request


def follow(directory: Path, request: Request, lines: RunLines) -> NoReturn:
    """Start the run, print it, and exit with how it ended.

    Ctrl-C ends the looking only: the run is a process of its own and goes on.
    """
    try:
        for event in start(directory, request):
            lines.show(event)
    except KeyboardInterrupt:
        click.echo(_("the run goes on without you: mailstead runs says how it stands"), err=True)
        sys.exit(1)
    sys.exit(0 if lines.is_ok else 1)
