"""Bans clients that keep failing to log in (jail.conf(5))."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from backends import mends
from backends.adapter import Adapter
from backends.checks import Check, Finding, fail, ok
from backends.fail2ban.bans import bans_not_in_force, watching_jails
from backends.language import _, ngettext
from backends.machine.facts import Init, IPNetwork, Release
from backends.resources import Resource, Service

_SERVICE = Service("fail2ban.service")


@dataclass(frozen=True)
class Fail2banSettings:
    """Who is banned, for how long, and who never is. Times in seconds."""

    release: Release
    init: Init
    ssh_ports: tuple[int, ...]
    """Closed to those who fail at SSH; without any, SSH isn't watched."""
    mail_ports: tuple[int, ...]
    """Closed to those who fail at a mail login."""
    never_ban: tuple[IPNetwork, ...]
    """Own addresses (`MachineFacts.own_networks`) and what the answers say."""
    max_retry: int = 5
    find_time: int = 600
    ban_time: int = 3600
    override: str = ""
    """The text of /etc/mailstead/override/fail2ban/jail.local, which goes to the end of ours."""


class Fail2ban(Adapter):
    """Watches the logins of SSH, Postfix and Dovecot, and who comes back after bans."""

    name = "fail2ban"
    step = "logging"

    def __init__(self, settings: Fail2banSettings) -> None:
        self.settings = settings
        # The nftables action of fail2ban needs nft, also where there is no firewall of ours.
        self.packages = ("fail2ban", "nftables", *(("python3-systemd",) if self._has_systemd else ()))

    @property
    def _has_systemd(self) -> bool:
        return self.settings.init == "systemd"

    @property
    def jails(self) -> tuple[str, ...]:
        """The jails that should be watching."""
        return (*(("sshd",) if self.settings.ssh_ports else ()), "postfix", "dovecot", "recidive")

    def resources(self) -> Iterator[Resource]:
        """The jails, a filter for Dovecot, and the service."""
        settings = self.settings
        files = [
            self.file("/etc/fail2ban/filter.d/mailstead-dovecot.conf", "mailstead-dovecot.conf.j2"),
            self.file("/etc/fail2ban/fail2ban.d/mailstead.local", "fail2ban.local.j2"),
            self.file(
                "/etc/fail2ban/jail.d/mailstead.local",
                "jail.local.j2",
                validate=("fail2ban-client", "--test"),
                backend="systemd" if self._has_systemd else "auto",
                ssh_ports=sorted(set(settings.ssh_ports)),
                mail_ports=sorted(set(settings.mail_ports)),
                never_ban=list(dict.fromkeys(settings.never_ban)),
                max_retry=settings.max_retry,
                find_time=settings.find_time,
                ban_time=settings.ban_time,
                override=settings.override,
            ),
        ]
        yield from files
        if self._has_systemd:
            directory, drop_in = self.drop_in("fail2ban.service", "mailstead.conf.j2")
            yield directory
            yield drop_in
            files.append(drop_in)
        yield replace(_SERVICE, restart_on=tuple(files))

    def checks(self) -> Iterator[Check]:
        """Whether it watches, and whether the kernel shuts out whom it bans."""
        yield Check("fail2ban.jails", _("Every jail is watching"), self._every_jail_watches, is_gate=True)
        yield Check("fail2ban.bans", _("Whoever is banned is shut out"), self._bans_are_in_force)

    def _every_jail_watches(self) -> Finding:
        watching = watching_jails()
        missing = [jail for jail in self.jails if jail not in watching]
        if missing:
            return fail(
                _("not watching: {jails}").format(jails=", ".join(missing)),
                ", ".join(self.jails),
                _("look at /var/log/fail2ban.log, then: mailstead replay"),
                mends.replay(self.step),
            )
        count = len(self.jails)
        told = ngettext("{count} jail: {jails}", "{count} jails: {jails}", count)
        return ok(told.format(count=count, jails=", ".join(self.jails)))

    def _bans_are_in_force(self) -> Finding:
        lost = bans_not_in_force(self.jails)
        if not lost:
            return ok(_("the kernel knows every ban"))
        seen = ngettext(
            "{count} ban is not in force, {first}: something has emptied the kernel's tables",
            "{count} bans are not in force, first {first}: something has emptied the kernel's tables",
            len(lost),
        ).format(count=len(lost), first=lost[0].address)
        restart = "systemctl restart fail2ban" if self._has_systemd else "service fail2ban restart"
        return fail(seen, _("every ban in the kernel"), restart, mends.restart(_SERVICE.names))
