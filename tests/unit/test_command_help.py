"""What `--help` says, in the person's language."""

import gettext
import subprocess
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from screens.command_line import mailstead

ROOT = Path(__file__).parents[2]
PROGRAM = """
import gettext, sys
from backends import language
class Marked(gettext.NullTranslations):
    def gettext(self, message):
        return "⟦" + message + "⟧"
language._catalogue = lambda: Marked()
from screens.command_line import main
sys.exit(main())
"""


def commands(command: click.Command, way: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command and those below it, each with how it is called."""
    yield way, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{way} {name}".strip())


def shown(*arguments: str) -> str:
    """What the program says where every text has its mark."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def test_the_help_of_every_command_is_a_docstring_that_translators_find() -> None:
    found = [(way, command) for way, command in commands(mailstead) if way]
    assert len(found) > 40

    wrong = [
        way
        for way, command in found
        if command.callback is None
        or not command.callback.__doc__
        or gettext.gettext(cleandoc(command.callback.__doc__)) != command.help
    ]

    assert not wrong


def test_helps_are_translated_when_they_are_shown_once_each() -> None:
    root, group, command = shown("--help"), shown("queue", "--help"), shown("queue", "delete", "--help")

    assert "⟦Sets up and looks after" in root
    assert "⟦Commands⟧" in root
    assert "⟦what waits in the mail queue; hold, release, retry, delete⟧" in root
    assert "⟦A console that only looks.⟧" in root
    assert "⟦The mail queue: messages that have not reached everybody.⟧" in group
    assert "⟦List messages, oldest first.⟧" in group
    assert "⟦Delete messages. Nobody is told, and nothing brings them back." in command
    assert "⟦⟦" not in root + group + command
