"""Services: systemd where it runs the machine, init scripts where it does not (a container)."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.errors import ActivationFailed, CommandFailed
from backends.language import _
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
    def disable_all(self, services: Sequence[ServiceNames]) -> None:
        """Let none of these start with the machine."""

    @abstractmethod
    def forget(self, service: ServiceNames) -> None:
        """Leave nothing that would start it: its unit or script is about to go."""

    @abstractmethod
    def act(self, service: ServiceNames, verb: str) -> None:
        """`start`, `stop`, `restart` or `reload` it; raises ActivationFailed with the last of its log."""

    @abstractmethod
    def read_units(self) -> None:
        """Let the manager read all unit files anew."""

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
        """One `systemctl show` for all, and one `systemctl is-enabled` for those that no link makes start."""
        units = list(dict.fromkeys(u for s in services for u in (s.unit, s.status_unit)))
        if not units:
            return []
        shown = self._show(units, "LoadState,ActiveState")
        known = {s.unit for s in services if shown[s.unit]["LoadState"] == "loaded"}
        linked = {unit for unit in known if any(_UNITS.glob(f"*.wants/{unit}"))}
        enabled = linked | self._enabled(known - linked)
        return [
            ServiceStatus(
                is_known=shown[s.unit]["LoadState"] == "loaded",
                is_enabled=s.unit in enabled,
                is_active=shown[s.status_unit]["ActiveState"] in {"active", "reloading"},
            )
            for s in services
        ]

    def enable(self, service: ServiceNames, *, is_enabled: bool) -> None:
        """Links on disk alone.

        Bringing those of sysvinit into line takes seconds and serves nobody here; and systemd, asked to make
        the links itself, takes every unit for outdated until it has read all again (SYSTEMCTL_SKIP_SYSV and
        SYSTEMD_OFFLINE are in its own ENVIRONMENT.md).
        """
        self._set_enabled([service], "enable" if is_enabled else "disable")

    def disable_all(self, services: Sequence[ServiceNames]) -> None:
        """All at once: each call looks through every unit file there is."""
        if services:
            self._set_enabled(services, "disable")

    def forget(self, service: ServiceNames) -> None:
        """Disable it."""
        self.enable(service, is_enabled=False)

    def _set_enabled(self, services: Sequence[ServiceNames], verb: str) -> None:
        run(
            ["systemctl", "--quiet", "--no-reload", verb, *(service.unit for service in services)],
            environment={"SYSTEMCTL_SKIP_SYSV": "1", "SYSTEMD_OFFLINE": "1"},
        )

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
        """Act, by what the unit files say now; a start limit reached by earlier failures is forgotten."""
        if self._is_outdated(service):
            self.read_units()
        if verb in {"start", "restart"}:
            run(["systemctl", "reset-failed", service.unit, service.status_unit], check=False)
        answer = run(["systemctl", verb, service.unit], timeout=_START_TIMEOUT, check=False)
        if not answer.is_ok:
            raise ActivationFailed(
                _("{unit} does not {verb}").format(unit=service.unit, verb=verb),
                tried=f"systemctl {verb} {service.unit}",
                seen=self._last_words(service) or answer.complaint(),
            )

    def read_units(self) -> None:
        """`systemctl daemon-reload`: a second or so, as it also runs every generator."""
        run(["systemctl", "daemon-reload"])

    def forget_removed_units(self) -> None:
        """`systemctl daemon-reload`, where some unit needs it, also one that does not run."""
        answer = run(["systemctl", "show", "--all", "--property=NeedDaemonReload", "--", "*"], check=False)
        if b"=yes" in answer.stdout:
            self.read_units()

    def _is_outdated(self, service: ServiceNames) -> bool:
        """Whether systemd has not read these units as they are on disk; asking is quick, reading all is not.

        NeedDaemonReload alone won't do: systemd 252 says no of a unit that it knows and that has just got its
        first drop-in, and starts it without. So what it has read is compared with what there is.
        """
        units = list(dict.fromkeys((service.unit, service.status_unit)))
        shown = self._show(units, "LoadState,NeedDaemonReload,FragmentPath,DropInPaths,Wants")
        if service.status_unit not in {service.unit, *shown[service.unit]["Wants"].split()}:
            return True  # Debian 12's postfix.service wants its instances by a generator, at a reload only
        return any(_is_unread(unit, shown[unit]) for unit in units)

    def _show(self, units: Sequence[str], properties: str) -> dict[str, dict[str, str]]:
        """These properties of each unit, by unit; raises CommandFailed."""
        answer = run(["systemctl", "show", f"--property=Id,{properties}", "--", *units], check=False)
        blocks = [
            dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            for block in answer.text.strip().split("\n\n")
        ]
        if len(blocks) != len(units):
            raise CommandFailed(_("systemctl did not answer for every unit"), seen=answer.complaint())
        return dict(zip(units, blocks, strict=True))

    def _last_words(self, service: ServiceNames) -> str:
        answer = run(
            ["journalctl", "--no-pager", "--quiet", "-n12", "-ocat", "-u", service.status_unit], check=False
        )
        return clean_lines(answer.stdout.strip())


def _is_unread(unit: str, shown: Mapping[str, str]) -> bool:
    """Whether systemd, by what it shows of a unit, read other files than there are in /etc."""
    own = _UNITS / unit
    drop_ins = {str(path) for path in own.with_name(f"{unit}.d").glob("*.conf")}
    read = {path for path in shown["DropInPaths"].split() if path.startswith(f"{own}.d/")}
    return (
        shown["NeedDaemonReload"] == "yes"
        or shown["LoadState"] == "not-found"
        or drop_ins != read
        or (own.is_file() and shown["FragmentPath"] != str(own))
    )


class SysV(ServiceManager):
    """Init scripts by service(8) and update-rc.d(8)."""

    def statuses(self, services: Sequence[ServiceNames]) -> list[ServiceStatus]:
        """Each script is asked; a machine with init scripts is small."""
        return [self._status(service) for service in services]

    def enable(self, service: ServiceNames, *, is_enabled: bool) -> None:
        """Links in /etc/rc?.d."""
        run(["update-rc.d", service.init_script, "defaults"])
        run(["update-rc.d", service.init_script, "enable" if is_enabled else "disable"])

    def disable_all(self, services: Sequence[ServiceNames]) -> None:
        """One after the other."""
        for service in services:
            self.enable(service, is_enabled=False)

    def forget(self, service: ServiceNames) -> None:
        """No links at all in /etc/rc?.d."""
        run(["update-rc.d", "-f", service.init_script, "remove"])

    def act(self, service: ServiceNames, verb: str) -> None:
        """Run the script."""
        answer = run(["service", service.init_script, verb], timeout=_START_TIMEOUT, check=False)
        if not answer.is_ok:
            raise ActivationFailed(
                _("{init_script} does not {verb}").format(init_script=service.init_script, verb=verb),
                tried=f"service {service.init_script} {verb}",
                seen=answer.complaint(),
            )

    def read_units(self) -> None:
        """Init scripts are read each time."""

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
