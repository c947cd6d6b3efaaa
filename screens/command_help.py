"""The helps of commands in the person's language.

A command's help is its docstring, and that is what translators get: xgettext(1) finds what stands in `_()`,
`pygettext3 --docstrings screens/commands/*.py` finds these.
"""

from functools import cache
from inspect import cleandoc

import click

from backends import language


@cache
def translated(command: click.Command) -> click.Command:
    """The command, with the help of it and of all below it in the person's language; once for each."""
    if command.help:
        command.help = language._(cleandoc(command.help))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            translated(below)
    return command
