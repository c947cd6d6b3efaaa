"""A certificate authority of the server's own (RFC 5280): its certificate, and those it issues to the server.

No name constraints: they would tie the authority to today's domains, and every further domain would make
everybody import a new certificate. Its path length is 0, so it can issue no other authority.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backends.certificates.keys import PublicKey, public_bytes, read_key
from backends.certificates.settings import KeyKind
from backends.errors import MailsteadError
from backends.language import _

_CLOCK_TOLERANCE = timedelta(hours=1)
"""A client whose clock is a little late still takes a certificate made just now."""

_LONGEST_COMMON_NAME = 64
"""ub-common-name of RFC 5280, appendix A."""


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def read_certificate(pem: bytes) -> x509.Certificate | None:
    """The first certificate in a PEM file, or None."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def days_left(certificate: x509.Certificate, at: datetime | None = None) -> int:
    """Whole days until it ends; negative afterwards."""
    return (certificate.not_valid_after_utc - (at or now())).days


def public_key_of(certificate: x509.Certificate) -> PublicKey | None:
    """The public key in a certificate, if it is ECDSA or RSA."""
    key = certificate.public_key()
    return key if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) else None


def names_in(certificate: x509.Certificate) -> frozenset[str]:
    """The DNS names that it is valid for (subjectAltName)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(names.get_values_for_type(x509.DNSName))


def covers(names: Iterable[str], hostname: str) -> bool:
    """Whether a certificate of these names is valid for this one (RFC 9525 section 6.3: `*` is one label)."""
    wildcard = f"*.{hostname.partition('.')[2]}"
    return any(name.lower() in {hostname.lower(), wildcard.lower()} for name in names)


def kind_of(certificate: x509.Certificate) -> KeyKind:
    """The kind of its key, by the algorithm's name: PKCS#1 and RSA-PSS stand below 1.2.840.113549."""
    algorithm = certificate.public_key_algorithm_oid.dotted_string
    return "rsa" if algorithm.startswith("1.2.840.113549") else "ecdsa"


def belong_together(certificate: x509.Certificate, key_pem: bytes) -> bool:
    """Whether the certificate is for this private key."""
    key, public = read_key(key_pem), public_key_of(certificate)
    return key is not None and public is not None and public_bytes(key) == public_bytes(public)


def new_authority(key_pem: bytes, name: str, days: int) -> bytes:
    """A self-signed certificate of an authority, in PEM."""
    key = _needed_key(key_pem)
    public = key.public_key()
    subject = _name(name)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    start = now() - _CLOCK_TOLERANCE
    builder = (
        x509.CertificateBuilder(subject, subject, public, x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
    )
    return builder.sign(key, SHA384()).public_bytes(Encoding.PEM)


def is_authority(pem: bytes, key_pem: bytes, least_days: int) -> bool:
    """Whether this is an authority's certificate for this key that lasts for so many days still."""
    certificate = read_certificate(pem)
    if certificate is None or not belong_together(certificate, key_pem):
        return False
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
    return is_ca and days_left(certificate) >= least_days


def issue(
    authority_pem: bytes, authority_key_pem: bytes, key_pem: bytes, names: Sequence[str], days: int
) -> bytes:
    """A server's certificate for these DNS names, the first its own, signed by the authority; in PEM."""
    authority = read_certificate(authority_pem)
    if authority is None:
        raise MailsteadError(
            _("the authority's certificate can't be read"),
            next_step=_("run mailstead replay to make it again"),
        )
    authority_key = _needed_key(authority_key_pem)
    public = _needed_key(key_pem).public_key()
    # A subject may be empty if the names are critical (RFC 5280 section 4.2.1.6).
    fits = len(names[0]) <= _LONGEST_COMMON_NAME
    start = now() - _CLOCK_TOLERANCE
    builder = (
        x509.CertificateBuilder(
            authority.subject, _name(names[0]) if fits else x509.Name([]), public, x509.random_serial_number()
        )
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=not fits)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    return builder.sign(authority_key, SHA256()).public_bytes(Encoding.PEM)


def is_issued(
    pem: bytes, authority_pem: bytes, key_pem: bytes, names: Sequence[str], least_days: int
) -> bool:
    """Whether this authority issued it for this key and exactly these names, and it lasts so many days."""
    certificate, authority = read_certificate(pem), read_certificate(authority_pem)
    if certificate is None or authority is None or not belong_together(certificate, key_pem):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return (
        names_in(certificate) == frozenset(names)
        and certificate.not_valid_before_utc <= now()
        and days_left(certificate) >= least_days
    )


def _needed_key(pem: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    key = read_key(pem)
    if key is None:
        raise MailsteadError(
            _("a private key can't be read"), next_step=_("run mailstead replay: it makes what is missing")
        )
    return key


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_LONGEST_COMMON_NAME])])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
