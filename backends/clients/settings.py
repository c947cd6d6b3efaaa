"""What mail programs have to know of this server, and where they find it."""

from dataclasses import dataclass
from typing import Literal

Protocol = Literal["imap", "pop3", "smtp"]
Security = Literal["tls", "starttls"]
"""TLS from the first byte, which is preferred (RFC 8314 section 3), or after STARTTLS."""


@dataclass(frozen=True)
class MailService:
    """One way to read or to send mail. `port` is a TCP port."""

    protocol: Protocol
    port: int
    security: Security


@dataclass(frozen=True)
class MailAccess:
    """How people reach their mail. The best way of each kind comes first; the login is the whole address."""

    hostname: str
    incoming: tuple[MailService, ...]
    outgoing: tuple[MailService, ...]
    own_authority: str = ""
    """The PEM file of the server's own authority, where clients have to trust it first; else empty."""
    has_pages: bool = False
    """Whether this server has web pages for mail programs."""

    @property
    def url(self) -> str:
        """The page for people; empty where there is none."""
        return f"https://{self.hostname}/" if self.has_pages else ""

    def profile_url(self, domain: str) -> str:
        """Where Apple's programs find what they need, without an address in it; empty where there are no
        pages.
        """
        return f"{self.url}{profile_name(domain)}" if self.has_pages else ""


AUTHORITY_NAME = "ca.crt"
"""What the authority's certificate is called on the web; Windows opens it by this ending."""


def profile_name(domain: str) -> str:
    """What the profile of a domain is called on the web."""
    return f"{domain}.mobileconfig"
