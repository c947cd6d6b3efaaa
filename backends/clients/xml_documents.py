"""The documents that Thunderbird and Outlook set themselves up from, the same for everyone in a domain."""

from backends.clients.settings import MailAccess, MailService
from backends.templates import render

AUTOCONFIG_PATHS = ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml")
"""At `autoconfig.DOMAIN`; the second is for whoever points a web server at the domain's own name here
(draft-ietf-mailmaint-autoconfig, section 4.1).
"""
AUTODISCOVER_PATH = "/autodiscover/autodiscover.xml"
"""At `autodiscover.DOMAIN`; Outlook writes it in several ways (Microsoft, "POX Autodiscover")."""

STEP = "clients"
_SOCKET_TYPES = {"tls": "SSL", "starttls": "STARTTLS"}
_ENCRYPTIONS = {"tls": "SSL", "starttls": "TLS"}


def autoconfig(access: MailAccess, domain: str) -> bytes:
    """The document of Thunderbird and others, version 1.1 (draft-ietf-mailmaint-autoconfig, section 3).

    `%EMAILADDRESS%` is what the program puts the person's address for: it stays as it is.
    """
    return render(
        "clients/templates/autoconfig.xml.j2",
        step=STEP,
        domain=domain,
        hostname=access.hostname,
        incoming=[_told(each, _SOCKET_TYPES) for each in access.incoming],
        outgoing=[_told(each, _SOCKET_TYPES) for each in access.outgoing],
    )


def autodiscover(access: MailAccess) -> bytes:
    """Outlook's document (Microsoft, "POX Autodiscover response"; "Plan to automatically configure user
    accounts in Outlook").

    It is the same for everybody, so that nothing that a stranger sends ever comes back. LoginName may be left
    out; with DomainRequired the part before the `@` alone is not taken for the login, and without DomainName
    the login is the whole address (Microsoft, "DomainName (POX)"). Only the best way of each kind is in it:
    Outlook takes one of a type.
    """
    best = {each.protocol: each for each in reversed((*access.incoming, *access.outgoing))}
    order = [best[protocol] for protocol in ("imap", "pop3", "smtp") if protocol in best]
    return render(
        "clients/templates/autodiscover.xml.j2",
        step=STEP,
        hostname=access.hostname,
        protocols=[_told(each, _ENCRYPTIONS) for each in order],
    )


def _told(service: MailService, words: dict[str, str]) -> dict[str, object]:
    return {"type": service.protocol, "port": service.port, "security": words[service.security]}
