"""Certificates that somebody else issues: read from two files, judged in words, and put in order."""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from backends.certificates import authority, keys
from backends.certificates.settings import ImportedSettings
from backends.errors import MailsteadError
from backends.language import _, ngettext
from backends.text import clean

SYSTEM_TRUST = "/etc/ssl/certs/ca-certificates.crt"

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_LARGEST_FILE = 1 << 20
_LEAST_RSA_BITS = 2048
_CURVES = ("secp256r1", "secp384r1")
"""Those that every client takes, and that the servers here offer."""
_WEAK_HASHES = frozenset({"md5", "sha1"})


class UnusableCertificate(MailsteadError):
    """Imported files that can't be served; `seen` has a line for each thing that is wrong with them."""


@dataclass(frozen=True)
class Imported:
    """A key and its certificate, ready to be installed.

    `chain` has the server's certificate first and each issuer after what it issued, without the root, which
    clients have themselves. `remarks` are what a person should know all the same.
    """

    key: bytes
    chain: bytes
    certificates: tuple[x509.Certificate, ...]
    remarks: tuple[str, ...]
    has_root: bool
    """Whether the file showed the chain to be whole: it held the root."""


def read_imported(files: ImportedSettings, hostname: str) -> Imported:
    """What these two files hold; raises UnusableCertificate with everything that is wrong with them."""
    problems: list[str] = []
    key = _key(files.key, problems)
    found = _certificates(files.certificate, problems)
    chain: list[x509.Certificate] = []
    remarks: list[str] = []
    if key is not None and found:
        chain = _in_order(found, key, problems)
    if chain:
        problems += _faults(chain, hostname)
        remarks += _remarks(found, chain)
    if problems or key is None:
        raise UnusableCertificate(
            _("the certificate in {path} can't be served").format(path=files.certificate),
            seen="\n".join(problems),
            next_step=_("mend the files, or name others: mailstead cert import CERTIFICATE KEY"),
        )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    served = [each for each in chain if each is chain[0] or not _is_root(each)]
    return Imported(pem, _pem(served), tuple(served), tuple(remarks), has_root=_is_root(chain[-1]))


def unknown_issuer(found: Imported, trust: str = SYSTEM_TRUST) -> str:
    """The authority that issued the last of the chain, if neither the file nor this machine knows it.

    Then a certificate in between is missing, or the authority is a private one.
    """
    last = found.certificates[-1]
    if found.has_root or any(_is_issuer(root, last) for root in _trusted(trust)):
        return ""
    return clean(last.issuer.rfc4514_string(), 200)


def _trusted(path: str) -> list[x509.Certificate]:
    """The roots in a file; some of the world's are so odd that reading them warns or fails."""
    try:
        blocks = _CERTIFICATE.findall(Path(path).read_bytes())
    except OSError:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [root for block in blocks if (root := authority.read_certificate(block))]


def _key(path: str, problems: list[str]) -> keys.PrivateKey | None:
    content = _content(path, problems)
    if content is None:
        return None
    found = _KEY.search(content)
    if found is None:
        problems.append(_("{path} holds no private key in PEM").format(path=path))
        return None
    if found[1].startswith(b"ENCRYPTED") or b"Proc-Type: 4,ENCRYPTED" in found[0]:
        problems.append(
            _(
                "the key in {path} is encrypted with a passphrase, which nobody could type at a restart; "
                "take it off with: openssl pkey -in {path} -out NEW-FILE"
            ).format(path=path)
        )
        return None
    key = keys.read_key(found[0])
    if key is None:
        problems.append(_("the key in {path} is neither RSA nor ECDSA").format(path=path))
    elif isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
        words = _("the key is too weak: RSA with {bits} bits; {least} is the least")
        problems.append(words.format(bits=key.key_size, least=_LEAST_RSA_BITS))
    elif isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in _CURVES:
        words = _("the key is on the curve {curve}, which many clients don't take; P-256 or P-384 are right")
        problems.append(words.format(curve=key.curve.name))
    return key


