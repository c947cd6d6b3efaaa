"""Asks every adapter's checks, side by side, and names what mends them."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from backends.adapter import Adapter
from backends.checks import Check, Finding, Mend, Status
from backends.machine.services import service_manager
from backends.mends import restart
from backends.resources import Service

_AT_ONCE = 12
"""Checks wait for answers of services, not for the processor."""

_ASK_AGAIN = 0.5
"""Seconds between two questions to what was just mended."""


@dataclass(frozen=True)
class Result:
    """A check and what it found."""

    id: str
    title: str
    finding: Finding


def check_all(
    adapters: Sequence[Adapter], names: Sequence[str] = (), others: Sequence[Check] = ()
) -> tuple[Result, ...]:
    """What all checks found, in the order of the adapters, then the others that belong to none.

    With `names`, only checks of these ids, or of these systems (`postfix` stands for `postfix.port-25`).
    Where a check fails because a service of its system is down, the finding names the start as what mends it.
    """
    asked = [(adapter, check) for adapter, check in _checks(adapters, others) if _is_asked(check.id, names)]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        findings = list(pool.map(lambda one: one[1].result(), asked))
    troubled = {
        adapter.name: adapter
        for (adapter, _check), finding in zip(asked, findings, strict=True)
        if adapter is not None and finding.status is Status.FAIL and finding.action is None
    }
    starts = {name: start for name, adapter in troubled.items() if (start := _start_of(adapter))}
    return tuple(
        Result(check.id, check.title, _with_action(finding, starts.get(adapter.name) if adapter else None))
        for (adapter, check), finding in zip(asked, findings, strict=True)
    )


def check_until_well(
    adapters: Sequence[Adapter], name: str, others: Sequence[Check] = (), patience: float = 15.0
) -> Result | None:
    """What the check of this id finds, asked again for `patience` seconds while it fails: what has just been
    mended may need its time to start. None where no check has this id.
    """
    give_up = time.monotonic() + patience
    while True:
        found = next((one for one in check_all(adapters, (name,), others) if one.id == name), None)
        if found is None or found.finding.status is not Status.FAIL or time.monotonic() > give_up:
            return found
        time.sleep(_ASK_AGAIN)


def _checks(adapters: Sequence[Adapter], others: Sequence[Check]) -> Iterator[tuple[Adapter | None, Check]]:
    for adapter in adapters:
        for check in adapter.checks():
            yield adapter, check
    for check in others:
        yield None, check


def _is_asked(check_id: str, names: Sequence[str]) -> bool:
    return not names or any(check_id == name or check_id.startswith(f"{name}.") for name in names)


def _start_of(adapter: Adapter) -> Mend | None:
    """The start of the first service of this system that should run and doesn't."""
    wanted = [one.names for one in adapter.resources() if isinstance(one, Service) and one.is_wanted]
    statuses = service_manager().statuses(wanted)
    return next(
        (restart(names) for names, now in zip(wanted, statuses, strict=True) if not now.is_active), None
    )


def _with_action(finding: Finding, start: Mend | None) -> Finding:
    if start and finding.status is Status.FAIL and finding.action is None:
        return replace(finding, action=start)
    return finding
