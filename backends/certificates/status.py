"""Certificates as they are now: on disk, and as ports serve them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from backends.certificates import authority
from backends.certificates.served import NotServedError, ServedCertificate, served_certificate
from backends.certificates.settings import OWN_FILES, KeyKind, TlsFiles, TlsPort
from backends.language import _
from backends.text import clean


@dataclass(frozen=True)
class FileStatus:
    """A certificate on disk. `sha256` is the fingerprint that programs show, in lower case without colons."""

    kind: KeyKind
    path: str
    names: tuple[str, ...]
    issuer: str
    until: datetime
    days_left: int
    sha256: str


@dataclass(frozen=True)
class Served:
    """What a port showed in a handshake."""

    kind: KeyKind
    protocol: str
    cipher: str
    sha256: str
    days_left: int


@dataclass(frozen=True)
class PortStatus:
    """What a port serves, and what is wrong with that; `problem` is empty when nothing is."""

    name: str
    number: int
    served: Served | None
    problem: str

    @property
    def is_right(self) -> bool:
        """Whether it serves a valid certificate that is on disk."""
        return not self.problem


def file_status(files: Sequence[TlsFiles] = OWN_FILES) -> tuple[FileStatus, ...]:
    """The certificates in these files; one that can't be read is left out."""
    return tuple(
        _of_file(file.chain, certificate)
        for file in files
        if (certificate := authority.read_certificate(_read(file.chain)))
    )


def port_status(
    port: TlsPort, server_name: str, files: Sequence[FileStatus], host: str = "127.0.0.1"
) -> PortStatus:
    """What the port serves to a client that asks for `server_name`, compared with the files."""
    try:
        shown = served_certificate(host, port.number, starttls=port.starttls, server_name=server_name)
    except NotServedError as silence:
        words = f"{silence.message}: {silence.seen}" if silence.seen else silence.message
        return PortStatus(port.name, port.number, None, words)
    served = _of_port(shown)
    problem = ""
    if served.sha256 not in {file.sha256 for file in files}:
        problem = _("it serves another certificate than those on disk")
    elif served.days_left < 0:
        problem = _("its certificate has ended")
    return PortStatus(port.name, port.number, served, problem)


def _of_file(path: str, certificate: x509.Certificate) -> FileStatus:
    return FileStatus(
        kind=authority.kind_of(certificate),
        path=path,
        names=tuple(sorted(map(clean, authority.names_in(certificate)))),
        issuer=clean(certificate.issuer.rfc4514_string()),
        until=certificate.not_valid_after_utc,
        days_left=authority.days_left(certificate),
        sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
    )


def _of_port(shown: ServedCertificate) -> Served:
    return Served(
        kind=shown.kind,
        protocol=shown.protocol,
        cipher=shown.cipher,
        sha256=hashlib.sha256(shown.der).hexdigest(),
        days_left=authority.days_left(shown.certificate),
    )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
