"""Postfix: the files of /etc/postfix and the service, from PostfixSettings (postconf(5), master(5))."""

from collections.abc import Iterator

from backends.accounts.database import DATABASE
from backends.accounts.passwords import first_line
from backends.adapter import Adapter
from backends.checks import Check
from backends.postfix.settings import PostfixSettings, Relay
from backends.resources import Directory, File, GeneratedFile, Resource, Service
from backends.tls_policy.settings import LOOKUP as TLS_POLICY

MAPS = "/etc/postfix/mailstead"
_OVERRIDE = "/etc/mailstead/override/postfix"
_CHECK = ("postfix", "check")

_COMPATIBILITY = {"bookworm": "3.6", "trixie": "3.9"}
_CACHES = {"bookworm": "btree", "trixie": "lmdb"}
_CURVES = {
    "bookworm": ("X25519", "prime256v1", "secp384r1"),
    "trixie": ("X25519MLKEM768", "X25519", "prime256v1", "secp384r1"),
}
_SIGNATURES = (
    *("ECDSA+SHA256", "ECDSA+SHA384", "ECDSA+SHA512", "ed25519"),
    *("RSA-PSS+SHA256", "RSA-PSS+SHA384", "RSA-PSS+SHA512", "RSA+SHA256", "RSA+SHA384", "RSA+SHA512"),
)
_CLIENT_TLS = {"intermediate": "TLSv1.2", "modern": "TLSv1.3"}
"""For people's programs. Port 25 keeps TLS 1.2 in any case: a server without 1.3 would send in the clear."""

_LOOKUPS = ("domains.cf", "accounts.cf", "aliases.cf", "postmasters.cf", "senders.cf", "local-names.cf")


class Postfix(Adapter):
    """Takes mail from outside and from people, filters it, and hands it to Dovecot or sends it."""

    name, step = "postfix", "protocols"
    preseed = "postfix postfix/main_mailer_type select No configuration\n"

    def __init__(self, settings: PostfixSettings) -> None:
        self.settings = settings
        needs_lmdb = _CACHES[settings.release] == "lmdb"
        self.packages = (
            *("postfix", "postfix-sqlite", "postfix-pcre", "ca-certificates"),
            *(("postfix-lmdb",) if needs_lmdb else ()),
        )

    @property
    def service_unit(self) -> str:
        """The unit whose state and log are those of Postfix."""
        return "postfix@-.service" if self.settings.release == "bookworm" else "postfix.service"

    @property
    def open_ports(self) -> tuple[int, ...]:
        """What it listens on."""
        settings = self.settings
        ports = (settings.smtp_port, settings.submission_port, settings.submissions_port)
        return tuple(port for port in ports if port)

    def resources(self) -> Iterator[Resource]:
        """Directories, lookups, the two main files, the hardened unit, the service."""
        yield Directory(MAPS)
        maps: list[File | GeneratedFile] = [
            self._map(name) for name in (*_LOOKUPS, "system-mail.pcre", "submission-headers.pcre")
        ]
        yield from maps
        openssl = self._map("openssl.cnf")
        yield openssl
        if self.settings.relay and self.settings.relay.username:
            password = _relay_password(self.settings.relay)
            maps.append(password)
            yield password
        mailname = File("/etc/mailname", f"{self.settings.hostname}\n".encode())
        yield mailname
        main, master = self._main(), self._master()
        yield main
        yield master
        restarters = [openssl, mailname, main, master]
        if self.settings.has_systemd and self.settings.release == "bookworm":
            directory, hardening = self.drop_in("postfix@-.service", "hardening.conf.j2")
            yield directory
            yield hardening
            restarters.append(hardening)
        yield Service(
            "postfix.service",
            init_script="postfix",
            status_unit=self.service_unit,
            restart_on=(*restarters, *_copied_into_the_chroot()),
            starts_with=_CHECK,
            reload_on=(*maps, *(GeneratedFile(files.combined) for files in self.settings.certificates)),
        )

    def checks(self) -> Iterator[Check]:
        """The service, each port, each port's certificate, the queue."""
        from backends.postfix.checks import postfix_checks  # keeps the TLS library out of a mere plan

        yield from postfix_checks(self.settings, self.service_unit)

    def _map(self, name: str) -> File:
        return self.file(
            f"{MAPS}/{name}",
            f"maps/{name}.j2",
            database=DATABASE,
            admin=self.settings.admin,
            hostname=self.settings.hostname,
            signatures=_SIGNATURES,
        )

    def _main(self) -> File:
        settings = self.settings
        has_dane = settings.resolver_validates and not settings.relay
        is_relay_wrapped = bool(settings.relay and settings.relay.port == 465)
        return self.file(
            "/etc/postfix/main.cf",
            "main.cf.j2",
            validate=_CHECK,
            maps=MAPS,
            override=f"{_OVERRIDE}/main.cf",
            compatibility_level=_COMPATIBILITY[settings.release],
            hostname=settings.hostname,
            admin=settings.admin,
            mynetworks="127.0.0.0/8 [::1]/128" if settings.has_ipv6 else "127.0.0.0/8",
            own_addresses=settings.own_addresses,
            has_ipv6=settings.has_ipv6,
            has_systemd=settings.has_systemd,
            message_size_limit=settings.message_size_limit,
            cache_type=_CACHES[settings.release],
            chain_files=[files.combined for files in settings.certificates],
            client_tls=_CLIENT_TLS[settings.tls],
            curves=_CURVES[settings.release],
            has_ffdhe=settings.release != "bookworm",  # postconf(5): since Postfix 3.8
            has_dane=has_dane,
            outbound_level="dane" if has_dane else "encrypt" if is_relay_wrapped else "may",
            relay=settings.relay,
            tls_policy=TLS_POLICY,
            milter=settings.milter,
            milter_default_action=settings.milter_default_action,
            main_override=settings.main_override.strip(),
        )

    def _master(self) -> File:
        settings = self.settings
        submission = (
            (settings.submission_port, "submission", False),
            (settings.submissions_port, "submissions", True),
        )
        return self.file(
            "/etc/postfix/master.cf",
            "master.cf.j2",
            validate=_CHECK,
            maps=MAPS,
            override=f"{_OVERRIDE}/master.cf",
            smtp_port=settings.smtp_port,
            submission_ports=[entry for entry in submission if entry[0]],
            master_override=settings.master_override.strip(),
        )


def _relay_password(relay: Relay) -> GeneratedFile:
    """The smarthost's login, kept as long as it is the one that the secret says."""

    def line() -> bytes:
        password = first_line(relay.password_file) if relay.password_file else ""
        return f"[{relay.host}]:{relay.port} {relay.username}:{password}\n".encode()

    return GeneratedFile(
        f"{MAPS}/relay-password",
        generate=line,
        is_valid=lambda content: content == line(),
        what="the login at the smarthost",
    )


def _copied_into_the_chroot() -> tuple[Resource, ...]:
    """Files of others that Postfix copies into its chroot only when it starts."""
    return (File("/etc/resolv.conf", None), File("/etc/hosts", None))
