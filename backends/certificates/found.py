"""Certificates that were on the machine before: those that certbot keeps in /etc/letsencrypt/live."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backends.text import clean

LIVE = Path("/etc/letsencrypt/live")


@dataclass(frozen=True)
class FoundCertificate:
    """A certificate with its private key beside it."""

    certificate: str
    """The path of its PEM file, the certificate itself first."""
    key: str
    names: tuple[str, ...]
    """The DNS names it is valid for; `*` may stand for the first label."""
    days_left: int
    """Negative where it has ended."""


def found_certificates(live: Path = LIVE) -> tuple[FoundCertificate, ...]:
    """Every certificate below this directory (certbot(1), files), by path; none where it can't be read."""
    try:
        lineages = sorted(path for path in live.iterdir() if path.is_dir())
    except OSError:
        return ()
    return tuple(found for lineage in lineages for found in _read(lineage))


def _read(lineage: Path) -> Iterator[FoundCertificate]:
    from backends.certificates import authority  # cryptography takes long to load

    chain, key = lineage / "fullchain.pem", lineage / "privkey.pem"
    try:
        certificate = authority.read_certificate(chain.read_bytes())
    except OSError:
        return
    if certificate is not None and key.is_file():
        names = tuple(sorted(clean(name, 253) for name in authority.names_in(certificate)))
        yield FoundCertificate(str(chain), str(key), names, authority.days_left(certificate))
