"""Asks every adapter's checks, side by side."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from backends.adapter import Adapter
from backends.checks import Check, Finding

_AT_ONCE = 12
"""Checks wait for answers of services, not for the processor."""


@dataclass(frozen=True)
class Result:
    """A check and what it found."""

    id: str
    title: str
    finding: Finding


def check_all(adapters: Sequence[Adapter], names: Sequence[str] = ()) -> tuple[Result, ...]:
    """What all checks found, in the order of the adapters.

    With `names`, only checks of these ids, or of these systems (`postfix` stands for `postfix.port-25`).
    """
    checks = [check for check in _checks(adapters) if not names or _is_named(check.id, names)]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        findings = pool.map(lambda check: check.result(), checks)
        return tuple(Result(c.id, c.title, f) for c, f in zip(checks, findings, strict=True))


def _checks(adapters: Sequence[Adapter]) -> Iterator[Check]:
    for adapter in adapters:
        yield from adapter.checks()


def _is_named(check_id: str, names: Sequence[str]) -> bool:
    return any(check_id == name or check_id.startswith(f"{name}.") for name in names)
