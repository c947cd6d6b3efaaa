"""Writes the logs that people look for in /var/log (rsyslog.conf(5))."""

from dataclasses import dataclass

from backends.machine.facts import Init


@dataclass(frozen=True)
class RsyslogSettings:
    """How the machine logs."""

    init: Init
