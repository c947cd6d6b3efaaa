"""Profiles that Apple's programs set themselves up from (Apple, "Device Management", Mail)."""

import plistlib
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from backends.clients.settings import MailAccess, MailService
from backends.language import _

_TYPES = {"imap": "EmailTypeIMAP", "pop3": "EmailTypePOP"}
_PASSWORD = "EmailAuthPassword"  # noqa: S105  a way to log in, no password


def profile(access: MailAccess, domain: str, authority_pem: bytes = b"", address: str = "") -> bytes:
    """A .mobileconfig for a mailbox; without an address the device asks for it. Never with a password.

    `authority_pem` is the server's own authority, which the device trusts from then on. The same values give
    the same bytes: a newer profile takes the place of the older one. Raises ValueError where there is no way
    to read or none to send mail.
    """
    if not access.incoming or not access.outgoing:
        raise ValueError("a profile needs a way to read and one to send")
    who = address or domain
    identifier = f"{'.'.join(reversed(access.hostname.split('.')))}.mailstead.{who.replace('@', '.at.')}"
    content = [_mail(access, identifier, domain, address)]
    if authority_pem:
        content.append(_authority(access, identifier, authority_pem))
    whole = {
        **_payload("Configuration", identifier, _("Mail of {who}").format(who=who)),
        "PayloadOrganization": domain,
        "PayloadDescription": _("Sets up mail on {hostname}. It holds no password.").format(
            hostname=access.hostname
        ),
        "PayloadRemovalDisallowed": False,
        "PayloadContent": content,
    }
    return plistlib.dumps(whole)


def _mail(access: MailAccess, identifier: str, domain: str, address: str) -> dict[str, Any]:
    incoming, outgoing = access.incoming[0], access.outgoing[0]
    known = {
        "EmailAddress": address,
        "IncomingMailServerUsername": address,
        "OutgoingMailServerUsername": address,
    }
    return {
        **_payload("com.apple.mail.managed", f"{identifier}.mail", _("Mail of {who}").format(who=domain)),
        "EmailAccountDescription": domain,
        "EmailAccountType": _TYPES[incoming.protocol],
        **_server("Incoming", access.hostname, incoming),
        **_server("Outgoing", access.hostname, outgoing),
        "OutgoingPasswordSameAsIncomingPassword": True,
        **(known if address else {}),
    }


def _server(side: str, hostname: str, service: MailService) -> dict[str, Any]:
    """Both kinds of TLS are one switch: the device tells by the port which it is."""
    return {
        f"{side}MailServerAuthentication": _PASSWORD,
        f"{side}MailServerHostName": hostname,
        f"{side}MailServerPortNumber": service.port,
        f"{side}MailServerUseSSL": True,
    }


def _authority(access: MailAccess, identifier: str, pem: bytes) -> dict[str, Any]:
    from cryptography import x509  # takes long to load, and a plan may do without
    from cryptography.hazmat.primitives.serialization import Encoding

    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    name = _("Authority of {hostname}").format(hostname=access.hostname)
    return {
        **_payload("com.apple.security.root", f"{identifier}.authority", name),
        "PayloadCertificateFileName": f"{access.hostname}.cer",
        "PayloadContent": der,
    }


def _payload(kind: str, identifier: str, name: str) -> dict[str, Any]:
    """What every payload has (Apple, "CommonPayloadKeys")."""
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(_identity(identifier)).upper(),
        "PayloadDisplayName": name,
    }


def _identity(identifier: str) -> UUID:
    return uuid5(NAMESPACE_DNS, identifier)
