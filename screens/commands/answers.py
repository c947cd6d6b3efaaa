"""`mailstead answers`: begin an answers file, look it over, and describe it to other programs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backends.language import _

if TYPE_CHECKING:
    from wizard.errors import Mistake

_WRONG = 2
"""Exit status: the call or the answers are wrong, nothing was touched."""


@click.group()
def answers() -> None:
    """Begin an answers file, look one over, describe the format."""


@answers.command()
@click.option("--hostname", required=True, help=_("Full name of the server, like mail.example.org."))
@click.option("--domain", "domains", required=True, multiple=True, help=_("A mail domain; again for more."))
@click.option("--admin", required=True, help=_("Mail address of the admin, in one of the domains."))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("Write it to this file, readable for you only, instead of printing it."),
)
@click.option("--force", is_flag=True, help=_("Replace the file if it is there."))
def init(hostname: str, domains: tuple[str, ...], admin: str, output: Path | None, force: bool) -> None:
    """Write a complete answers file: every key with its default and what it is for."""
    from backends.text import clean
    from wizard.answers_file import dump, save
    from wizard.errors import AnswersError
    from wizard.quickstart import starting_answers

    try:
        begun = starting_answers(hostname, domains, admin)
    except AnswersError as error:
        for mistake in error.mistakes:
            click.echo(f"{_option(mistake.key)}: {mistake.problem}", err=True)
        sys.exit(_WRONG)
    if output is None:
        click.echo(dump(begun), nl=False)
        return
    if output.exists() and not force:
        there = clean(str(output))
        click.echo(
            _("{there} is already there; name another file, or replace it with --force").format(there=there),
            err=True,
        )
        sys.exit(_WRONG)
    save(begun, output)


@answers.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def check(file: Path, as_json: bool) -> None:
    """Name every mistake in FILE, each with its line and key. Exit status 2 where there is one."""
    from backends.text import clean
    from wizard.answers_file import load
    from wizard.errors import AnswersError

    mistakes: tuple[Mistake, ...] = ()
    try:
        load(file)
    except AnswersError as error:
        mistakes = error.mistakes
    name = clean(str(file))
    if as_json:
        found = [{"key": each.key, "line": each.line, "problem": each.problem} for each in mistakes]
        click.echo(json.dumps({"file": name, "ok": not mistakes, "mistakes": found}, ensure_ascii=False))
    else:
        for mistake in mistakes:
            click.echo(_as_line(name, mistake))
        count = {0: "no mistakes", 1: "1 mistake"}.get(len(mistakes), f"{len(mistakes)} mistakes")
        click.echo(f"{name}: {count}", err=bool(mistakes))
    sys.exit(_WRONG if mistakes else 0)


@answers.command()
def schema() -> None:
    """Print the JSON Schema of the answers file."""
    from wizard.answers_file import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _option(key: str) -> str:
    """The option that the value of such a key came from."""
    return f"--{key.removeprefix('site.').partition('[')[0].replace('domains', 'domain')}"


def _as_line(file: str, mistake: "Mistake") -> str:
    """`FILE:LINE: KEY: PROBLEM`, which editors and people can jump to."""
    place = f"{file}:{mistake.line}" if mistake.line else file
    return f"{place}: {mistake.key}: {mistake.problem}" if mistake.key else f"{place}: {mistake.problem}"
