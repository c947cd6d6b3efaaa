"""Redis as the filter's memory: learned words, greylisted senders, rate limits, reports to send."""

from collections.abc import Iterator

from backends.adapter import Adapter
from backends.checks import Check, Finding, ok, warn
from backends.language import _
from backends.redis.connection import ask
from backends.redis.settings import RedisSettings
from backends.resources import Resource, Service

CONFIGURATION = "/etc/redis/redis-mail.conf"


class Redis(Adapter):
    """An instance of Debian's template unit; the one on TCP that the package brings stays off.

    Debian has no init script for a second instance: without systemd there is one of our own.
    """

    name, step = "redis", "antispam"
    includes = "*.conf"
    packages: tuple[str, ...] = ("redis-server",)

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """Configuration, kernel setting, the unit's drop-in or the init script, and the service."""
        settings = self.settings
        configuration = self.file(
            CONFIGURATION,
            "redis-mail.conf.j2",
            mode=0o640,
            group="redis",
            socket=settings.socket,
            max_memory=settings.max_memory,
        )
        additions = self.additions_record()
        changes: list[Resource] = [configuration, additions]
        if settings.may_set_sysctl:
            yield self.file("/etc/sysctl.d/60-mailstead-redis.conf", "sysctl.conf.j2")
        yield configuration
        yield additions
        if not settings.has_systemd:
            script = self.file("/etc/init.d/mailstead-redis", "init.sh.j2", mode=0o755)
            yield script
            changes.append(script)
        elif settings.may_set_sysctl:
            directory, drop_in = self.drop_in("redis-server@mail.service", "unit.conf.j2")
            yield directory
            yield drop_in
            changes.append(drop_in)
        yield Service("redis-server.service", is_wanted=False)
        yield Service("redis-server@mail.service", "mailstead-redis", restart_on=tuple(changes))

    def checks(self) -> Iterator[Check]:
        """That it answers, and that what it learns reaches the disk."""
        yield Check("redis.answers", _("The filter's memory answers"), self._answers, is_gate=True)
        yield Check("redis.saves", _("What the filter learns is saved to disk"), self._saves)

    def _answers(self) -> Finding:
        return ok(f"{ask(self.settings.socket, 'PING')} on {self.settings.socket}")

    def _saves(self) -> Finding:
        text = ask(self.settings.socket, "INFO", "persistence")
        facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        if facts.get("rdb_last_bgsave_status") != "ok":
            mend = "make room in /var/lib/redis, then see: journalctl -u redis-server@mail"
            return warn(_("the last save failed"), _("saves that succeed"), mend)
        return ok(
            _("{count} changes wait for the next save").format(
                count=facts.get("rdb_changes_since_last_save", "0")
            )
        )
