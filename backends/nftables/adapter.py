"""The firewall: what is reachable from outside."""

from dataclasses import dataclass
from typing import Literal

from backends.machine.facts import Init, IPAddress, IPNetwork


@dataclass(frozen=True)
class OpenPort:
    """A port that is reachable, for everyone or, with `allow`, for these networks only."""

    port: int
    protocol: Literal["tcp", "udp"] = "tcp"
    allow: tuple[IPNetwork, ...] = ()


@dataclass(frozen=True)
class NftablesSettings:
    """What is open; everything else is closed."""

    init: Init
    ports: tuple[OpenPort, ...]
    ssh_ports: tuple[int, ...]
    """Always open to everyone."""
    lifeline: tuple[IPAddress, ...] = ()
    """Addresses that people are connected from now: open for an hour, whatever the ports say. In no file."""
    confirm_within: int = 300
    """Seconds after which a new set of rules takes itself back unless it is confirmed."""
