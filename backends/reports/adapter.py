"""Reports about this server's domains, collected every hour."""

from collections.abc import Iterator
from typing import ClassVar

from backends.adapter import Adapter
from backends.machine.schedule import scheduled
from backends.reports.store import DIRECTORY
from backends.resources import Directory, Resource


class Reports(Adapter):
    """The timer that reads DMARC and TLS reports out of the mailbox that they are sent to."""

    name, step = "reports", "dns"
    takes_additions: ClassVar[bool] = False

    def __init__(self, *, has_systemd: bool) -> None:
        self.has_systemd = has_systemd

    def resources(self) -> Iterator[Resource]:
        """A place for what was reported, and what collects it."""
        yield Directory(str(DIRECTORY), 0o700)
        yield from scheduled(
            "reports",
            "Collect what others report of this server's mail (DMARC, TLS)",
            ("/usr/local/bin/mailstead", "reports", "collect", "--quiet"),
            "hourly",
            step=self.step,
            has_systemd=self.has_systemd,
            spread=600,
            # It reads what strangers write, so it gets no more of the machine than that takes.
            options=(
                "NoNewPrivileges=yes",
                "ProtectSystem=strict",
                f"ReadWritePaths={DIRECTORY.parent}",
                "PrivateTmp=yes",
                "MemoryMax=512M",
                "TimeoutStartSec=15min",
            ),
        )
