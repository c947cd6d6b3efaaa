"""What people are told of a server, in lines of a label and a value."""

from backends.clients.settings import MailAccess, MailService
from backends.language import _

Row = tuple[str, str]

_NAMES = {"imap": "IMAP", "pop3": "POP3", "smtp": "SMTP"}


def rows(access: MailAccess, login: str) -> tuple[Row, ...]:
    """Server, ways in and out, login; of the password only who knows it."""
    ways = [(_("Reading"), each) for each in access.incoming]
    ways += [(_("Sending"), each) for each in access.outgoing]
    return (
        (_("Server"), access.hostname),
        *((label, way(each)) for label, each in ways),
        (_("User name"), login),
        (_("Password"), _("the one that you were given or have chosen")),
    )


def way(service: MailService) -> str:
    """A protocol with its port and kind of TLS, as mail programs name these."""
    kind = "SSL/TLS" if service.security == "tls" else "STARTTLS"
    return _("{protocol}, port {port}, {kind}, normal password").format(
        protocol=_NAMES[service.protocol], port=service.port, kind=kind
    )


def fingerprint(pem: bytes) -> str:
    """A certificate's SHA-256 as devices show it: pairs of digits with colons between."""
    from cryptography import x509  # takes long to load, and a plan may do without
    from cryptography.hazmat.primitives.hashes import SHA256

    return x509.load_pem_x509_certificate(pem).fingerprint(SHA256()).hex(":").upper()
