"""What the server's certificates should be like, and where they lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backends.machine.services import ServiceNames

StartTls = Literal["smtp", "imap", "pop3", "sieve"]
"""The protocols that begin in the clear."""

Challenge = Literal["http-01", "dns-01"]

KeyKind = Literal["ecdsa", "rsa"]

KEY_KINDS: tuple[KeyKind, ...] = ("ecdsa", "rsa")
"""A certificate of each: ECDSA P-256 for all that speak TLS today, RSA-3072 for the rest."""

DIRECTORY = "/etc/mailstead/tls"
STATE = "/var/lib/mailstead/certificates"

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
LETS_ENCRYPT_STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory"
"""letsencrypt.org, "Getting Started" and "Staging Environment"."""


@dataclass(frozen=True)
class TlsFiles:
    """Where one certificate lies. All are PEM; those with a key are readable by root only."""

    key: str
    chain: str
    """The server's certificate first, then intermediates, if there are any."""
    combined: str
    """Key, then chain, in one file: what Postfix's smtpd_tls_chain_files wants."""


def tls_files(kind: KeyKind | Literal["imported"], directory: str = DIRECTORY) -> TlsFiles:
    """The paths of the certificate of this kind, whoever issued it; imported ones have their own."""
    return TlsFiles(
        key=f"{directory}/{kind}/privkey.pem",
        chain=f"{directory}/{kind}/fullchain.pem",
        combined=f"{directory}/{kind}/combined.pem",
    )


OWN_FILES = tuple(tls_files(kind) for kind in KEY_KINDS)
IMPORTED_FILES = (tls_files("imported"),)


@dataclass(frozen=True)
class TlsPort:
    """A port that serves a certificate, and how a client comes to TLS there."""

    name: str
    number: int
    starttls: StartTls | None = None


@dataclass(frozen=True)
class Server:
    """A service that shows certificates: `configuration` is the file that says which, once it is set up."""

    names: ServiceNames
    configuration: str
    ports: tuple[TlsPort, ...]


@dataclass(frozen=True)
class ImportedSettings:
    """A certificate that somebody else issues and renews: two PEM files on this machine."""

    certificate: str
    key: str


@dataclass(frozen=True)
class DnsUpdateSettings:
    """The name server that takes DNS UPDATE (RFC 2136), and the TSIG key for it, HMAC-SHA256."""

    server: str
    key_name: str
    key_file: Path


@dataclass(frozen=True)
class AcmeSettings:
    """An authority that is asked by ACME (RFC 8555).

    `directory` is its URL, `ca_file` what its own certificate must lead to where that is not publicly
    trusted. With `keeps_keys` a renewal is for the same key, as TLSA records name it.
    """

    directory: str
    email: str
    challenge: Challenge = "http-01"
    ca_file: str = ""
    keeps_keys: bool = True
    dns: DnsUpdateSettings | None = None


@dataclass(frozen=True)
class CertificatesSettings:
    """The server's certificates: from `imported` files, by `acme`, or else from an authority of its own."""

    hostname: str
    names: tuple[str, ...] = ()
    """Further names that clients may use; `hostname` need not be among them."""
    imported: ImportedSettings | None = None
    acme: AcmeSettings | None = None
    servers: tuple[Server, ...] = ()
    has_systemd: bool = True
    ca_name: str = ""
    """What people see in their trust stores; empty: one made from the host name."""
    directory: str = DIRECTORY
    state_directory: str = STATE
    leaf_days: int = 397
    """Days that a server certificate is valid: the most that browsers and Apple's mail accept."""
    renew_days: int = 30
    """Days before the end from which on it is made anew."""
    ca_days: int = 3650

    @property
    def all_names(self) -> tuple[str, ...]:
        """The host name first, then the others, each once."""
        return tuple(dict.fromkeys((self.hostname, *self.names)))

    @property
    def served(self) -> tuple[TlsFiles, ...]:
        """The certificates that services show: one of each kind, or the imported one alone.

        An imported one has no second of the other kind beside it: clients that prefer that kind would get a
        certificate of another authority, which they may not trust.
        """
        if self.imported:
            return (tls_files("imported", self.directory),)
        return tuple(tls_files(kind, self.directory) for kind in KEY_KINDS)
