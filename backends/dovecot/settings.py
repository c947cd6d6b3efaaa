"""What the blueprint says of Dovecot."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate chain, leaf first, and its private key: PEM files."""

    chain: str
    key: str


@dataclass(frozen=True)
class DovecotSettings:
    """Everything that dovecot.conf depends on.

    A port of None is one that isn't offered. `certificate` is served where clients can take it (ECDSA), `alternative`
    (RSA) to the others. `postmaster` is the sender of what Dovecot itself writes.
    """

    release: Literal["bookworm", "trixie"]
    hostname: str
    postmaster: str
    certificate: CertificateFiles
    alternative: CertificateFiles | None = None
    imap_port: int | None = 143
    imaps_port: int | None = 993
    pop3_port: int | None = None
    pop3s_port: int | None = 995
    sieve_port: int | None = 4190
    tls: Literal["intermediate", "modern"] = "intermediate"
    message_size_limit: int = 50 * 1024 * 1024
    has_ipv6: bool = True
    has_systemd: bool = True
