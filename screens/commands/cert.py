"""`mailstead cert`: certificates on disk, and as each port really serves them."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import click

from backends.certificates.settings import ImportedSettings
from backends.certificates.status import FileStatus, PortStatus, Served, file_status, port_status
from backends.language import _
from screens.run_lines import RunLines, print_json
from wizard.answers import Answers
from wizard.answers_in_force import answers_in_force
from wizard.dns_settings import certificate_files
from wizard.launch import start
from wizard.request import Request
from wizard.tls_ports import tls_ports


@click.group()
def cert() -> None:
    """Certificates on disk and as each port serves them."""


@cert.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def status(*, as_json: bool) -> None:
    """Show both. Exit status 1 when a port serves none of those on disk, or one that has ended."""
    sys.exit(0 if _show_status(answers_in_force(), as_json=as_json) else 1)


@cert.command()
@click.option("-v", "--verbose", is_flag=True, help=_("Tell every change."))
@click.option("--json", "as_json", is_flag=True, help=_("Print the run's events and then the status."))
def renew(*, verbose: bool, as_json: bool) -> None:
    """Get new certificates now, and show what each port serves then."""
    from wizard.renewing import asked_anew, run_for_certificates

    answers = answers_in_force()
    is_imported = answers.certificates.source == "imported"
    with nullcontext() if is_imported else asked_anew(answers):
        due = run_for_certificates(answers, os.environ)
        is_ok = _follow(*due, RunLines(as_json=as_json, is_detailed=verbose)) if due else True
    if due is None:
        click.echo(
            _("somebody else renews this certificate, and its files have not changed: {path}").format(
                path=answers.certificates.imported.certificate
            ),
            err=True,
        )
    is_right = _show_status(answers, as_json=as_json)
    sys.exit(0 if is_ok and is_right else 1)


@cert.command()
@click.option("-v", "--verbose", is_flag=True, help=_("Tell every change."))
@click.option("--json", "as_json", is_flag=True, help=_("Print an event a line."))
def refresh(*, verbose: bool, as_json: bool) -> None:
    """Take up what was renewed; make anew what ends soon. Called by timers, and by certbot."""
    from wizard.renewing import run_for_certificates

    due = run_for_certificates(answers_in_force(), os.environ)
    if due:
        sys.exit(0 if _follow(*due, RunLines(as_json=as_json, is_detailed=verbose)) else 1)


@cert.command("import")
@click.argument("certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("key", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-v", "--verbose", is_flag=True, help=_("Tell every change."))
@click.option("--json", "as_json", is_flag=True, help=_("Print the run's events and then the status."))
def import_(*, certificate: Path, key: Path, verbose: bool, as_json: bool) -> None:
    """Serve the certificate in CERTIFICATE (PEM, with those of the authorities in between) and its KEY.

    The files are judged first: exit status 2 and what is wrong with them, with nothing touched. They stay
    where they are; when they change, they are taken up again.
    """
    from backends.certificates.imported import UnusableCertificate
    from wizard.renewing import run_for_import

    files = ImportedSettings(str(certificate.absolute()), str(key.absolute()))
    try:
        directory, request, remarks = run_for_import(
            answers_in_force(), files, os.environ, os.environ.get("SSH_CONNECTION", "")
        )
    except UnusableCertificate as problem:
        click.echo(problem.describe(), err=True)
        sys.exit(2)
    for remark in remarks:
        click.echo(remark, err=True)
    is_ok = _follow(directory, request, RunLines(as_json=as_json, is_detailed=verbose))
    is_right = _show_status(answers_in_force(), as_json=as_json)
    sys.exit(0 if is_ok and is_right else 1)


def _follow(directory: Path, request: Request, lines: RunLines) -> bool:
    """Start the run and print it to its end; gives whether it went well."""
    for event in start(directory, request):
        lines.show(event)
    return lines.is_ok


def _show_status(answers: Answers, *, as_json: bool) -> bool:
    """Print what is on disk and what each port serves; gives whether all of these are right."""
    files = file_status(certificate_files(answers))
    ports = tuple(port_status(port, answers.site.hostname, files) for port in tls_ports(answers))
    if as_json:
        print_json({"files": [_file(one) for one in files], "ports": [_port(one) for one in ports]})
    else:
        _print(files, ports)
    return all(one.is_right for one in ports)


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
    standing = port.problem or _("as on disk")
    return f"{name}  {port.served.kind:<6} {port.served.protocol}  {standing}"


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
