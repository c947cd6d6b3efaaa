"""The certificate that a port really serves, seen as a client sees it."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from backends.certificates import authority
from backends.certificates.settings import OWN_FILES, KeyKind, StartTls, TlsFiles
from backends.checks import Check, Finding, fail, ok, warn
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.services import ServiceNames
from backends.mends import reload, replay
from backends.text import clean

_LONGEST_LINE = 4096
_MOST_LINES = 100
_WARN_DAYS = 14


class NotServedError(MailsteadError):
    """A port that can't be reached or does not speak TLS as it should."""


@dataclass(frozen=True)
class ServedCertificate:
    """What came out of one TLS handshake."""

    der: bytes
    protocol: str
    """As OpenSSL names it: `TLSv1.3`."""
    cipher: str

    @property
    def certificate(self) -> x509.Certificate:
        """The server's certificate."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def kind(self) -> KeyKind:
        """What kind of key it has."""
        return authority.kind_of(self.certificate)


def served_certificate(
    host: str,
    port: int,
    *,
    starttls: StartTls | None = None,
    server_name: str = "",
    kind: KeyKind | None = None,
    timeout: float = 5,
) -> ServedCertificate:
    """One handshake with this port; the certificate is looked at, not trusted.

    `server_name` goes out as SNI. With `kind`, the server is asked for its certificate of that kind, which
    takes TLS 1.2: there the cipher decides. Raises NotServedError within about `timeout` seconds.
    """
    where = f"{host} port {port}"
    try:
        with socket.create_connection((host, port), timeout) as plain:
            if starttls:
                with plain.makefile("rwb", buffering=0) as lines:
                    _STARTTLS[starttls](_Dialogue(lines, where))
            with _context(kind).wrap_socket(plain, server_hostname=server_name or None) as secured:
                der, cipher = secured.getpeercert(binary_form=True), secured.cipher()
                if der is None or cipher is None:
                    raise NotServedError(_("{where} shows no certificate").format(where=where))
                return ServedCertificate(der, secured.version() or "", cipher[0])
    except ssl.SSLError as problem:
        raise NotServedError(
            _("{where} fails to begin TLS").format(where=where), seen=clean(str(problem.reason or problem))
        ) from problem
    except OSError as problem:
        raise NotServedError(
            _("{where} does not answer").format(where=where), seen=clean(str(problem))
        ) from problem


def certificate_check(
    check_id: str,
    title: str,
    port: int,
    *,
    starttls: StartTls | None = None,
    server_name: str = "",
    host: str = "127.0.0.1",
    files: tuple[TlsFiles, ...] = OWN_FILES,
    reload_command: str = "",
    service: ServiceNames | None = None,
) -> Check:
    """A gate: that the port serves a certificate that is on disk; and how long that lasts.

    `reload_command` is what makes the service take up the file on disk, for people; `service` is that one.
    """

    def find() -> Finding:
        try:
            served = served_certificate(host, port, starttls=starttls, server_name=server_name)
        except NotServedError as problem:
            seen = f"{problem.message}: {problem.seen}" if problem.seen else problem.message
            return fail(seen, _("TLS"), _("look at the service's log: mailstead log, or journalctl -e"))
        if served.der not in {_on_disk(file) for file in files}:
            mend = reload_command or "reload the service"
            return fail(
                _("another certificate than the one on disk"),
                _("the one on disk"),
                mend,
                reload(service) if service else None,
            )
        days = authority.days_left(served.certificate)
        seen = f"{served.protocol}, {served.kind.upper()} certificate, {days} days left"
        if days < 0:
            return fail(
                _("the certificate has ended"),
                _("a valid certificate"),
                _("mailstead replay"),
                replay("certificates"),
            )
        if days < _WARN_DAYS:
            return warn(
                seen,
                _("{days} days or more").format(days=_WARN_DAYS),
                _("mailstead replay"),
                replay("certificates"),
            )
        return ok(seen)

    return Check(check_id, title, find, is_gate=True)


class _Dialogue:
    """Lines there and back, each bounded, until the server is ready for TLS."""

    def __init__(self, lines: socket.SocketIO, where: str) -> None:
        self._lines = lines
        self._where = where

    def say(self, line: str) -> None:
        self._lines.write(line.encode() + b"\r\n")

    def expect(self, is_last: Callable[[bytes], bool], begins: bytes) -> None:
        """Read up to the line that ends an answer; it has to begin like this."""
        for _count in range(_MOST_LINES):
            line = self._lines.readline(_LONGEST_LINE)
            if not line.endswith(b"\n") or is_last(line):
                break
        else:
            line = b"too many lines"
        if not line.upper().startswith(begins):
            raise NotServedError(
                _("{where} refuses to begin TLS").format(where=self._where),
                seen=clean(line.strip() or b"it hung up", 200),
            )


def _smtp(talk: _Dialogue) -> None:
    for line, answer in (("", b"220 "), ("EHLO localhost", b"250 "), ("STARTTLS", b"220 ")):
        if line:
            talk.say(line)
        talk.expect(lambda text: text[3:4] != b"-", answer)


def _imap(talk: _Dialogue) -> None:
    talk.expect(lambda _: True, b"* OK")
    talk.say("a STARTTLS")
    talk.expect(lambda text: not text.startswith(b"* "), b"A OK")


def _pop3(talk: _Dialogue) -> None:
    talk.expect(lambda _: True, b"+OK")
    talk.say("STLS")
    talk.expect(lambda _: True, b"+OK")


def _sieve(talk: _Dialogue) -> None:
    for line in ("", "STARTTLS"):
        if line:
            talk.say(line)
        talk.expect(lambda text: text[:1] != b'"', b"OK")


_STARTTLS: dict[StartTls, Callable[[_Dialogue], None]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "sieve": _sieve,
}


def _context(kind: KeyKind | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if kind:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+aRSA" if kind == "rsa" else "ECDHE+aECDSA")
    return context


def _on_disk(files: TlsFiles) -> bytes:
    try:
        certificate = authority.read_certificate(Path(files.chain).read_bytes())
    except OSError:
        return b""
    return certificate.public_bytes(Encoding.DER) if certificate else b""
