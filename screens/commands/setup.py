"""`mailstead setup`: the wizard."""

import click

from screens.open import open_setup


@click.command()
def setup() -> None:
    """Set the server up, or change how it is, screen by screen.

    Begins from the answers in force where there are some; nothing changes before the review at the end.
    """
    open_setup()
