"""Dovecot: dovecot.conf for either release, the mail's owner, the Sieve scripts and the service."""

from collections.abc import Iterator

from backends.accounts import database
from backends.accounts.mailboxes import MAIL_DIRECTORY
from backends.adapter import Adapter
from backends.checks import Check
from backends.dovecot.settings import DovecotSettings
from backends.resources import Compiled, Directory, File, GeneratedFile, Resource, Service, SystemUser
from backends.rspamd.settings import CONTROLLER_SOCKET, LEARN_GROUP

CONFIGURATION = "/etc/dovecot/dovecot.conf"
SIEVE = "/etc/dovecot/sieve"
MAIL_USER = "vmail"
_MAPS = "/etc/dovecot/mailstead"
_OVERRIDE = "/etc/mailstead/override/dovecot"
_SPOOL = "/var/spool/postfix/private"
_CHECK = ("doveconf", "-n")
_SCRIPTS = ("spam-to-junk", "learn-spam", "learn-ham")

_CURVES = {
    "bookworm": ("X25519", "prime256v1", "secp384r1"),
    "trixie": ("X25519MLKEM768", "X25519", "prime256v1", "secp384r1"),
}
_MIN_TLS = {"intermediate": "TLSv1.2", "modern": "TLSv1.3"}


class Dovecot(Adapter):
    """Delivers mail into mailboxes, lets people read it, and tells Postfix who may log in.

    Postfix has to come first: its queue directory holds the sockets where the two meet.
    """

    name, step = "dovecot", "protocols"
    includes = "*.conf"
    packages: tuple[str, ...] = (
        *("dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd", "dovecot-managesieved"),
        *("dovecot-sieve", "dovecot-sqlite"),
    )

    def __init__(self, settings: DovecotSettings) -> None:
        self.settings = settings

    @property
    def open_ports(self) -> tuple[int, ...]:
        """What it listens on."""
        s = self.settings
        ports = (s.imap_port, s.imaps_port, s.pop3_port, s.pop3s_port, s.sieve_port)
        return tuple(port for port in ports if port)

    def resources(self) -> Iterator[Resource]:
        """The mail's owner and its place, the configuration, the Sieve scripts, the service."""
        settings = self.settings
        yield SystemUser(MAIL_USER, str(MAIL_DIRECTORY))
        yield Directory(str(MAIL_DIRECTORY), 0o700, MAIL_USER, MAIL_USER)
        # Postfix makes it when it first starts, which is after Dovecot: its sockets lie there
        yield Directory(_SPOOL, 0o700, "postfix", "root")
        configuration = [self._configuration()]
        if settings.release == "bookworm":
            yield Directory(_MAPS)
            configuration.insert(0, self._lookups())
        yield from configuration
        additions = self.additions_record(validate=_CHECK)
        yield additions
        yield from self._sieve()
        restarters = [*configuration, additions]
        if settings.has_systemd:
            directory, hardening = self.drop_in("dovecot.service", "hardening.conf.j2")
            yield directory
            yield hardening
            restarters.append(hardening)
        keys = (path for files in settings.certificates for path in (files.chain, files.key))
        yield Service(
            "dovecot.service",
            init_script="dovecot",
            restart_on=tuple(restarters),
            reload_on=tuple(GeneratedFile(path) for path in keys),
        )

    def checks(self) -> Iterator[Check]:
        """The service, each port, each port's certificate."""
        from backends.dovecot.checks import dovecot_checks  # keeps the TLS library out of a mere plan

        yield from dovecot_checks(self.settings)

    def _configuration(self) -> File:
        s = self.settings
        return self.file(
            CONFIGURATION,
            f"{s.release}/dovecot.conf.j2",
            validate=_CHECK,
            override=_OVERRIDE,
            directory=_MAPS,
            sieve=SIEVE,
            spool=_SPOOL,
            database=database.DATABASE,
            accounts_group=database.GROUP,
            learn_group=LEARN_GROUP,
            mail_directory=MAIL_DIRECTORY,
            user=MAIL_USER,
            hostname=s.hostname,
            postmaster=s.postmaster,
            log_path="syslog" if s.has_systemd else "/var/log/mail.log",
            has_ipv6=s.has_ipv6,
            has_imap=bool(s.imap_port or s.imaps_port),
            has_pop3=bool(s.pop3_port or s.pop3s_port),
            imap_port=s.imap_port,
            imaps_port=s.imaps_port,
            pop3_port=s.pop3_port,
            pop3s_port=s.pop3s_port,
            sieve_port=s.sieve_port,
            min_tls=_MIN_TLS[s.tls],
            curves=_CURVES[s.release],
            certificates=s.certificates,
            folders=("Archive", "Drafts", "Junk", "Sent", "Trash"),
        )

    def _lookups(self) -> File:
        template = "bookworm/accounts.conf.ext.j2"
        return self.file(f"{_MAPS}/accounts.conf.ext", template, database=database.DATABASE)

    def _sieve(self) -> Iterator[Resource]:
        yield Directory(SIEVE)
        yield Directory(f"{SIEVE}/bin")
        yield self.file(f"{SIEVE}/bin/learn", "sieve/learn.j2", mode=0o755, controller=CONTROLLER_SOCKET)
        for script in _SCRIPTS:
            source = f"{SIEVE}/{script}.sieve"
            yield self.file(source, f"sieve/{script}.sieve.j2")
            yield Compiled(f"{SIEVE}/{script}.svbin", source, ("sievec", "-c", CONFIGURATION, source))
