"""The ports that show a certificate, and how a client comes to TLS there."""

from types import MappingProxyType

from backends.certificates.settings import StartTls, TlsPort
from backends.nginx.settings import PORT
from wizard.answers import Answers

WEB = "https"

_STARTTLS: MappingProxyType[str, StartTls] = MappingProxyType(
    {"smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3", "sieve": "sieve"}
)
"""The protocols that begin in the clear; the others speak TLS from the first byte."""


def tls_ports(answers: Answers) -> tuple[TlsPort, ...]:
    """Every port that is offered, in the order of the answers; that of the pages for mail programs last."""
    mail = (
        TlsPort(name, listener.port, _STARTTLS.get(name))
        for name, listener in answers.protocols.listeners().items()
        if listener.enabled
    )
    return (*mail, *((TlsPort(WEB, PORT),) if answers.clients.enabled else ()))
