"""The keys that TLSA records name (DANE, RFC 6698)."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from backends.certificates.authority import public_key_of, read_certificate
from backends.certificates.keys import public_bytes
from backends.certificates.settings import KEY_KINDS
from backends.dns.settings import DnsSettings
from backends.errors import MailsteadError
from backends.language import _


def pins(settings: DnsSettings) -> tuple[str, ...]:
    """The digest of each key that is served, then of those that will be, each once.

    Raises MailsteadError when a certificate that should be served can't be read.
    """
    served = [_served(files.chain) for files in settings.pinned]
    upcoming = [pin for chain in _upcoming(settings) if (pin := _pin_in(chain))]
    return tuple(dict.fromkeys([*served, *upcoming]))


def tlsa(pin: str) -> str:
    """The value of the record: DANE-EE, public key, SHA-256, what mail servers use (RFC 7672 section 3.1)."""
    return f"3 1 1 {pin}"


def pin_of(certificate: x509.Certificate) -> str:
    """The SHA-256 digest of a certificate's public key (SubjectPublicKeyInfo), in lower case; "" for a kind
    of key that this server doesn't use.
    """
    key = public_key_of(certificate)
    return hashlib.sha256(public_bytes(key)).hexdigest() if key else ""


def _upcoming(settings: DnsSettings) -> Iterator[str]:
    """What others have issued, whether it is served already or will be next."""
    if settings.pinned and settings.imported:
        yield settings.imported
    if settings.pinned and settings.acme_directory:
        for kind in KEY_KINDS:
            yield f"{settings.acme_state}/live/mailstead-{kind}/fullchain.pem"


def _served(chain: str) -> str:
    pin = _pin_in(chain)
    if not pin:
        raise MailsteadError(
            _("there is no certificate in {path}").format(path=chain),
            next_step=_("mailstead replay makes it"),
        )
    return pin


def _pin_in(chain: str) -> str:
    try:
        certificate = read_certificate(Path(chain).read_bytes())
    except OSError:
        return ""
    return pin_of(certificate) if certificate else ""
