"""`mailstead domain`, `account` and `alias`: who has mail here. All of it holds at once, without a reload."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from backends.language import _

_json = click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help=_("Read the password from the first line of standard input.")
)


def _wrong_call(words: str) -> NoReturn:
    raise click.UsageError(words)


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from backends.accounts.addresses import WrongAddress, parse_address

    try:
        return parse_address(value)
    except WrongAddress as problem:
        raise click.BadParameter(f"{problem.message}; {problem.next_step}") from problem


def _destination(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from backends.accounts.addresses import WrongAddress, parse_destination

    try:
        return None if value is None else parse_destination(value)
    except WrongAddress as problem:
        raise click.BadParameter(f"{problem.message}; {problem.next_step}") from problem


def _domain(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from backends.accounts.addresses import WrongAddress, parse_domain

    try:
        return parse_domain(value)
    except WrongAddress as problem:
        raise click.BadParameter(f"{problem.message}; {problem.next_step}") from problem


def _size(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    from wizard.value_types import parse_size

    try:
        return None if value is None else parse_size(value)
    except ValueError as problem:
        raise click.BadParameter(f"{value!r:.40} {problem}") from problem


@click.group()
def domain() -> None:
    """The domains whose mail this server takes."""


@domain.command("list")
@_json
def list_domains(*, as_json: bool) -> None:
    """List the domains, with how many accounts and aliases each has."""
    from backends.accounts import domains
    from screens.run_lines import print_json

    found = domains.list_domains()
    if as_json:
        print_json(
            {
                "domains": [
                    {
                        "domain": one.name,
                        "accounts": one.accounts,
                        "aliases": one.aliases,
                        "created": one.created.isoformat(),
                    }
                    for one in found
                ]
            }
        )
        return
    for one in found:
        click.echo(
            _("{name:<40} {accounts:>5} accounts {aliases:>5} aliases").format(
                name=one.name, accounts=one.accounts, aliases=one.aliases
            )
        )


@domain.command("add")
@click.argument("name", callback=_domain)
def add_domain(name: str) -> None:
    """Take mail for a domain. Its DNS records: mailstead dns records."""
    from backends.accounts import domains

    domains.add_domain(name)


@domain.command("remove")
@click.argument("name", callback=_domain)
def remove_domain(name: str) -> None:
    """Take no more mail for a domain that has no accounts and aliases left."""
    from backends.accounts import domains

    domains.remove_domain(name)


@click.group()
def account() -> None:
    """Mailboxes and their owners' logins."""


@account.command("list")
@_json
def list_accounts(*, as_json: bool) -> None:
    """List the accounts."""
    from backends.accounts import mailboxes
    from screens.run_lines import print_json
    from wizard.value_types import format_size

    found = mailboxes.list_accounts()
    if as_json:
        print_json(
            {
                "accounts": [
                    {
                        "address": one.address,
                        "quota": one.quota_bytes,
                        "enabled": one.is_enabled,
                        "created": one.created.isoformat(),
                    }
                    for one in found
                ]
            }
        )
        return
    for one in found:
        limit = format_size(one.quota_bytes) if one.quota_bytes else "no limit"
        click.echo(f"{one.address:<40} {limit:>9}{'' if one.is_enabled else '  disabled'}")


@account.command("add")
@click.argument("address", callback=_address)
@_password_stdin
@click.option(
    "--quota", callback=_size, help=_("Limit of the mailbox, like 2G; 0 is no limit. [default: 2G]")
)
def add_account(address: str, *, password_stdin: bool, quota: int | None) -> None:
    """Make a mailbox; its owner can log in at once."""
    from wizard.mailbox_changes import DEFAULT_QUOTA, make_mailbox

    password = _new_password(address, from_stdin=password_stdin)
    make_mailbox(address, password, DEFAULT_QUOTA if quota is None else quota)


@account.command("passwd")
@click.argument("address", callback=_address)
@_password_stdin
def set_password(address: str, *, password_stdin: bool) -> None:
    """Set another password."""
    from wizard.mailbox_changes import change_password

    change_password(address, _new_password(address, from_stdin=password_stdin))


@account.command("quota")
@click.argument("address", callback=_address)
@click.argument("size", callback=_size)
def set_quota(address: str, size: int) -> None:
    """Set another limit, like 2G; 0 is no limit."""
    from backends.accounts import mailboxes

    mailboxes.set_quota(address, size)


@account.command("disable")
@click.argument("address", callback=_address)
def disable_account(address: str) -> None:
    """Let nobody log in to it, and end the connections there are; mail for it is still taken."""
    from wizard.mailbox_changes import suspend

    suspend(address)


@account.command("enable")
@click.argument("address", callback=_address)
def enable_account(address: str) -> None:
    """Let its owner log in again."""
    from backends.accounts import mailboxes

    mailboxes.enable_account(address)


@account.command("remove")
@click.argument("address", callback=_address)
def remove_account(address: str) -> None:
    """Take the account away. Its mail stays; where, is printed."""
    from wizard.mailbox_changes import delete_mailbox

    click.echo(str(delete_mailbox(address)))


@click.group()
def alias() -> None:
    """Addresses without a mailbox, whose mail goes on to others."""


@alias.command("list")
@_json
def list_aliases(*, as_json: bool) -> None:
    """List the aliases and where they lead."""
    from backends.accounts import aliases
    from screens.run_lines import print_json

    found = aliases.list_aliases()
    if as_json:
        print_json(
            {"aliases": [{"address": one.address, "destinations": list(one.destinations)} for one in found]}
        )
        return
    for one in found:
        click.echo(f"{one.address:<40} {', '.join(one.destinations)}")


@alias.command("add")
@click.argument("address", callback=_address)
@click.argument("destination", callback=_destination)
def add_alias(address: str, destination: str) -> None:
    """Send mail for ADDRESS on to DESTINATION; call it again for more."""
    from backends.accounts import aliases

    aliases.add_alias(address, destination)


@alias.command("remove")
@click.argument("address", callback=_address)
@click.argument("destination", required=False, callback=_destination)
def remove_alias(address: str, destination: str | None) -> None:
    """Take an alias away, or only one of its destinations."""
    from backends.accounts import aliases

    aliases.remove_alias(address, destination)


def _new_password(address: str, *, from_stdin: bool) -> str:
    """From standard input or typed twice; weak ones are refused before anything is touched."""
    from wizard.mailbox_changes import complaint_about, password_rules

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    else:
        _wrong_call("there is no terminal to ask for the password; use --password-stdin")
    if complaint := complaint_about(password, address, password_rules()):
        _wrong_call(complaint)
    return str(password)
