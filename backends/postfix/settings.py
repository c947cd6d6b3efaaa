"""What the blueprint says of Postfix."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backends.certificates.settings import KEY_KINDS, TlsFiles, tls_files
from backends.machine.facts import IPAddress, Release


@dataclass(frozen=True)
class Relay:
    """A smarthost that takes all outgoing mail.

    `password_file` holds the password in its first line; without a `username` there is no login. Port 465 is
    TLS from the start, any other port STARTTLS.
    """

    host: str
    port: int = 587
    username: str = ""
    password_file: Path | None = None


@dataclass(frozen=True)
class PostfixSettings:
    """Everything that main.cf and master.cf depend on.

    A port of None is one that isn't offered. `admin` gets what the machine writes to its own users, and what
    comes for the postmaster of a domain that has none. `domains` are those of the answers; others may be
    added later, without a change here. The overrides are the texts of /etc/mailstead/override/postfix/main.cf
    and master.cf, which go to the end of the files.
    """

    release: Release
    hostname: str
    admin: str
    domains: tuple[str, ...]
    certificates: tuple[TlsFiles, ...] = tuple(map(tls_files, KEY_KINDS))
    smtp_port: int | None = 25
    submission_port: int | None = 587
    submissions_port: int | None = 465
    tls: Literal["intermediate", "modern"] = "intermediate"
    relay: Relay | None = None
    message_size_limit: int = 50 * 1024 * 1024
    resolver_validates: bool = True
    own_addresses: tuple[IPAddress, ...] = ()
    """Addresses of this machine: it need not wait to be greeted by itself."""
    has_ipv6: bool = True
    has_systemd: bool = True
    milter: str = "unix:rspamd/milter.sock"
    milter_default_action: Literal["tempfail", "accept"] = "tempfail"
    main_override: str = ""
    master_override: str = ""
