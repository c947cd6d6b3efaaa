"""Rotates the logs, and keeps them as long as the answers say (logrotate(8))."""

from dataclasses import dataclass

from backends.machine.facts import Init


@dataclass(frozen=True)
class LogrotateSettings:
    """How long logs stay."""

    init: Init
    keep_days: int = 30
