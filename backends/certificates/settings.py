"""What the server's certificates should be like, and where they lie."""

from dataclasses import dataclass
from typing import Literal

KeyKind = Literal["ecdsa", "rsa"]

KEY_KINDS: tuple[KeyKind, ...] = ("ecdsa", "rsa")
"""A certificate of each: ECDSA P-256 for all that speak TLS today, RSA-3072 for the rest."""

DIRECTORY = "/etc/mailstead/tls"


@dataclass(frozen=True)
class TlsFiles:
    """Where one certificate lies. All are PEM; those with a key are readable by root only."""

    key: str
    chain: str
    """The server's certificate first, then intermediates, if there are any."""
    combined: str
    """Key, then chain, in one file: what Postfix's smtpd_tls_chain_files wants."""


def tls_files(kind: KeyKind, directory: str = DIRECTORY) -> TlsFiles:
    """The paths of the certificate of this kind; they are the same whoever issued it."""
    return TlsFiles(
        key=f"{directory}/{kind}/privkey.pem",
        chain=f"{directory}/{kind}/fullchain.pem",
        combined=f"{directory}/{kind}/combined.pem",
    )


@dataclass(frozen=True)
class CertificatesSettings:
    """A certificate authority of this server's own and the certificates that it issues to it."""

    hostname: str
    names: tuple[str, ...] = ()
    """Further names that clients may use; `hostname` need not be among them."""
    ca_name: str = ""
    """What people see in their trust stores; empty: one made from the host name."""
    directory: str = DIRECTORY
    leaf_days: int = 397
    """Days that a server certificate is valid: the most that browsers and Apple's mail accept."""
    renew_days: int = 30
    """Days before the end from which on it is made anew."""
    ca_days: int = 3650

    @property
    def all_names(self) -> tuple[str, ...]:
        """The host name first, then the others, each once."""
        return tuple(dict.fromkeys((self.hostname, *self.names)))
