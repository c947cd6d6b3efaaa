"""The certificates on disk and on every port, together; and new ones on demand."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

from backends.certificates.settings import TlsFiles
from backends.certificates.status import FileStatus, PortStatus, file_status, port_status
from wizard.answers import Answers
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import mail_access
from wizard.dns_settings import acme_directory, certificate_files
from wizard.renewing import asked_anew, run_for_certificates
from wizard.tls_ports import tls_ports
from wizard.whole_run import run_to_its_end

Source = Literal["own-ca", "acme", "imported"]

_AT_ONCE = 4
"""Ports that are asked at the same time; each takes a connection of the server."""


@dataclass(frozen=True)
class CertificateList:
    """What there is, and where it comes from.

    `asked` is the URL of the ACME authority, or the path of the imported file; empty for the server's own
    authority, which `authority` tells of then. `page` is where clients get that from; empty where no page is
    served. `unread` are the paths of certificates that can't be read.
    """

    source: Source
    files: tuple[FileStatus, ...]
    ports: tuple[PortStatus, ...]
    unread: tuple[str, ...] = ()
    asked: str = ""
    authority: FileStatus | None = None
    page: str = ""


def look_at_certificates() -> CertificateList:
    """Read every file, and shake hands with every port; takes seconds where one is silent.

    Raises MailsteadError when nothing is set up yet.
    """
    answers = answers_in_force()
    wanted = certificate_files(answers)
    files = file_status(wanted)
    with ThreadPoolExecutor(_AT_ONCE) as askers:
        hostname = answers.site.hostname
        ports = tuple(askers.map(lambda port: port_status(port, hostname, files), tls_ports(answers)))
    read = {one.path for one in files}
    access = mail_access(answers)
    return CertificateList(
        source=answers.certificates.source,
        files=files,
        ports=ports,
        unread=tuple(one.chain for one in wanted if one.chain not in read),
        asked=_asked(answers),
        authority=_authority(access.own_authority),
        page=access.url if access.own_authority else "",
    )


def renew(environment: Mapping[str, str]) -> bool:
    """Get new certificates now, and wait until every port shows them; False where there is nothing to do.

    That is where somebody else renews them, and the files have not changed. Raises MailsteadError: when the
    run would be refused, or did not go well.
    """
    answers = answers_in_force()
    with nullcontext() if answers.certificates.source == "imported" else asked_anew(answers):
        due = run_for_certificates(answers, environment)
        if due is None:
            return False
        run_to_its_end(*due)
    return True


def _asked(answers: Answers) -> str:
    match answers.certificates.source:
        case "acme":
            return acme_directory(answers)
        case "imported":
            return answers.certificates.imported.certificate
        case _:
            return ""


def _authority(path: str) -> FileStatus | None:
    found = file_status([TlsFiles(key="", chain=path, combined="")]) if path else ()
    return found[0] if found else None
