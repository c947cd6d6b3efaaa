"""Connections to this server's own mail ports, verified against the name in its certificate.

They go to the loopback address, whatever the DNS says of the name: there nobody is counted or banned. Postfix
trusts loopback on port 25 only, so logins are asked for all the same.
"""

import imaplib
import smtplib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TIMEOUT = 10.0
"""Seconds that one answer of a server may take."""

Security = Literal["tls", "starttls"]

_HERE = "127.0.0.1"
_OWN_NAME = f"[{_HERE}]"
"""What we call ourselves in EHLO; smtplib would else ask the DNS for our name."""


@dataclass(frozen=True)
class Endpoint:
    """A port of this server and how TLS begins there: at once, or after STARTTLS."""

    hostname: str
    port: int
    security: Security
    ca_file: Path | None = None
    """What the certificate must lead to; the system's own trust where None."""


def open_smtp(endpoint: Endpoint) -> smtplib.SMTP:
    """An encrypted connection for submission, greeted but not logged in; raises OSError or SMTPException."""
    if endpoint.security == "tls":
        return _SmtpTls(
            endpoint.hostname, endpoint.port, _OWN_NAME, timeout=TIMEOUT, context=_trust(endpoint)
        )
    connection = _Smtp(endpoint.hostname, endpoint.port, _OWN_NAME, timeout=TIMEOUT)
    connection.starttls(context=_trust(endpoint))
    return connection


def open_imap(endpoint: Endpoint) -> imaplib.IMAP4:
    """An encrypted connection for reading, not logged in; raises OSError or IMAP4.error."""
    if endpoint.security == "tls":
        return _ImapTls(endpoint.hostname, endpoint.port, ssl_context=_trust(endpoint), timeout=TIMEOUT)
    connection = _Imap(endpoint.hostname, endpoint.port, timeout=TIMEOUT)
    connection.starttls(_trust(endpoint))
    return connection


def _trust(endpoint: Endpoint) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(endpoint.ca_file) if endpoint.ca_file else None)
    # The file may hold a certificate that some other authority issued: then that one itself is trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class _Smtp(smtplib.SMTP):
    """Keeps the name for the certificate, and goes to loopback."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002
        return socket.create_connection((_HERE, port), timeout)


class _SmtpTls(smtplib.SMTP_SSL):
    """The same with TLS at once."""

    def _get_socket(self, host: str, port: int, timeout: float) -> ssl.SSLSocket:
        plain = socket.create_connection((_HERE, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)


class _Imap(imaplib.IMAP4):
    """Keeps the name for the certificate, and goes to loopback."""

    def _create_socket(self, timeout: float) -> socket.socket:
        return socket.create_connection((_HERE, self.port), timeout)


class _ImapTls(imaplib.IMAP4_SSL):
    """The same with TLS at once."""

    def _create_socket(self, timeout: float) -> ssl.SSLSocket:
        plain = socket.create_connection((_HERE, self.port), timeout)
        context: ssl.SSLContext = self.ssl_context
        return context.wrap_socket(plain, server_hostname=self.host)
