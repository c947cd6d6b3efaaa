"""The server's certificates from an authority of its own: made once, kept, and made anew in time."""

from collections.abc import Iterator
from pathlib import Path

from backends.adapter import Adapter
from backends.certificates import authority, keys
from backends.certificates.settings import KEY_KINDS, CertificatesSettings, KeyKind, TlsFiles, tls_files
from backends.checks import Check, Finding, fail, ok, warn
from backends.language import _
from backends.mends import replay
from backends.resources import Directory, GeneratedFile, Resource

_WARN_DAYS = 14


class Certificates(Adapter):
    """An authority for this server alone, and one certificate of each kind that it issues.

    Clients trust it once they have imported `authority_path`. Each later file is valid only while those that
    it stems from are, so that a plan shows everything that a renewal brings.
    """

    name, step = "certificates", "certificates"
    takes_additions = False

    def __init__(self, settings: CertificatesSettings) -> None:
        self.settings = settings
        self.authority_path = f"{settings.directory}/ca/ca.pem"
        self.authority_key_path = f"{settings.directory}/ca/ca.key"

    def files(self, kind: KeyKind) -> TlsFiles:
        """Where the certificate of this kind lies."""
        return tls_files(kind, self.settings.directory)

    def resources(self) -> Iterator[Resource]:
        """The authority, then key, chain and both in one file for each kind."""
        directory = self.settings.directory
        yield Directory(directory)
        yield Directory(f"{directory}/ca")
        yield GeneratedFile(
            self.authority_key_path,
            keys.new_authority_key,
            lambda pem: keys.read_key(pem) is not None,
            what="the key of this server's certificate authority",
        )
        yield GeneratedFile(
            self.authority_path,
            self._make_authority,
            lambda _: self._is_authority_valid(),
            mode=0o644,
            what="the certificate of this server's authority",
        )
        for kind in KEY_KINDS:
            yield Directory(f"{directory}/{kind}")
            yield from self._certificate(kind)

    def served(self) -> tuple[Resource, ...]:
        """What services read: they take up a new certificate when one of these changes."""
        return tuple(self._combined(kind) for kind in KEY_KINDS)

    def checks(self) -> Iterator[Check]:
        """That each certificate on disk is whole and lasts."""
        for kind in KEY_KINDS:
            yield Check(
                f"certificates.{kind}",
                _("The {kind} certificate is valid").format(kind=kind.upper()),
                lambda kind=kind: certificate_on_disk(self.files(kind), self.settings.all_names),  # type: ignore[misc]
            )

    def _certificate(self, kind: KeyKind) -> Iterator[Resource]:
        files = self.files(kind)
        yield GeneratedFile(
            files.key,
            lambda: keys.new_key(kind),
            lambda pem: keys.is_key_of(kind, pem),
            what=f"the {kind.upper()} key of this server",
        )
        yield GeneratedFile(
            files.chain,
            lambda: self._issue(kind),
            lambda _: self._is_chain_valid(kind),
            mode=0o644,
            what=f"the {kind.upper()} certificate of this server",
        )
        yield self._combined(kind)

    def _combined(self, kind: KeyKind) -> GeneratedFile:
        files = self.files(kind)
        return GeneratedFile(
            files.combined,
            lambda: _read(files.key) + _read(files.chain),
            lambda pem: self._is_chain_valid(kind) and pem == _read(files.key) + _read(files.chain),
            what=f"the {kind.upper()} key and certificate in one file",
        )

    def _make_authority(self) -> bytes:
        name = self.settings.ca_name or f"Mailstead CA of {self.settings.hostname}"
        return authority.new_authority(_read(self.authority_key_path), name, self.settings.ca_days)

    def _is_authority_valid(self) -> bool:
        # It has to outlive whatever it issues.
        least = self.settings.leaf_days
        return authority.is_authority(_read(self.authority_path), _read(self.authority_key_path), least)

    def _issue(self, kind: KeyKind) -> bytes:
        return authority.issue(
            _read(self.authority_path),
            _read(self.authority_key_path),
            _read(self.files(kind).key),
            self.settings.all_names,
            self.settings.leaf_days,
        )

    def _is_chain_valid(self, kind: KeyKind) -> bool:
        files = self.files(kind)
        return (
            self._is_authority_valid()
            and keys.is_key_of(kind, _read(files.key))
            and authority.is_issued(
                _read(files.chain),
                _read(self.authority_path),
                _read(files.key),
                self.settings.all_names,
                self.settings.renew_days,
            )
        )


def certificate_on_disk(files: TlsFiles, names: tuple[str, ...]) -> Finding:
    """Whether key and certificate belong together, bear the names, last, and the key is root's alone."""
    again = "run mailstead replay: it makes what is missing or ends soon"
    anew = replay("certificates")
    certificate = authority.read_certificate(_read(files.chain))
    if certificate is None:
        return fail(
            _("{chain} holds no certificate").format(chain=files.chain), _("a certificate"), again, anew
        )
    if not authority.belong_together(certificate, _read(files.key)):
        return fail(
            _("{key} does not fit {chain}").format(key=files.key, chain=files.chain),
            _("a key and its certificate"),
            again,
            anew,
        )
    missing = sorted(set(names) - authority.names_in(certificate))
    if missing:
        return fail(
            _("it does not bear the name {names}").format(names=", ".join(missing)),
            _("all names of this server"),
            again,
            anew,
        )
    for path in (files.key, files.combined):
        status = Path(path).stat()
        if status.st_mode & 0o077 or status.st_uid != 0:
            return fail(
                _("{path} can be read by others than root").format(path=path),
                _("mode 0600, owner root"),
                again,
                anew,
            )
    days = authority.days_left(certificate)
    until = f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}, {days} days"
    if days < 0:
        return fail(
            _("it ended on {end:%Y-%m-%d}").format(end=certificate.not_valid_after_utc),
            _("a valid certificate"),
            again,
            anew,
        )
    if days < _WARN_DAYS:
        return warn(until, _("{days} days or more").format(days=_WARN_DAYS), again, anew)
    return ok(until)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
