"""`mailstead clients`: what a mailbox' owner needs to set a mail program up."""

from pathlib import Path

import click

from backends.language import _
from screens.terminal import has_few_glyphs


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from backends.accounts.addresses import WrongAddress, parse_address

    try:
        return parse_address(value)
    except WrongAddress as problem:
        raise click.BadParameter(f"{problem.message}; {problem.next_step}") from problem


@click.group()
def clients() -> None:
    """What the owner of a mailbox needs to set a mail program up."""


@clients.command()
@click.argument("address", callback=_address)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("Write it there as an HTML page, to print or to send."),
)
def sheet(*, address: str, page: Path | None) -> None:
    """Print a set-up sheet for the mailbox ADDRESS: servers, ports, user name. Never a password."""
    from backends.clients.sheet import Sheet, code_lines, html, text_lines
    from wizard.client_documents import access_of

    access, authority = access_of(address)
    found = Sheet(address, access, authority)
    if page:
        _write(page, html(found))
        return
    for line in text_lines(found):
        click.echo(line)
    code = code_lines(found, has_blocks=not has_few_glyphs())
    if code:
        click.echo()
    for line in code:
        # Readers want dark on light, whatever the terminal's colours are; on paper it is so by itself.
        click.secho(line, fg="black", bg="bright_white")


@clients.command()
@click.argument("address", callback=_address)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("Write the profile there."),
)
def profile(*, address: str, file: Path) -> None:
    """Write a profile (.mobileconfig) from which an iPhone, iPad or Mac sets the mailbox ADDRESS up.

    It holds no password: the device asks for it.
    """
    from backends.accounts.addresses import domain_of
    from backends.clients.apple import profile as apple_profile
    from wizard.client_documents import access_of

    access, authority = access_of(address)
    _write(file, apple_profile(access, domain_of(address), authority, address))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as problem:
        raise click.FileError(str(path), problem.strerror or str(problem)) from problem
