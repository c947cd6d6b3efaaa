"""`mailstead ban`: who is banned; ban and unban."""

import sys
from ipaddress import ip_address

import click

from backends.fail2ban import bans
from backends.language import _
from backends.machine.facts import IPAddress
from screens.run_lines import print_json
from wizard.banning import WouldLockOut, ban_by_hand


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> IPAddress:
    try:
        return ip_address(value)
    except ValueError as problem:
        raise click.BadParameter(_("{address!r:.60} is no IP address").format(address=value)) from problem


@click.group()
def ban() -> None:
    """Who is banned; ban and unban."""


@ban.command("list")
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def list_(*, as_json: bool) -> None:
    """List who is shut out now, why and until when."""
    found = bans.list_bans()
    if as_json:
        print_json({"bans": [_record(one) for one in found]})
        return
    for one in found:
        until = f"until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
        click.echo(f"{one.address!s:<40} {one.jail:<10} {until}".rstrip())


@ban.command()
@click.argument("address", metavar="IP", callback=_address)
def add(address: IPAddress) -> None:
    """Close every port to an address, SSH too."""
    try:
        ban_by_hand(address)
    except WouldLockOut as problem:
        raise click.UsageError(problem.message) from problem


@ban.command()
@click.argument("address", metavar="IP", callback=_address)
def remove(address: IPAddress) -> None:
    """Let an address in again. Exit status 1 when it was not shut out."""
    if not bans.unban(address):
        click.echo(_("{address} was not banned").format(address=address), err=True)
        sys.exit(1)


def _record(one: bans.Ban) -> dict[str, object]:
    return {
        "address": str(one.address),
        "jail": one.jail,
        "since": one.since.isoformat() if one.since else None,
        "until": one.until.isoformat() if one.until else None,
        "times_before": one.times_before,
    }
