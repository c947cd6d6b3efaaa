"""Private keys for certificates: made, read, and told apart."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from backends.certificates.settings import KeyKind

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

RSA_BITS = 3072
"""As strong as P-256 (NIST SP 800-57 part 1, table 2), and what outside testers ask for."""


def new_key(kind: KeyKind) -> bytes:
    """A fresh private key as PKCS#8 in PEM: ECDSA on P-256, or RSA with RSA_BITS."""
    return _pem(
        rsa.generate_private_key(65537, RSA_BITS)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )


def new_authority_key() -> bytes:
    """A fresh private key for a certificate authority that lasts ten years: ECDSA on P-384."""
    return _pem(ec.generate_private_key(ec.SECP384R1()))


@lru_cache(maxsize=8)  # a plan asks a dozen times for the same few, and OpenSSL looks at each prime anew
def read_key(pem: bytes) -> PrivateKey | None:
    """The private key in a PEM file, or None where there is none that fits this server's certificates."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None


def is_key_of(kind: KeyKind, pem: bytes) -> bool:
    """Whether this is a private key of this kind, strong enough to be kept."""
    key = read_key(pem)
    if kind == "rsa":
        return isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS
    return isinstance(key, ec.EllipticCurvePrivateKey)


def public_bytes(key: PrivateKey | PublicKey) -> bytes:
    """The SubjectPublicKeyInfo in DER: two keys belong together when these are equal."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else key
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
