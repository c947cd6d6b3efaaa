"""What the machine is like, for the defaults of the wizard and for what has to be said before going on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from backends.machine.facts import IPAddress, Release


@dataclass(frozen=True)
class Interface:
    """A network interface, loopback left out."""

    name: str
    addresses: tuple[IPAddress, ...]
    is_up: bool


@dataclass(frozen=True)
class Disk:
    """A disk of the machine, real or virtual, with all its partitions."""

    name: str
    """As the kernel calls it: `sda`, `nvme0n1`, `vda`."""
    size_bytes: int
    is_rotational: bool | None
    """None where the kernel doesn't tell."""


@dataclass(frozen=True)
class MailPlace:
    """The file system that the mail will lie on."""

    path: str
    size_bytes: int
    free_bytes: int
    disks: tuple[str, ...]
    """The names of the disks beneath it; empty where that can't be seen, as in a container."""


@dataclass(frozen=True)
class FoundCertificate:
    """A certificate that was on the machine before, with its private key beside it."""

    certificate: str
    """The path of its PEM file, the certificate itself first."""
    key: str
    names: tuple[str, ...]
    days_left: int


@dataclass(frozen=True)
class Port25:
    """Whether a connection to another mail server's port 25 came about."""

    is_open: bool | None
    """None where that could not be found out."""
    why: str
    """What was seen, in one line."""


@dataclass(frozen=True)
class Surroundings:
    """What was found on the machine; what could not be found has its default."""

    hostname: str = ""
    """The full name as `hostname -f` gives it, or what the kernel says."""
    release: Release | None = None
    """None where this is no release that Mailstead knows."""
    is_container: bool = False
    addresses: tuple[IPAddress, ...] = ()
    """Own addresses, those of loopback and link-local ones left out; IPv4 first."""
    interfaces: tuple[Interface, ...] = ()
    cores: int = 0
    """Logical processors; 0 where that is not known."""
    memory_bytes: int = 0
    disks: tuple[Disk, ...] = ()
    mail_place: MailPlace | None = None
    certificates: tuple[FoundCertificate, ...] = ()
    port_25: Port25 = Port25(None, "")
    ports_held: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """TCP port to the name of the process that listens there."""
    other_mail_server: str = ""
    """The package of a mail server that is no Postfix; empty where there is none."""
    waiting_messages: int = 0
    """How many messages wait in its queue."""
    forward_to: tuple[IPAddress, ...] = ()
    """Resolvers to ask, where the root servers don't answer."""
    dnssec: bool = True
    """Whether answers come with signatures."""
