"""`mailstead log`: what the servers write, in one line of time."""

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

import click

from backends.language import _
from backends.logs.filtering import LINES_AT_ONCE, BadFilter, LineFilter
from backends.logs.following import Following
from backends.logs.lines import LogLine
from backends.logs.services import SERVICES
from backends.logs.severity import Severity
from backends.logs.since import NoSuchTime, moment

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: None}
_LETTERS = {Severity.ERROR: "E", Severity.WARNING: "W", Severity.INFO: " "}
_LINES = 200


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    try:
        return moment(value) if value else None
    except NoSuchTime as problem:
        raise click.BadParameter(f"{problem.message}; {problem.next_step}") from problem


@click.command()
@click.option("--follow", "-f", is_flag=True, help=_("Go on with what is written from now on."))
@click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(SERVICES),
    help=_("Only lines of this service; may be repeated."),
)
@click.option(
    "--grep",
    "expression",
    default="",
    metavar="RE",
    help=_("Only lines in which this regular expression is found. Without capitals it ignores case."),
)
@click.option(
    "--since",
    metavar="T",
    callback=_moment,
    help=_("All lines from then on: 10m, 2h, 3d, 03:00, yesterday, 2026-11-24 03:00."),
)
@click.option(
    "--lines",
    "count",
    type=click.IntRange(1, 1_000_000),
    default=_LINES,
    show_default=True,
    help=_("So many lines, where --since does not say."),
)
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON object per line."))
def log(
    *,
    follow: bool,
    services: tuple[str, ...],
    expression: str,
    since: datetime | None,
    count: int,
    as_json: bool,
) -> None:
    """Show the logs of all servers in one line of time: the last lines, or those since a moment."""
    try:
        only = LineFilter(frozenset(services), expression=expression)
        with Following() as logs:
            if since:
                _print_since(logs, since, only, as_json=as_json)
            else:
                *_others, lines = logs.last_lines(count, only)
                _print(lines, as_json=as_json)
            if follow:
                asyncio.run(_follow(logs, only, as_json=as_json))
    except BadFilter as problem:
        raise click.UsageError(problem.describe()) from problem
    except KeyboardInterrupt:
        sys.exit(0)


def _print_since(logs: Following, since: datetime, only: LineFilter, *, as_json: bool) -> None:
    lines = logs.lines_since(since)
    while some := list(islice(lines, 10 * LINES_AT_ONCE)):
        _print(only.kept(some), as_json=as_json)


async def _follow(logs: Following, only: LineFilter, *, as_json: bool) -> None:
    async for batch in logs.batches():
        _print(only.kept(batch), as_json=as_json)


def _print(lines: Iterable[LogLine], *, as_json: bool) -> None:
    """Print lines, many in one write."""
    text = "".join(map(_json if as_json else _text, lines))
    if text:
        click.echo(text, nl=False, color=False if os.environ.get("NO_COLOR") else None)
        sys.stdout.flush()


def _json(line: LogLine) -> str:
    entry = {
        "at": line.at.isoformat() if line.at else None,
        "service": line.service,
        "severity": line.severity,
        "text": line.text,
    }
    return json.dumps(entry) + "\n"


def _text(line: LogLine) -> str:
    # Times are the machine's, as in the files.
    at = f"{line.at.astimezone():%Y-%m-%d %H:%M:%S}" if line.at else " " * 19
    told = f"{at}  {_LETTERS[line.severity]} {line.service:<9}  {line.text}"
    colour = _COLOURS[line.severity]
    return (click.style(told, fg=colour) if colour else told) + "\n"
