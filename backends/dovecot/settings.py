"""What the blueprint says of Dovecot."""

from dataclasses import dataclass
from typing import Literal

from backends.certificates.settings import KEY_KINDS, TlsFiles, tls_files
from backends.machine.facts import Release


@dataclass(frozen=True)
class DovecotSettings:
    """Everything that dovecot.conf depends on.

    A port of None is one that isn't offered. Of `certificates` the first is served to those who can take it,
    a second to the others. `postmaster` is the sender of what Dovecot itself writes.
    """

    release: Release
    hostname: str
    postmaster: str
    certificates: tuple[TlsFiles, ...] = tuple(map(tls_files, KEY_KINDS))
    imap_port: int | None = 143
    imaps_port: int | None = 993
    pop3_port: int | None = None
    pop3s_port: int | None = 995
    sieve_port: int | None = 4190
    tls: Literal["intermediate", "modern"] = "intermediate"
    has_ipv6: bool = True
    has_systemd: bool = True
