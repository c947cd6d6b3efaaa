"""What the service of TLS policies should be like."""

from dataclasses import dataclass

from backends.resources import Service

SERVICE = Service("mailstead-tls-policy.service")
USER = "mailstead-tls"
SOCKET = "/var/spool/postfix/tls-policy/socket"
"""Inside Postfix's chroot; in its maps it is LOOKUP."""
LOOKUP = "socketmap:unix:tls-policy/socket:domain"
MEMORY = "/var/lib/mailstead-tls/policies.db"
"""Policies that were fetched, so that nobody can make a server forget them (RFC 8461 section 5)."""


@dataclass(frozen=True)
class TlsPolicySettings:
    """A service that Postfix asks how to deliver to a domain."""

    has_dane: bool = True
    """Whether the resolver validates, so that DANE can be believed (RFC 7672)."""
    has_systemd: bool = True