def _certificates(path: str, problems: list[str]) -> list[x509.Certificate]:
    content = _content(path, problems)
    if content is None:
        return []
    blocks = _CERTIFICATE.findall(content)
    if not blocks:
        problems.append(
            _(
                "{path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----); openssl x509 -inform DER "
                "and openssl pkcs12 make PEM out of other formats"
            ).format(path=path)
        )
    found = []
    for number, block in enumerate(blocks, 1):
        certificate = authority.read_certificate(block)
        if certificate is None:
            words = _("certificate {number} in {path} is damaged")
            problems.append(words.format(number=number, path=path))
        elif certificate not in found:
            found.append(certificate)
    return found


def _content(path: str, problems: list[str]) -> bytes | None:
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        problems.append(_("{path} can't be read: {why}").format(path=path, why=error.strerror))
        return None


def _in_order(
    found: list[x509.Certificate], key: keys.PrivateKey, problems: list[str]
) -> list[x509.Certificate]:
    """The key's certificate, then each one's issuer as far as they are there."""
    public = keys.public_bytes(key)
    leaf = next((c for c in found if _public_bytes(c) == public), None)
    if leaf is None:
        problems.append(_("the key does not belong to the certificate: one of the two is of another pair"))
        return []
    chain = [leaf]
    while not _is_root(chain[-1]):
        issuer = next((c for c in found if c not in chain and _is_issuer(c, chain[-1])), None)
        if issuer is None:
            break
        chain.append(issuer)
    return chain


def _faults(chain: list[x509.Certificate], hostname: str) -> Iterator[str]:
    leaf = chain[0]
    names = authority.names_in(leaf)
    if not authority.covers(names, hostname):
        said = ", ".join(sorted(clean(name, 253) for name in names)) or _("no name")
        words = _("the certificate is for {names}, not for {hostname}")
        yield words.format(names=said, hostname=hostname)
    for certificate in chain:
        name = _("the certificate") if certificate is leaf else _subject(certificate)
        if certificate.not_valid_after_utc <= authority.now():
            words = _("{name} ended on {end:%Y-%m-%d}")
            yield words.format(name=name, end=certificate.not_valid_after_utc)
        if certificate.not_valid_before_utc > authority.now():
            words = _("{name} is not valid before {start:%Y-%m-%d %H:%M} UTC")
            yield words.format(name=name, start=certificate.not_valid_before_utc)
        hashed = certificate.signature_hash_algorithm
        if hashed is not None and hashed.name in _WEAK_HASHES and not _is_root(certificate):
            yield _("{name} is signed with {hash}, which can be forged").format(name=name, hash=hashed.name)
    if not _is_for_servers(leaf):
        yield _("the certificate is not for servers (its extended key usage lacks serverAuth)")


def _remarks(found: list[x509.Certificate], chain: list[x509.Certificate]) -> Iterator[str]:
    if found[: len(chain)] != chain:
        yield _("the certificates are in another order in the file; they are put in order")
    spare = len(found) - len(chain)
    if spare:
        yield ngettext(
            "{count} certificate in the file has nothing to do with this one, and is left out",
            "{count} certificates in the file have nothing to do with this one, and are left out",
            spare,
        ).format(count=spare)
    key = chain[0].public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < keys.RSA_BITS:
        words = _("the key has {bits} bits; {wanted} or ECDSA would be better")
        yield words.format(bits=key.key_size, wanted=keys.RSA_BITS)


def _is_for_servers(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


def _is_issuer(candidate: x509.Certificate, certificate: x509.Certificate) -> bool:
    if candidate.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(candidate)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def _public_bytes(certificate: x509.Certificate) -> bytes:
    public = authority.public_key_of(certificate)
    return keys.public_bytes(public) if public is not None else b""


def _subject(certificate: x509.Certificate) -> str:
    return clean(certificate.subject.rfc4514_string(), 200)


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
