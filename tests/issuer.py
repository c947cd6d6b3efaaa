"""A certificate authority that is not Mailstead's: it issues right certificates, and wrong ones."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """What is handed to a server: its key and its chain, both PEM."""

    key: str
    chain: str


@dataclass
class Issuer:
    """A root and an authority in between."""

    root_key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    middle_key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @cached_property
    def root(self) -> x509.Certificate:
        """The root."""
        return self._certificate("Root of tests", self.root_key, "Root of tests", self.root_key, is_ca=True)

    @cached_property
    def middle(self) -> x509.Certificate:
        """The authority in between."""
        return self._certificate("Middle", self.middle_key, "Root of tests", self.root_key, is_ca=True)

    def issue(
        self,
        *names: str,
        days: int = 90,
        starts: int = -1,
        key: Key | None = None,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ) -> tuple[Key, x509.Certificate]:
        """A server's certificate for these names; days count from now, also before it."""
        own = key or ec.generate_private_key(ec.SECP256R1())
        extensions = (
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]),
            x509.ExtendedKeyUsage([usage]),
        )
        return own, self._certificate(
            names[0],
            own,
            "Middle",
            self.middle_key,
            *extensions,
            days=days,
            starts=starts,
        )

    def pair(self, *names: str, days: int = 90, starts: int = -1, key: Key | None = None) -> Pair:
        """Key and chain as an authority delivers them."""
        own, leaf = self.issue(*names, days=days, starts=starts, key=key)
        return Pair(key_pem(own), pem(leaf, self.middle))

    def _certificate(
        self,
        name: str,
        key: Key,
        issuer: str,
        issuer_key: Key,
        *extensions: x509.ExtensionType,
        is_ca: bool = False,
        days: int = 900,
        starts: int = -1,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        public, theirs = key.public_key(), issuer_key.public_key()
        builder = (
            x509.CertificateBuilder(_name(issuer), _name(name), public, x509.random_serial_number())
            .not_valid_before(now + timedelta(days=starts))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(theirs), critical=False)
        )
        if is_ca:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(issuer_key, SHA256())


def pem(*certificates: x509.Certificate) -> str:
    """These certificates in this order."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def key_pem(key: Key, passphrase: str = "") -> str:
    """The key, encrypted if a passphrase is given."""
    lock: KeySerializationEncryption = (
        BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
