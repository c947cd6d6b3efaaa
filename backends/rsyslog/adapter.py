"""Writes the logs that people look for in /var/log (rsyslog.conf(5))."""

from collections.abc import Iterator
from dataclasses import dataclass

from backends.adapter import Adapter
from backends.checks import Check
from backends.language import _
from backends.machine.facts import Init
from backends.resources import Directory, Resource, Service
from backends.rsyslog.arrival import a_line_arrives

OWN_LOGS = "/var/log/mailstead"


@dataclass(frozen=True)
class RsyslogSettings:
    """How the machine logs."""

    init: Init
    override: str = ""
    """The text of /etc/mailstead/override/rsyslog/rsyslog.conf."""


class Rsyslog(Adapter):
    """Debian's own rules: mail in /var/log/mail.log, logins in auth.log, the rest in syslog.

    Postfix's package brings the socket in its chroot, /etc/rsyslog.d/postfix.conf.
    """

    name = "rsyslog"
    step = "logging"
    packages: tuple[str, ...] = ("rsyslog",)

    def __init__(self, settings: RsyslogSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The place of Mailstead's own logs, and the service."""
        yield Directory(OWN_LOGS, mode=0o750, group="adm")
        additions = self.file(
            "/etc/rsyslog.d/mailstead.conf",
            "additions.conf.j2",
            validate=("rsyslogd", "-N1"),
            override=self.settings.override,
        )
        yield additions
        if self.settings.init == "systemd":
            directory, taken_up = self.drop_in("rsyslog.service", "mailstead.conf.j2")
            yield directory
        else:
            taken_up = self.file("/etc/init.d/mailstead-rsyslog", "mailstead-rsyslog.init.j2", mode=0o755)
        yield taken_up
        yield Service("rsyslog.service", init_script="mailstead-rsyslog", restart_on=(additions, taken_up))

    def checks(self) -> Iterator[Check]:
        """Whether what is logged arrives."""
        yield Check(
            "rsyslog.mail-log", _("What is logged arrives in /var/log/mail.log"), a_line_arrives, is_gate=True
        )
