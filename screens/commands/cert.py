"""`mailstead cert`: certificates on disk, and as each port really serves them."""

import sys

import click

from backends.certificates.served import StartTls
from backends.certificates.status import FileStatus, PortStatus, Served, TlsPort, file_status, port_status
from backends.language import _
from screens.run_lines import print_json
from wizard.answers_in_force import answers_in_force

_STARTTLS: dict[str, StartTls] = {
    "smtp": "smtp",
    "submission": "smtp",
    "imap": "imap",
    "pop3": "pop3",
    "sieve": "sieve",
}
"""The protocols that begin in the clear; the others speak TLS from the first byte."""


@click.group()
def cert() -> None:
    """Certificates on disk and as each port serves them."""


@cert.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def status(*, as_json: bool) -> None:
    """Show both. Exit status 1 when a port serves none of those on disk, or one that has ended."""
    answers = answers_in_force()
    files = file_status()
    ports = tuple(
        port_status(TlsPort(name, listener.port, _STARTTLS.get(name)), answers.site.hostname, files)
        for name, listener in answers.protocols.listeners().items()
        if listener.enabled
    )
    if as_json:
        print_json({"files": [_file(one) for one in files], "ports": [_port(one) for one in ports]})
    else:
        _print(files, ports)
    sys.exit(0 if all(one.is_right for one in ports) else 1)


def _print(files: tuple[FileStatus, ...], ports: tuple[PortStatus, ...]) -> None:
    for one in files:
        click.echo(f"{one.kind:<6} {one.path}")
        click.echo(
            _("       until {until:%Y-%m-%d}, {days_left} days; {names}").format(
                until=one.until, days_left=one.days_left, names=", ".join(one.names)
            )
        )
    for port in ports:
        click.secho(_line(port), fg=None if port.is_right else "red")


def _line(port: PortStatus) -> str:
    name = f"{port.name:<11} {port.number:>5}"
    if not port.served:
        return f"{name}  {port.problem}"
    return f"{name}  {port.served.kind:<6} {port.served.protocol}  {port.problem or 'as on disk'}"


def _file(one: FileStatus) -> dict[str, object]:
    return {
        "kind": one.kind,
        "path": one.path,
        "names": list(one.names),
        "issuer": one.issuer,
        "until": one.until.isoformat(),
        "days_left": one.days_left,
        "sha256": one.sha256,
    }


def _port(one: PortStatus) -> dict[str, object]:
    return {
        "name": one.name,
        "port": one.number,
        "is_right": one.is_right,
        "problem": one.problem,
        "served": _served(one.served) if one.served else None,
    }


def _served(one: Served) -> dict[str, object]:
    return {"kind": one.kind, "protocol": one.protocol, "cipher": one.cipher, "sha256": one.sha256}
