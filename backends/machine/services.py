"""Services: systemd where it runs the machine, init scripts where it does not (a container)."""

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.errors import ActivationFailed, CommandFailed
from backends.machine.run import run
from backends.text import clean_lines

_START_TIMEOUT = 120.0
_NOT_ENABLED = frozenset({"disabled", "masked", "not-found"})
"""What `systemctl is-enabled` says of units that don't start with the machine; the last since systemd 253."""
_UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True)
class ServiceNames:
    """What a service is called.

    `unit` controls it, `status_unit` shows its state (Debian 12's postfix.service only starts
    postfix@-.service), `init_script` is its script in /etc/init.d.
    """

    unit: str
    status_unit: str
    init_script: str


@dataclass(frozen=True)
class ServiceStatus:
    """Whether a service is known to the machine, starts with it, and runs."""

    is_known: bool
    is_enabled: bool
    is_active: bool


class ServiceManager(ABC):
    """What both kinds of machine can do with a service; every act waits for its end."""

    @abstractmethod
    def statuses(self, services: Sequence[ServiceNames]) -> list[ServiceStatus]:
        """How each is now, in the same order."""

    @abstractmethod
    def enable(self, service: ServiceNames, *, is_enabled: bool) -> None:
        """Let it start with the machine, or not."""

    @abstractmethod
    def forget(self, service: ServiceNames) -> None:
        """Leave nothing that would start it: its unit or script is about to go."""

    @abstractmethod
    def act(self, service: ServiceNames, verb: str) -> None:
        """`start`, `stop`, `restart` or `reload` it; raises ActivationFailed with the last of its log."""

    @abstractmethod
    def forget_removed_units(self) -> None:
        """Let the manager see that unit files have changed or gone, where no restart made it look."""


@cache
def service_manager() -> ServiceManager:
    """The manager of this machine (sd_booted(3) looks at the same directory)."""
    return Systemd() if Path("/run/systemd/system").is_dir() else SysV()


