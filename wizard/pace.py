"""How long what is left of a run will take, from what such changes take elsewhere and what was seen here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
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
_INSTALL, _EACH_PACKAGE, _USUAL_PACKAGES = 5.0, 1.6, 18
"""An installation, and more for each package that was asked for; the number is known once it has begun."""
_STAGE = 1.2
"""Beside its changes: what its system takes to look its configuration over, and to answer its first check."""
_CHECKS, _PROOF = 1.0, 1.0

_TRUST = 5.0
"""Seconds of work that have to be seen here before they count as much as what was measured elsewhere."""
_OVERDUE = 0.2
"""What is over its time takes this part of what it took so far yet again: it gets later, never finished."""
_ALMOST = 0.99


def elapsed(progress: Progress, now: datetime) -> float:
    """Seconds since this part of the run began; never below 0, also where a clock was set back."""
    if progress.begun is None:
        return 0.0
    return max(0.0, ((progress.ended or now) - progress.begun).total_seconds())


def left(progress: Progress, now: datetime) -> float | None:
    """Seconds until the run has ended, as far as can be said; None while it makes or takes back its plan."""
    match progress.phase:
        case Phase.ENDED:
            return 0.0
        case Phase.PREPARING | Phase.TAKING_BACK:
            return None
        case Phase.CHECKING:
            return _rest(_CHECKS, progress, now) + _PROOF
        case Phase.PROVING:
            return _rest(_PROOF, progress, now)
    slow = {is_network: _slowness(progress.made, is_network=is_network) for is_network in (True, False)}
    waiting = sum(_weight(act) * slow[_is_network(act)] for act in progress.waiting)
    stages = sum(_STAGE for s in progress.stages if s.state in {StageState.WAITING, StageState.WORKING})
    proof = 0.0 if progress.command == "rollback" else _CHECKS + _PROOF
    return waiting + stages + proof + _left_of_act(progress, now)


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


def _left_of_act(progress: Progress, now: datetime) -> float:
    act = progress.act
    if act is None or act.since is None:
        return 0.0
    spent = max(0.0, (now - act.since).total_seconds())
    slow = _slowness(progress.made, is_network=_is_network(act))
    return max(_weight(act) * slow - spent, spent * _OVERDUE)


def _rest(weight: float, progress: Progress, now: datetime) -> float:
    spent = max(0.0, (now - (progress.phase_begun or now)).total_seconds())
    return max(weight - spent, spent * _OVERDUE)


def _slowness(made: Iterable[tuple[Act, float]], *, is_network: bool) -> float:
    """How many times longer things take here. The network decides for packages, the machine for all else."""
    alike = [(_weight(act), spent) for act, spent in made if _is_network(act) is is_network]
    return (_TRUST + sum(spent for _, spent in alike)) / (_TRUST + sum(weight for weight, _ in alike))


def _weight(act: Act) -> float:
    if _is_network(act):
        return _INSTALL + _EACH_PACKAGE * (_USUAL_PACKAGES if act.packages is None else act.packages)
    return _SECONDS.get(_kind(act), _OTHER)


def _is_network(act: Act) -> bool:
    return _kind(act) == _PACKAGES


def _kind(act: Act) -> str:
    return act.key.partition(":")[0]
