"""What this machine is: read from the kernel and a few files, without starting a process."""

import ipaddress
import os
import re
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import psutil

from backends.errors import MailsteadError
from backends.language import _
from backends.machine import resolv_conf
from backends.machine.packet_filter import can_filter_packets
from backends.machine.resolv_conf import AddressClient
from backends.text import clean

Release = Literal["bookworm", "trixie"]
Init = Literal["systemd", "sysv"]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_SSH_SERVERS = frozenset({"sshd", "sshd-session", "dropbear"})
_SSH_PORT = re.compile(
    r"\s*(?:Port[\s=]+\"?(\d{1,5})\b|ListenAddress[\s=]+(?:\[[^\]]*\]|[^\s:]+):(\d{1,5})\b)", re.IGNORECASE
)
_DNS_PATIENCE = 0.3
_LOOPBACK = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


@dataclass(frozen=True)
class MachineFacts:
    """What the answers' defaults and the blueprint need to know of the machine."""

    release: Release
    init: Init
    """What starts services: systemd where it is process 1, init scripts elsewhere."""
    kernel_hostname: str
    """What uname(2) says; it may be a short name."""
    hostname: str
    """The full name as `hostname -f` gives it; the kernel's where nothing tells a longer one."""
    addresses: tuple[IPAddress, ...]
    """Own addresses, those of loopback and link-local ones left out; IPv4 first."""
    has_ipv6: bool
    """Whether ::1 is there, so that a server can listen on it. For IPv6 to the outside: `addresses`."""
    resolvers: tuple[IPAddress, ...]
    """The name servers of /etc/resolv.conf that are not on this machine."""
    ssh_ports: tuple[int, ...]
    """Where people may come in: what SSH servers listen on, and what sshd's files and SSH_CONNECTION say."""
    ssh_peers: tuple[IPAddress, ...]
    """Where the people are who are connected to one of these ports now."""
    memory_bytes: int
    cores: int
    """Logical processors this process may use."""
    ports_held: Mapping[int, str]
    """TCP port to the name of the process that listens there (any address)."""
    is_container: bool
    is_resolv_conf_replaceable: bool
    """Whether /etc/resolv.conf can be replaced: a container's engine may have mounted it from outside."""
    address_clients: tuple[AddressClient, ...]
    """The programs that would write resolv.conf over again."""
    can_filter_packets: bool
    """Whether nftables answers; in a container without CAP_NET_ADMIN it does not."""

    @property
    def own_networks(self) -> tuple[IPNetwork, ...]:
        """Loopback, and each own address as a network of one: what never may be banned."""
        return (*_LOOPBACK, *(ipaddress.ip_network(address) for address in self.addresses))


def gather_facts(ssh_connection: str | None = None) -> MachineFacts:
    """The facts of this machine as it is now.

    `ssh_connection` is the variable SSH_CONNECTION (ssh(1)), where there is one. Raises MailsteadError when
    this is neither Debian 12 nor 13.
    """
    kernel_hostname = socket.gethostname()
    connections = _tcp_connections()
    listeners = [c for c in connections if c.peer is None]
    names = _process_names(c.pid for c in listeners)
    ports_held = {c.port: names.get(c.pid, "") for c in sorted(listeners, key=lambda c: -c.pid)}
    session = _ssh_session(ssh_connection)
    ssh_ports = sorted(
        {port for port, name in ports_held.items() if name in _SSH_SERVERS}
        | _configured_ssh_ports(Path("/etc/ssh"))
        | ({session.port} if session else set())
    )
    peers = [session.peer] if session else []
    peers += [c.peer for c in connections if c.peer and c.port in ssh_ports]
    return MachineFacts(
        release=_release(Path("/etc/os-release")),
        init="systemd" if Path("/run/systemd/system").is_dir() else "sysv",
        kernel_hostname=kernel_hostname,
        hostname=_full_name(kernel_hostname),
        addresses=_own_addresses(),
        has_ipv6=Path("/proc/net/if_inet6").exists() and _is_own("::1"),
        resolvers=_resolvers(Path("/etc/resolv.conf")),
        ssh_ports=tuple(ssh_ports),
        ssh_peers=tuple(dict.fromkeys(peer for peer in peers if not peer.is_loopback)),
        memory_bytes=psutil.virtual_memory().total,
        cores=len(os.sched_getaffinity(0)),
        ports_held=MappingProxyType(dict(sorted(ports_held.items()))),
        is_container=_is_container(),
        is_resolv_conf_replaceable=resolv_conf.is_replaceable(),
        address_clients=resolv_conf.address_clients(),
        can_filter_packets=can_filter_packets(),
    )


@dataclass(frozen=True)
class _SshSession:
    peer: IPAddress
    port: int


