"""How long what is left of a run will take, from what such changes take elsewhere and what was seen here."""

from collections.abc import Mapping
from datetime import datetime
from math import sqrt
from types import MappingProxyType

from wizard.progress import Act, Phase, Progress, StageState

_PACKAGES = "packages"

_SECONDS: Mapping[str, float] = MappingProxyType(
    {"service": 0.9, "generated": 0.04, "firewall": 0.1, "compiled": 0.03}
)
"""What a change takes, by the kind of its resource: means of the runs whose journals are in
tests/unit/journals, first set-ups of machines with Debian 12 and 13 (2 cores, a mirror nearby).
"""
_OTHER = 0.01
_INSTALL, _EACH_PACKAGE, _USUAL_PACKAGES = 5.0, 1.5, 18
"""An installation, and more for each package that was asked for; the number is known once it has begun."""
_STAGE = 1.2
"""Beside its changes: what its system takes to look its configuration over, and to answer its first check."""
_CHECKS, _PROOF = 1.0, 1.0

_TRUST = 5.0
"""Seconds of work that have to be seen here before they count as much as what was measured elsewhere."""
_UNSURE = 0.1
"""This part of what a thing took so far is always left of it: it is not finished before it says so."""
_ALMOST = 0.99


def elapsed(progress: Progress, now: datetime) -> float:
    """Seconds since this part of the run began; never below 0, also where a clock was set back."""
    return _since(progress.begun, progress.ended or now)


def left(progress: Progress, now: datetime) -> float | None:
    """Seconds until the run has ended, as far as can be said; None while it makes or takes back its plan."""
    match progress.phase:
        case Phase.ENDED:
            return 0.0
        case Phase.PREPARING | Phase.TAKING_BACK:
            return None
        case Phase.CHECKING:
            return _left_of(_CHECKS, _since(progress.phase_begun, now)) + _PROOF
        case Phase.PROVING:
            return _left_of(_PROOF, _since(progress.phase_begun, now))
    network, machine = _slowness(progress, now)
    slow = {True: network, False: machine}
    waiting = sum(_weight(act) * slow[_is_network(act)] for act in progress.waiting)
    stages = sum(_STAGE for s in progress.stages if s.state in {StageState.WAITING, StageState.WORKING})
    proof = 0.0 if progress.command == "rollback" else _CHECKS + _PROOF
    current = 0.0
    if progress.act is not None:
        # its own lateness must not make it seem less late
        expected = _weight(progress.act) * (1.0 if _is_network(progress.act) else machine)
        current = _left_of(expected, _since(progress.act.since, now))
    return waiting + (stages + proof) * machine + current


def fraction(progress: Progress, now: datetime) -> float:
    """How much of the run is done, from 0 to 1; 1 only when it has ended well."""
    if progress.phase is Phase.ENDED and progress.is_ok:
        return 1.0
    rest = left(progress, now)
    if rest is None or progress.phase is Phase.ENDED:
        total = progress.changes_total
        return min(_ALMOST, progress.changes_done / total) if total else 0.0
    spent = elapsed(progress, now)
    return min(_ALMOST, spent / (spent + rest)) if spent > 0 else 0.0


def _slowness(progress: Progress, now: datetime) -> tuple[float, float]:
    """How many times longer things take here: packages, which the network decides most, and all else.

    All else is counted by the clock, since it also waits: for a system to look its configuration over, for a
    service to answer. Before anything of it was seen, slow packages speak for a machine that is not swift.
    """
    spent, weight = _packages_so_far(progress, now)
    network = (_TRUST + spent) / (_TRUST + weight)
    others = sum(_weight(act) for act, _ in progress.made if not _is_network(act))
    others += _STAGE * sum(1 for stage in progress.stages if stage.state is StageState.DONE and stage.done)
    rest = max(0.0, _since(progress.phase_begun, now) - spent)
    return network, (_TRUST * sqrt(network) + rest) / (_TRUST + others)


def _packages_so_far(progress: Progress, now: datetime) -> tuple[float, float]:
    """The seconds that went into packages, and what they were expected to take; of what is under way, as much
    as has passed.
    """
    made = [(spent, _weight(act)) for act, spent in progress.made if _is_network(act)]
    if progress.act is not None and _is_network(progress.act):
        spent = _since(progress.act.since, now)
        made.append((spent, min(spent, _weight(progress.act))))
    return sum(spent for spent, _ in made), sum(weight for _, weight in made)


def _left_of(expected: float, spent: float) -> float:
    """What is left of something that was expected to take so long, and has taken so long: when its time is
    over, as much again as it is late.
    """
    return max(abs(expected - spent), spent * _UNSURE)


def _since(moment: datetime | None, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0


def _weight(act: Act) -> float:
    if _is_network(act):
        return _INSTALL + _EACH_PACKAGE * (_USUAL_PACKAGES if act.packages is None else act.packages)
    return _SECONDS.get(_kind(act), _OTHER)


def _is_network(act: Act) -> bool:
    return _kind(act) == _PACKAGES


def _kind(act: Act) -> str:
    return act.key.partition(":")[0]
