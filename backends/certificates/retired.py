"""Certificates that a person wants made anew before their time: their serial numbers, until that is done."""

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from backends.errors import MailsteadError
from backends.language import _
from backends.machine import files

_NAME = "retired"


def retire(certificates: Iterable[x509.Certificate], directory: str) -> None:
    """Ask for others in place of these; raises MailsteadError where that can't be written down."""
    lines = "".join(f"{certificate.serial_number:x}\n" for certificate in certificates)
    try:
        Path(directory).mkdir(mode=0o755, parents=True, exist_ok=True)
        files.write_atomically(Path(directory, _NAME), lines.encode(), mode=0o600)
    except OSError as problem:
        raise MailsteadError(
            _("nothing was asked for: {directory} can't be written to").format(directory=directory),
            seen=problem.strerror or str(problem),
            next_step=_("make room on the disk; until then the certificates there are go on being served"),
        ) from problem


def forget_retired(directory: str) -> None:
    """Ask for no others any more."""
    if Path(directory).is_dir():
        files.remove(Path(directory, _NAME))


def is_retired(certificate: x509.Certificate, directory: str) -> bool:
    """Whether another one was asked for."""
    try:
        lines = Path(directory, _NAME).read_text().split()
    except OSError:
        return False
    return f"{certificate.serial_number:x}" in lines
