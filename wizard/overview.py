"""What answers "is my server working?" at one look: cheap facts, and the checks with what changed."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import psutil

from backends.adapter import Adapter
from backends.certificates.status import file_status
from backends.checks import Status
from backends.fail2ban.evidence import count_bans
from backends.machine.facts import gather_facts
from backends.machine.services import ServiceNames, service_manager
from backends.postfix.queue_directories import QueueCounter, QueueTotals
from backends.resources import Service
from wizard.answers import Answers
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import proof_settings
from wizard.dns_settings import certificate_files
from wizard.health import Result, check_all, check_until_well
from wizard.health_history import Standing, compare, load_standings, save_standings, worst_first
from wizard.last_backup import BackupState, backup_state
from wizard.last_proof import LastProof, last_proof, remembered
from wizard.own_checks import own_checks
from wizard.places import ANSWERS_FILE
from wizard.planning import adapters_for
from wizard.proof import ProofResult, prove

T = TypeVar("T")

_DISKS = ("/", "/var", "/var/vmail", "/var/spool/postfix", "/var/log", "/var/backups")
_SERVICES_EVERY = 20.0
_SLOWLY = 60.0
"""Seconds: asking for services starts two processes; certificates and backups change rarely."""


@dataclass(frozen=True)
class SystemState:
    """Whether every service of a system runs; `name` is the system's: postfix, redis."""

    name: str
    is_up: bool


@dataclass(frozen=True)
class Disk:
    """A file system that mail, logs or backups lie on, by where it is mounted."""

    path: str
    total_bytes: int
    free_bytes: int

    @property
    def used_percent(self) -> int:
        """How full it is."""
        return round(100 * (1 - self.free_bytes / self.total_bytes)) if self.total_bytes else 0


@dataclass(frozen=True)
class CertificateDays:
    """How long a certificate on disk lasts; `kind` is rsa or ecdsa."""

    kind: str
    days_left: int


@dataclass(frozen=True)
class Facts:
    """What can be looked at every few seconds. None stands for what can't be seen now."""

    systems: tuple[SystemState, ...]
    queue: QueueTotals | None
    bans: int | None
    disks: tuple[Disk, ...]
    certificates: tuple[CertificateDays, ...]
    proof: LastProof | None
    backup: BackupState


@dataclass(frozen=True)
class Checked:
    """A check, how it stands and since when."""

    result: Result
    standing: Standing

    @property
    def is_bad(self) -> bool:
        """Whether someone should look."""
        return self.result.finding.status in {Status.WARN, Status.FAIL}


class Watch:
    """Looks at this server again and again; what rarely changes is kept between two looks.

    Every method asks the machine, so call them off the event loop, one at a time each. Raises NothingSetUp
    where there are no answers. With `remembers` off nothing is written.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, *, remembers: bool = True) -> None:
        self._ssh_connection = environment.get("SSH_CONNECTION", "")
        self._remembers = remembers
        self._counter = QueueCounter()
        self._standings = load_standings()
        self._answers: tuple[int, Answers, tuple[Adapter, ...]] | None = None
        self._systems: tuple[tuple[str, tuple[ServiceNames, ...]], ...] = ()
        self._services = _Kept(_SERVICES_EVERY, self._look_at_services)
        self._certificates = _Kept(_SLOWLY, lambda: _look_at_certificates(self._set_up()[0]))
        self._backup = _Kept(_SLOWLY, lambda: backup_state(self._set_up()[0]))

    def facts(self) -> Facts:
        """How things are now."""
        return Facts(
            systems=self._services(),
            queue=self._look_at_queue(),
            bans=count_bans(),
            disks=_look_at_disks(),
            certificates=self._certificates(),
            proof=last_proof(),
            backup=self._backup(),
        )

    def check(self, name: str = "") -> tuple[Checked, ...]:
        """Every check, or the one of this id, worst first; how each stands is remembered."""
        results = check_all(self._set_up()[1], (name,) if name else (), tuple(own_checks()))
        standings = compare(results, self._standings, datetime.now(UTC))
        if self._remembers and standings != self._standings:
            save_standings(standings)
        self._standings = standings
        self._services.forget()
        ordered = worst_first(results, standings)
        return tuple(Checked(one, standings[one.id]) for one in ordered)

    def check_until_well(self, name: str) -> Checked | None:
        """The check of this id, asked again for a while as long as it fails: it was just mended."""
        result = check_until_well(self._set_up()[1], name, tuple(own_checks()))
        if result is None:
            return None
        standings = compare((result,), self._standings, datetime.now(UTC))
        return Checked(result, standings[result.id])

    def prove(self) -> Iterator[ProofResult]:
        """Prove now that mail flows; each result as it comes."""
        facts = gather_facts(self._ssh_connection or None)
        return remembered(prove(proof_settings(self._set_up()[0], facts)))

    def _set_up(self) -> tuple[Answers, tuple[Adapter, ...]]:
        """The answers in force and their adapters, made anew when the answers change."""
        changed = ANSWERS_FILE.stat().st_mtime_ns if ANSWERS_FILE.exists() else 0
        if self._answers is None or self._answers[0] != changed:
            answers = answers_in_force()
            self._answers = (changed, answers, adapters_for(answers, self._ssh_connection))
            self._systems = _services_of(self._answers[2])
        return self._answers[1], self._answers[2]

    def _look_at_services(self) -> tuple[SystemState, ...]:
        self._set_up()
        names = [service for _system, services in self._systems for service in services]
        is_up = dict(zip(names, service_manager().statuses(names), strict=True))
        return tuple(
            SystemState(system, all(is_up[service].is_active for service in services))
            for system, services in self._systems
        )

    def _look_at_queue(self) -> QueueTotals | None:
        try:
            return self._counter.count()
        except OSError:
            return None


@dataclass
class _Kept(Generic[T]):
    """A look that is good for some seconds."""

    seconds: float
    look: Callable[[], T]
    _seen: T | None = None
    _at: float = -math.inf

    def __call__(self) -> T:
        if self._seen is None or time.monotonic() - self._at > self.seconds:
            self._seen, self._at = self.look(), time.monotonic()
        return self._seen

    def forget(self) -> None:
        """Look again at the next call."""
        self._at = -math.inf


def _services_of(adapters: Sequence[Adapter]) -> tuple[tuple[str, tuple[ServiceNames, ...]], ...]:
    """The services that should run, by system."""
    found = (
        (
            adapter.name,
            tuple(one.names for one in adapter.resources() if type(one) is Service and one.is_wanted),
        )
        for adapter in adapters
    )
    return tuple((name, services) for name, services in found if services)


def _look_at_certificates(answers: Answers) -> tuple[CertificateDays, ...]:
    return tuple(CertificateDays(one.kind, one.days_left) for one in file_status(certificate_files(answers)))


def _look_at_disks() -> tuple[Disk, ...]:
    """Each file system once, by the first of its paths."""
    found: dict[int, Disk] = {}
    for path in _DISKS:
        if Path(path).is_dir():
            usage = psutil.disk_usage(path)
            found.setdefault(Path(path).stat().st_dev, Disk(path, usage.total, usage.free))
    return tuple(found.values())
