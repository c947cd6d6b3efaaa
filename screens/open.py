"""Opens the screens, or says why that can't be and what does the same without them."""

import sys
from typing import NoReturn

import click

from backends.language import _
from screens.terminal import refusal


def open_console(*, is_read_only: bool = False) -> NoReturn:
    """The console; the wizard where the set-up is still to come, or a run is under way that it shows.

    Exits with 2 where no screen can be drawn.
    """
    _refuse_without_terminal(
        _("Without a screen: mailstead check says how the server is, mailstead --help what else there is.")
    )
    from wizard.first_look import has_server

    _run("console" if is_read_only or has_server() else "setup", is_read_only=is_read_only)


def open_setup() -> NoReturn:
    """The wizard. Exits with 2 where no screen can be drawn."""
    _refuse_without_terminal(
        _("Without a screen: mailstead answers init writes an answers file, mailstead replay applies it.")
    )
    _run("setup")


def _refuse_without_terminal(instead: str) -> None:
    if why := refusal():
        click.echo(f"{why} {instead}", err=True)
        sys.exit(2)


def _run(mode: str, *, is_read_only: bool = False) -> NoReturn:
    from screens.app import MailsteadApp

    app = MailsteadApp(mode, is_read_only=is_read_only)
    app.run()
    sys.exit(app.return_code or 0)
