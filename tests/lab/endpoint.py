"""A place on the lab's network from which Python clients can connect: a machine, or an outsider."""

import contextlib
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.lab.namespaces import inside

Resolve = Callable[[str], str]


@dataclass
class Endpoint:
    """A network namespace on the bridge. Names are looked up in the lab's DNS by `resolve`."""

    name: str
    namespace: str
    address: str
    address6: str
    resolve: Resolve = field(repr=False)

    def network(self) -> AbstractContextManager[None]:
        """Within the block, sockets that this thread makes belong to this endpoint and stay there."""
        return inside(self.namespace)

    def connect(self, host: str, port: int, timeout: float = 30) -> socket.socket:
        """A TCP connection from this endpoint to a name or address."""
        target = self.resolve(host)
        with self.network():
            return socket.create_connection((target, port), timeout)

    def smtp(
        self, host: str, port: int = 25, timeout: float = 30, source: tuple[str, int] | None = None
    ) -> smtplib.SMTP:
        """An SMTP session from this endpoint; `starttls()` checks the certificate against `host`."""
        return _SMTP(self, host, port, timeout, source)

    def smtps(self, host: str, port: int = 465, context: ssl.SSLContext | None = None) -> smtplib.SMTP_SSL:
        """An SMTP session that starts with TLS (RFC 8314). Without a context no certificate is checked."""
        return _SMTPS(self, host, port, context or unchecked())

    def imaps(self, host: str, port: int = 993, context: ssl.SSLContext | None = None) -> imaplib.IMAP4_SSL:
        """An IMAP session that starts with TLS. Without a context no certificate is checked."""
        return _IMAPS(self, host, port, context or unchecked())

    def imap(self, host: str, port: int = 143) -> imaplib.IMAP4:
        """An IMAP session that starts in the clear."""
        return _IMAP(self, host, port)

    def can_connect(self, host: str, port: int, timeout: float = 3) -> bool:
        """Whether a TCP connection comes about within `timeout` seconds."""
        with contextlib.suppress(OSError), self.connect(host, port, timeout):
            return True
        return False


def unchecked() -> ssl.SSLContext:
    """A TLS client that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _SMTP(smtplib.SMTP):
    def __init__(
        self, endpoint: Endpoint, host: str, port: int, timeout: float, source: tuple[str, int] | None
    ) -> None:
        self._endpoint = endpoint
        super().__init__(host, port, local_hostname=endpoint.name, timeout=timeout, source_address=source)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        target = self._endpoint.resolve(host)
        with self._endpoint.network():
            return socket.create_connection((target, port), timeout, self.source_address)


class _SMTPS(smtplib.SMTP_SSL):
    def __init__(self, endpoint: Endpoint, host: str, port: int, context: ssl.SSLContext) -> None:
        self._endpoint = endpoint
        super().__init__(host, port, local_hostname=endpoint.name, timeout=30, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = self._endpoint.connect(host, port, timeout)
        secured: ssl.SSLSocket = self.context.wrap_socket(plain, server_hostname=host)
        return secured


class _IMAP(imaplib.IMAP4):
    def __init__(self, endpoint: Endpoint, host: str, port: int) -> None:
        self._endpoint = endpoint
        super().__init__(host, port, timeout=30)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._endpoint.connect(self.host, self.port, timeout or 30)


class _IMAPS(imaplib.IMAP4_SSL):
    def __init__(self, endpoint: Endpoint, host: str, port: int, context: ssl.SSLContext) -> None:
        self._endpoint = endpoint
        super().__init__(host, port, ssl_context=context, timeout=30)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = self._endpoint.connect(self.host, self.port, timeout or 30)
        secured: ssl.SSLSocket = self.ssl_context.wrap_socket(plain, server_hostname=self.host)
        return secured