def _release(os_release: Path) -> Release:
    lines = os_release.read_text(encoding="utf-8", errors="replace").splitlines()
    values = {key: value.strip("'\"") for key, _, value in (line.partition("=") for line in lines)}
    for release in get_args(Release):
        if values.get("ID") == "debian" and values.get("VERSION_CODENAME") == release:
            return release  # type: ignore[no-any-return]
    raise MailsteadError(
        _("this is neither Debian 12 (bookworm) nor Debian 13 (trixie)"),
        tried=str(os_release),
        seen=clean(values.get("PRETTY_NAME", "no name of a system"), 80),
    )


def _full_name(hostname: str) -> str:
    if "." in hostname:
        return hostname.lower()
    found = _name_in_hosts(Path("/etc/hosts"), hostname) or _name_from_resolver(hostname)
    return (found or hostname).rstrip(".").lower()


def _name_in_hosts(hosts: Path, hostname: str) -> str | None:
    """The first name, the canonical one, of the line that holds the short name (hosts(5))."""
    for line in _lines(hosts):
        names = line.split("#", 1)[0].split()[1:]
        if hostname in names:
            return next((name for name in names if name.startswith(f"{hostname}.")), None)
    return None


def _name_from_resolver(hostname: str) -> str | None:
    found: list[str] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(hostname, None, flags=socket.AI_CANONNAME)[0][3])
        except OSError:
            return

    # getaddrinfo(3) has no time-out of its own; the thread is left behind where the DNS is silent.
    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(_DNS_PATIENCE)
    return next((name for name in found if name.startswith(f"{hostname}.")), None)


def _own_addresses() -> tuple[IPAddress, ...]:
    found = [
        _address(item.address)
        for items in psutil.net_if_addrs().values()
        for item in items
        if item.family in {socket.AF_INET, socket.AF_INET6}
    ]
    usable = {a for a in found if not (a.is_loopback or a.is_link_local or a.is_unspecified)}
    return tuple(sorted(usable, key=lambda a: (a.version, int(a))))


def _is_own(address: str) -> bool:
    return any(item.address == address for items in psutil.net_if_addrs().values() for item in items)


def _resolvers(resolv_conf: Path) -> tuple[IPAddress, ...]:
    found: list[IPAddress] = []
    for line in _lines(resolv_conf):
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                found.append(_address(words[1]))
            except ValueError:
                continue
    return tuple(dict.fromkeys(a for a in found if not (a.is_loopback or a.is_unspecified)))


@dataclass(frozen=True)
class _Connection:
    port: int
    peer: IPAddress | None
    """None where it listens."""
    pid: int
    """0 where the kernel doesn't tell."""


def _tcp_connections() -> list[_Connection]:
    try:
        found = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return []
    listening = [_Connection(c.laddr.port, None, c.pid or 0) for c in found if c.laddr and not c.raddr]
    established = [
        _Connection(c.laddr.port, _address(c.raddr.ip), c.pid or 0)
        for c in found
        if c.laddr and c.raddr and c.status == psutil.CONN_ESTABLISHED
    ]
    return listening + established


def _process_names(pids: Iterable[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for pid in {pid for pid in pids if pid}:
        try:
            names[pid] = clean(Path(f"/proc/{pid}/comm").read_bytes().strip(), 40)
        except OSError:
            continue
    return names


def _configured_ssh_ports(directory: Path) -> set[int]:
    """The ports of sshd_config(5), 22 where none is named; none at all where sshd isn't installed."""
    main = directory / "sshd_config"
    if not main.exists():
        return set()
    ports: set[int] = set()
    for path in (main, *sorted((directory / "sshd_config.d").glob("*.conf"))):
        for line in _lines(path):
            if found := _SSH_PORT.match(line):
                ports.add(int(found[1] or found[2]))
    return {port for port in ports if 0 < port < 65536} or {22}


def _ssh_session(ssh_connection: str | None) -> _SshSession | None:
    words = (ssh_connection or "").split()
    if len(words) != 4 or not words[3].isdigit() or not 0 < int(words[3]) < 65536:
        return None
    try:
        return _SshSession(_address(words[0]), int(words[3]))
    except ValueError:
        return None


def _address(text: str) -> IPAddress:
    """An address without its zone; IPv4 seen through an IPv6 socket is IPv4."""
    address = ipaddress.ip_address(text.split("%", 1)[0])
    return (address.version == 6 and address.ipv4_mapped) or address


def _is_container() -> bool:
    marks = ("/run/systemd/container", "/.dockerenv", "/run/.containerenv")
    if any(Path(mark).exists() for mark in marks):
        return True
    try:
        environment = Path("/proc/1/environ").read_bytes()
    except OSError:
        return False
    return any(entry.startswith(b"container=") for entry in environment.split(b"\0"))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
