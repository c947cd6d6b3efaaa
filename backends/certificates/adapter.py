"""The server's certificates: where they come from, where they lie, and that they are served."""

from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256

from backends.adapter import Adapter
from backends.certificates import authority, certbot, keys, source_checks
from backends.certificates.acme import Lineages, Pair, issued
from backends.certificates.imported import Imported, UnusableCertificate, read_imported
from backends.certificates.retired import is_retired
from backends.certificates.serving import ServingService, everyone_serves
from backends.certificates.settings import (
    KEY_KINDS,
    CertificatesSettings,
    ImportedSettings,
    KeyKind,
    TlsFiles,
    tls_files,
)
from backends.checks import Check, Finding, fail, ok, warn
from backends.language import _
from backends.machine.schedule import scheduled
from backends.mends import replay
from backends.resources import Directory, GeneratedFile, Resource

_WARN_DAYS = 14
_PATIENCE = 15.0
"""Seconds until a service that was reloaded must serve what is on disk."""


class Certificates(Adapter):
    """The server's certificates: from an authority of its own, by ACME, or imported.

    Services read them from the same places whoever issued them. Clients trust the own authority once they
    have imported `authority_path`; it also serves while an ACME authority has not issued anything yet. Each
    later file is valid only while those that it stems from are, so that a plan shows everything that a
    renewal brings.
    """

    name, step = "certificates", "certificates"
    takes_additions = False

    def __init__(self, settings: CertificatesSettings) -> None:
        self.settings = settings
        self.authority_path = f"{settings.directory}/ca/ca.pem"
        self.authority_key_path = f"{settings.directory}/ca/ca.key"
        self.packages = _packages(settings)

    def files(self, kind: KeyKind) -> TlsFiles:
        """Where the certificate of this kind lies."""
        return tls_files(kind, self.settings.directory)

    def resources(self) -> Iterator[Resource]:
        """What issues or is imported; then key, chain and both in one file; then those who serve them."""
        settings = self.settings
        yield Directory(settings.directory)
        yield Directory(settings.state_directory)
        if settings.imported:
            yield from self._imported(settings.imported)
        else:
            yield from self._authority()
        yield from self._acme()
        if not settings.imported:
            for kind in KEY_KINDS:
                yield Directory(f"{settings.directory}/{kind}")
                yield from self._certificate(kind)
        yield from self._schedule()
        for server in settings.servers:
            yield ServingService.of(server, self.served())

    def served(self) -> tuple[Resource, ...]:
        """What services read: they take up a new certificate when one of these changes."""
        return tuple(GeneratedFile(files.combined) for files in self.settings.served)

    def checks(self) -> Iterator[Check]:
        """That each certificate on disk is whole, lasts and is served; and what the source says."""
        settings = self.settings
        for files, label in self._labelled():
            yield Check(
                f"certificates.{label}",
                _("The {kind} certificate is valid").format(kind=label.upper())
                if label != "imported"
                else _("The imported certificate is valid"),
                lambda files=files: certificate_on_disk(files, settings.all_names),  # type: ignore[misc]
            )
        yield Check(
            "certificates.served",
            _("Every port serves a certificate that is on disk"),
            lambda: everyone_serves(settings.servers, self._known()),
            is_gate=True,
            patience=_PATIENCE,
        )
        if settings.imported:
            yield Check(
                "certificates.files",
                _("The imported files are as they were installed"),
                lambda: source_checks.imported_files(settings),
            )
        if settings.acme:
            yield Check(
                "certificates.acme",
                _("The certificate authority issues and renews"),
                lambda: source_checks.issued_by_acme(settings),
            )

    def _labelled(self) -> Iterator[tuple[TlsFiles, str]]:
        labels = ("imported",) if self.settings.imported else KEY_KINDS
        yield from zip(self.settings.served, labels, strict=True)

    def _known(self) -> frozenset[str]:
        """The SHA-256 of every certificate in a place that services read, also those of another source."""
        directory = self.settings.directory
        files = (*(tls_files(kind, directory) for kind in KEY_KINDS), tls_files("imported", directory))
        found = (authority.read_certificate(_read(each.chain)) for each in files)
        return frozenset(one.fingerprint(SHA256()).hex() for one in found if one)

    def _imported(self, source: ImportedSettings) -> Iterator[Resource]:
        (files,) = self.settings.served
        hostname = self.settings.hostname

        def generated(path: str, part: Callable[[Imported], bytes], what: str, mode: int) -> GeneratedFile:
            def is_valid(content: bytes) -> bool:
                try:
                    return content == part(read_imported(source, hostname))
                except UnusableCertificate:
                    # What is installed is served on, as long as it is good for anything.
                    return is_installed(files, hostname)

            def generate() -> bytes:
                return part(read_imported(source, hostname))

            return GeneratedFile(path, generate, is_valid, mode=mode, what=what)

        yield Directory(f"{self.settings.directory}/imported")
        yield generated(files.key, lambda it: it.key, "the imported key", 0o600)
        yield generated(files.chain, lambda it: it.chain, "the imported certificate", 0o644)
        both = "the imported key and certificate in one file"
        yield generated(files.combined, lambda it: it.key + it.chain, both, 0o600)

    def _authority(self) -> Iterator[Resource]:
        yield Directory(f"{self.settings.directory}/ca")
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

    def _acme(self) -> Iterator[Resource]:
        """What certbot needs, and the lineages; without ACME only that none of ours is renewed any more."""
        settings = self.settings
        if settings.acme:
            yield from certbot.configuration(self, settings.acme, has_systemd=settings.has_systemd)
        else:
            yield from certbot.nothing(has_systemd=settings.has_systemd)
        yield Lineages(settings.all_names, settings.acme, settings.state_directory)

    def _schedule(self) -> Iterator[Resource]:
        """Renewed files are taken up, and what ends soon is made anew, without anybody at work."""
        yield from scheduled(
            "certificates",
            "Take up renewed certificates",
            ("/usr/local/bin/mailstead", "cert", "refresh"),
            "hourly" if self.settings.imported else "daily",
            step=self.step,
            has_systemd=self.settings.has_systemd,
            spread=1800,
        )

    def _certificate(self, kind: KeyKind) -> Iterator[Resource]:
        files = self.files(kind)
        yield GeneratedFile(
            files.key,
            lambda: pair.key if (pair := self._issued(kind)) else keys.new_key(kind),
            lambda pem: pem == pair.key if (pair := self._issued(kind)) else keys.is_key_of(kind, pem),
            what=f"the {kind.upper()} key of this server",
        )
        yield GeneratedFile(
            files.chain,
            lambda: pair.chain if (pair := self._issued(kind)) else self._issue(kind),
            lambda pem: pem == pair.chain if (pair := self._issued(kind)) else self._is_own_valid(kind),
            mode=0o644,
            what=f"the {kind.upper()} certificate of this server",
        )
        yield GeneratedFile(
            files.combined,
            lambda: _read(files.key) + _read(files.chain),
            lambda pem: self._is_chain_valid(kind) and pem == _read(files.key) + _read(files.chain),
            what=f"the {kind.upper()} key and certificate in one file",
        )

    def _issued(self, kind: KeyKind) -> Pair | None:
        """What an ACME authority issued, where one is asked."""
        return issued(kind, self.settings.all_names) if self.settings.acme else None

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
        if pair := self._issued(kind):
            return _read(self.files(kind).chain) == pair.chain
        return self._is_own_valid(kind)

    def _is_own_valid(self, kind: KeyKind) -> bool:
        files = self.files(kind)
        certificate = authority.read_certificate(_read(files.chain))
        return (
            certificate is not None
            and not is_retired(certificate, self.settings.state_directory)
            and self._is_authority_valid()
            and keys.is_key_of(kind, _read(files.key))
            and authority.is_issued(
                _read(files.chain),
                _read(self.authority_path),
                _read(files.key),
                self.settings.all_names,
                self.settings.renew_days,
            )
        )


def _packages(settings: CertificatesSettings) -> tuple[str, ...]:
    if settings.acme is None:
        return () if settings.has_systemd else ("cron",)
    by_dns = ("python3-certbot-dns-rfc2136",) if settings.acme.challenge == "dns-01" else ()
    return ("certbot", *by_dns, *(() if settings.has_systemd else ("cron",)))


def is_installed(files: TlsFiles, hostname: str) -> bool:
    """Whether a key and its certificate for this name lie there, and have not ended."""
    certificate = authority.read_certificate(_read(files.chain))
    return (
        certificate is not None
        and authority.belong_together(certificate, _read(files.key))
        and _read(files.combined) == _read(files.key) + _read(files.chain)
        and authority.covers(authority.names_in(certificate), hostname)
        and certificate.not_valid_after_utc > authority.now()
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
    borne = authority.names_in(certificate)
    missing = sorted(name for name in set(names) if not authority.covers(borne, name))
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
