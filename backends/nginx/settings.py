"""What the server's own web server should be like."""

from dataclasses import dataclass
from typing import Literal

from backends.certificates.settings import OWN_FILES, TlsFiles
from backends.clients.settings import MailAccess
from backends.machine.facts import Release
from backends.resources import Service

PORT = 443
SERVICE = Service("mailstead-web.service")


@dataclass(frozen=True)
class NginxSettings:
    """Pages for mail programs in these domains, and nothing else."""

    release: Release
    access: MailAccess
    domains: tuple[str, ...]
    certificates: tuple[TlsFiles, ...] = OWN_FILES
    tls: Literal["intermediate", "modern"] = "intermediate"
    mta_sts: Literal["off", "testing", "enforce"] = "testing"
    has_ipv6: bool = True
    has_systemd: bool = True
