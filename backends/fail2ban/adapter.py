"""Bans clients that keep failing to log in (jail.conf(5))."""

from dataclasses import dataclass

from backends.machine.facts import Init, IPNetwork, Release


@dataclass(frozen=True)
class Fail2banSettings:
    """Who is banned, for how long, and who never is. Times in seconds."""

    release: Release
    init: Init
    ssh_ports: tuple[int, ...]
    """Closed to those who fail at SSH; without any, SSH isn't watched."""
    mail_ports: tuple[int, ...]
    """Closed to those who fail at a mail login."""
    never_ban: tuple[IPNetwork, ...]
    """Own addresses (`MachineFacts.own_networks`) and what the answers say."""
    max_retry: int = 5
    find_time: int = 600
    ban_time: int = 3600
