"""Proves that mail flows: sends real messages, reads them back, and tries what must be refused."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DkimKey:
    """A key that signs, as it lies on the disk."""

    selector: str
    path: Path
    """The private key, PEM."""


@dataclass(frozen=True)
class ProofSettings:
    """The account that writes to itself, and where the server listens. A port that is None is not offered."""

    address: str
    password_file: Path
    hostname: str
    """The name in the server's certificate."""
    own_address: str
    """An own address that is not loopback: from it this machine is a stranger to its own port 25."""
    smtp_port: int = 25
    submission_port: int | None = 587
    submissions_port: int | None = 465
    imaps_port: int | None = 993
    imap_port: int | None = None
    """Read here, after STARTTLS, where there is no IMAPS."""
    ca_file: Path | None = None
    """What the certificate must lead to; the system's own trust where None."""
    dkim_keys: tuple[DkimKey, ...] = ()
    patience: float = 30.0
    """Seconds that a message may take to arrive."""


@dataclass(frozen=True)
class ProofResult:
    """What was tried, and how it came out."""

    id: str
    title: str
    is_ok: bool
    seen: str
