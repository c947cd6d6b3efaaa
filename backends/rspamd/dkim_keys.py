"""DKIM's private keys, in the forms that Rspamd 3.4 and 3.12 both read."""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

RSA_BITS = 2048
"""RFC 8301 section 3.2; longer keys don't fit every DNS server and verifier."""


def new_rsa_key() -> bytes:
    """A fresh RSA key as PKCS#8 in PEM."""
    key = rsa.generate_private_key(65537, RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_ed25519_key() -> bytes:
    """A fresh Ed25519 key: seed and public key, 64 bytes, in base64. Rspamd 3.4 reads no PEM of this kind."""
    key = ed25519.Ed25519PrivateKey.generate()
    seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return base64.b64encode(seed + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)) + b"\n"


def is_rsa_key(content: bytes) -> bool:
    """Whether this is an RSA key that may be kept."""
    key = _rsa_key(content)
    return key is not None and key.key_size >= RSA_BITS


def is_ed25519_key(content: bytes) -> bool:
    """Whether this is an Ed25519 key in Rspamd's form, both halves belonging together."""
    return _ed25519_public(content) is not None


def public_part(content: bytes) -> tuple[str, str]:
    """The tags k= and p= of the record for a private key (RFC 6376 section 3.6.1, RFC 8463 section 4.2).

    Raises ValueError when it is no private key of either kind.
    """
    raw = _ed25519_public(content)
    if raw is not None:
        return "ed25519", base64.b64encode(raw).decode()
    # The private numbers are not looked at here, and proving them prime takes longer than all the rest.
    key = _rsa_key(content, is_proved=False)
    if key is None:
        raise ValueError("this is no DKIM key that Rspamd reads")
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "rsa", base64.b64encode(der).decode()


def _rsa_key(content: bytes, *, is_proved: bool = True) -> rsa.RSAPrivateKey | None:
    try:
        key = load_pem_private_key(content, password=None, unsafe_skip_rsa_key_validation=not is_proved)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def _ed25519_public(content: bytes) -> bytes | None:
    try:
        raw = base64.b64decode(content.strip(), validate=True)
        if len(raw) != 64:
            return None
        public = ed25519.Ed25519PrivateKey.from_private_bytes(raw[:32]).public_key()
    except (binascii.Error, ValueError):
        return None
    derived = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return derived if derived == raw[32:] else None
