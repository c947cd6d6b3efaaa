"""What the filter's Redis should be like."""

from dataclasses import dataclass

SOCKET = "/run/redis-mail/redis.sock"


@dataclass(frozen=True)
class RedisSettings:
    """A Redis that only the filter reaches."""

    max_memory: int = 256 << 20
    """Bytes of data it may hold; when full, what expires first goes first."""
    has_systemd: bool = True
    may_set_sysctl: bool = True
    """Whether this machine has a kernel of its own to set up; a container has not."""
    socket: str = SOCKET