class Systemd(ServiceManager):
    """systemctl(1), asked for many units at once."""

    def statuses(self, services: Sequence[ServiceNames]) -> list[ServiceStatus]:
        """One `systemctl show` for all, and one `systemctl is-enabled` for those that are known."""
        units = list(dict.fromkeys(u for s in services for u in (s.unit, s.status_unit)))
        if not units:
            return []
        answer = run(["systemctl", "show", "--property=Id,LoadState,ActiveState", "--", *units], check=False)
        blocks = [
            dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            for block in answer.text.strip().split("\n\n")
        ]
        if len(blocks) != len(units):
            raise CommandFailed("systemctl did not answer for every unit", seen=answer.complaint())
        shown = dict(zip(units, blocks, strict=True))
        enabled = self._enabled({s.unit for s in services if shown[s.unit]["LoadState"] == "loaded"})
        return [
            ServiceStatus(
                is_known=shown[s.unit]["LoadState"] == "loaded",
                is_enabled=s.unit in enabled,
                is_active=shown[s.status_unit]["ActiveState"] in {"active", "reloading"},
            )
            for s in services
        ]

    def enable(self, service: ServiceNames, *, is_enabled: bool) -> None:
        """Links for systemd alone: bringing those of sysvinit into line takes seconds and serves nobody here.

        SYSTEMCTL_SKIP_SYSV is in systemd's own ENVIRONMENT.md.
        """
        verb = "enable" if is_enabled else "disable"
        run(
            ["systemctl", "--quiet", "--no-reload", verb, service.unit],
            environment={"SYSTEMCTL_SKIP_SYSV": "1"},
        )

    def forget(self, service: ServiceNames) -> None:
        """Disable it."""
        self.enable(service, is_enabled=False)

    def _enabled(self, units: Collection[str]) -> set[str]:
        """Those that start with the machine, read from the disk: `systemctl show` may be out of date.

        Where one has just lost its file, systemctl answers for none; then each is asked alone.
        """
        if not units:
            return set()
        asked = sorted(units)
        states = run(["systemctl", "is-enabled", "--", *asked], check=False).text.split()
        if len(states) != len(asked):
            return set().union(*(self._enabled({unit}) for unit in asked)) if len(asked) > 1 else set()
        return {u for u, state in zip(asked, states, strict=True) if state not in _NOT_ENABLED}

    def act(self, service: ServiceNames, verb: str) -> None:
        """Reload changed unit files, then act; a start limit reached by earlier failures is forgotten."""
        if self._is_outdated(service):
            run(["systemctl", "daemon-reload"])
        if verb in {"start", "restart"}:
            run(["systemctl", "reset-failed", service.unit, service.status_unit], check=False)
        answer = run(["systemctl", verb, service.unit], timeout=_START_TIMEOUT, check=False)
        if not answer.is_ok:
            raise ActivationFailed(
                f"{service.unit} does not {verb}",
                tried=f"systemctl {verb} {service.unit}",
                seen=self._last_words(service) or answer.complaint(),
            )

    def forget_removed_units(self) -> None:
        """`systemctl daemon-reload`, where some unit needs it, also one that does not run."""
        answer = run(["systemctl", "show", "--all", "--property=NeedDaemonReload", "--", "*"], check=False)
        if b"=yes" in answer.stdout:
            run(["systemctl", "daemon-reload"])

    def _is_outdated(self, service: ServiceNames) -> bool:
        """Whether unit files changed since systemd read them; asking is quick, reading all again is not.

        NeedDaemonReload alone won't do: systemd 252 says no for a unit that does not run yet and has just got
        its first drop-in, and starts it without.
        """
        units = dict.fromkeys((service.unit, service.status_unit))
        answer = run(
            ["systemctl", "show", "--property=NeedDaemonReload,LoadState", "--", *units], check=False
        )
        if b"NeedDaemonReload=yes" in answer.stdout or b"LoadState=not-found" in answer.stdout:
            return True
        read = run(
            ["systemctl", "show", "--timestamp=unix", "--property=UnitsLoadStartTimestamp", "--value"],
            check=False,
        )
        found = re.search(r"@(\d+)", read.text)
        return found is None or _last_change(_UNITS) >= int(found[1])

    def _last_words(self, service: ServiceNames) -> str:
        answer = run(
            ["journalctl", "--no-pager", "--quiet", "-n12", "-ocat", "-u", service.status_unit], check=False
        )
        return clean_lines(answer.stdout.strip())


def _last_change(directory: Path) -> float:
    """When a unit file or drop-in below it last changed, in seconds since 1970."""
    paths = [directory, *directory.iterdir(), *directory.glob("*.d/*")]
    return max(path.lstat().st_mtime for path in paths)


class SysV(ServiceManager):
    """Init scripts by service(8) and update-rc.d(8)."""

    def statuses(self, services: Sequence[ServiceNames]) -> list[ServiceStatus]:
        """Each script is asked; a machine with init scripts is small."""
        return [self._status(service) for service in services]

    def enable(self, service: ServiceNames, *, is_enabled: bool) -> None:
        """Links in /etc/rc?.d."""
        run(["update-rc.d", service.init_script, "defaults"])
        run(["update-rc.d", service.init_script, "enable" if is_enabled else "disable"])

    def forget(self, service: ServiceNames) -> None:
        """No links at all in /etc/rc?.d."""
        run(["update-rc.d", "-f", service.init_script, "remove"])

    def act(self, service: ServiceNames, verb: str) -> None:
        """Run the script."""
        answer = run(["service", service.init_script, verb], timeout=_START_TIMEOUT, check=False)
        if not answer.is_ok:
            raise ActivationFailed(
                f"{service.init_script} does not {verb}",
                tried=f"service {service.init_script} {verb}",
                seen=answer.complaint(),
            )

    def forget_removed_units(self) -> None:
        """Init scripts are read each time."""

    def _status(self, service: ServiceNames) -> ServiceStatus:
        script = service.init_script
        if not Path("/etc/init.d", script).exists():
            return ServiceStatus(is_known=False, is_enabled=False, is_active=False)
        return ServiceStatus(
            is_known=True,
            is_enabled=any(Path("/etc/rc2.d").glob(f"S[0-9][0-9]{script}")),
            is_active=run(["service", script, "status"], check=False).is_ok,
        )
