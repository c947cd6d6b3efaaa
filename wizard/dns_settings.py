"""What the answers mean for the DNS; apart from the blueprint, as records need none of its systems."""

from backends.certificates.settings import (
    IMPORTED_FILES,
    LETS_ENCRYPT,
    LETS_ENCRYPT_STAGING,
    OWN_FILES,
    TlsFiles,
)
from backends.dns.addresses import publishable
from backends.dns.rotation_file import load_rotation
from backends.dns.settings import PROTOCOLS, DnsSettings, Offer
from backends.machine.facts import MachineFacts
from wizard.answers import Answers

BY_HAND, BY_UPDATE = "by-hand", "rfc2136"
"""What [dns] publish says where it is not the name of a provider."""

_DIRECTORIES = {"letsencrypt": LETS_ENCRYPT, "letsencrypt-staging": LETS_ENCRYPT_STAGING}


def dns_settings(answers: Answers, machine: MachineFacts) -> DnsSettings:
    """What the records to publish are made of."""
    policy, certificates, rotation = answers.dns.policy, answers.certificates, load_rotation()
    addresses = answers.site.public_addresses or publishable(machine.addresses)
    return DnsSettings(
        hostname=answers.site.hostname,
        domains=answers.site.domains,
        addresses=tuple(dict.fromkeys(addresses)),
        inside=() if addresses else machine.addresses,
        dmarc=policy.dmarc,
        reports_to=answers.site.admin,
        sends_through_relay=answers.protocols.relay.host,
        is_published_from_here=is_automatic(answers),
        dkim_pair=rotation.wanted,
        further_pairs=rotation.further,
        mta_sts=policy.mta_sts if answers.clients.enabled else "off",  # nothing else serves the policy
        pinned=certificate_files(answers) if policy.dane else (),
        imported=certificates.imported.certificate if certificates.source == "imported" else "",
        offers=_offers(answers),
        has_client_pages=answers.clients.enabled,
        acme_directory=acme_directory(answers) if certificates.source == "acme" else "",
    )


def is_automatic(answers: Answers) -> bool:
    """Whether records can be published without a person: by DNS UPDATE (RFC 2136), or at a provider."""
    return answers.dns.publish == BY_UPDATE or is_by_provider(answers)


def is_by_provider(answers: Answers) -> bool:
    """Whether they are published at a provider; at one that is only named, a person does it."""
    return answers.dns.publish not in {BY_HAND, BY_UPDATE} and bool(answers.dns.credentials)


def certificate_files(answers: Answers) -> tuple[TlsFiles, ...]:
    """The certificates that the servers show."""
    return IMPORTED_FILES if answers.certificates.source == "imported" else OWN_FILES


def acme_directory(answers: Answers) -> str:
    """The URL of the authority that is asked by ACME."""
    named = answers.certificates.acme.directory
    return _DIRECTORIES.get(named, named)


def _offers(answers: Answers) -> tuple[Offer, ...]:
    listeners = answers.protocols.listeners()
    ports = {name: each.port for name, each in listeners.items() if each.enabled}
    return tuple(Offer(protocol, ports.get(protocol, 0)) for protocol in PROTOCOLS)
