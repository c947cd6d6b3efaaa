"""Rotates the logs, and keeps them as long as the answers say (logrotate(8))."""

from collections.abc import Iterator
from dataclasses import dataclass

from backends.adapter import Adapter
from backends.machine.facts import Init
from backends.resources import Resource, Service

_MAIL_LOG = "/var/log/mail.log"
_OTHER_LOGS = tuple(f"/var/log/{name}" for name in ("syslog", "kern.log", "auth.log", "user.log", "cron.log"))
"""What Debian's file for rsyslog rotates besides."""


@dataclass(frozen=True)
class LogrotateSettings:
    """How long logs stay."""

    init: Init
    keep_days: int = 30
    override: str = ""
    """The text of /etc/mailstead/override/logrotate/mailstead."""


class Logrotate(Adapter):
    """Rotates the mail log and Mailstead's own logs every day; the others stay as Debian has them."""

    name = "logrotate"
    step = "logging"
    packages: tuple[str, ...] = ("logrotate",)

    def __init__(self, settings: LogrotateSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The rules, and what runs them every day."""
        has_systemd = self.settings.init == "systemd"
        yield self.file(
            "/etc/logrotate.d/mailstead",
            "mailstead.j2",
            validate=("logrotate", "--debug", "/etc/logrotate.conf"),
            # Without systemd Debian's file would rotate without telling rsyslog, so ours rotates all of them.
            logs=(_MAIL_LOG,) if has_systemd else (_MAIL_LOG, *_OTHER_LOGS),
            keep_days=self.settings.keep_days,
            has_systemd=has_systemd,
            override=self.settings.override,
        )
        yield Service("logrotate.timer") if has_systemd else Service("cron.service")
