"""The DNS of the lab: Knot answers for its zones, Unbound resolves for its machines and forwards the rest."""

import contextlib
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import dns.exception
import dns.resolver

from tests.lab import cgroups, namespaces, network
from tests.lab.host import LabError, nameservers

ZONES = ("example.test", "other.test")
_REVERSE = "100.51.198.in-addr.arpa"
_REVERSE6 = ".".join(reversed("20010db801000000")) + ".ip6.arpa"
# Unbound answers these itself with "no such name" unless told not to (unbound.conf(5), local-zone).
_BLOCKED_BY_DEFAULT = ("test", _REVERSE, "8.b.d.0.1.0.0.2.ip6.arpa")

Records = dict[tuple[str, str], tuple[str, ...]]


@dataclass
class Dns:
    """The servers of one lab. A change counts at once: every TTL is 0, no answer may be kept."""

    lab: str
    directory: Path
    group: Path
    _zones: dict[str, Records] = field(default_factory=dict)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _serial: int = 1

    def open(self) -> None:
        """Starts both servers and waits until they answer."""
        self.directory.mkdir(parents=True)
        self._zones = {zone: {} for zone in (*ZONES, _REVERSE, _REVERSE6)}
        self._write_configuration()
        self._start("knotd", "-c", str(self._knot))
        self._start("unbound", "-d", "-c", str(self._unbound))
        self._wait_for_answer()

    def close(self) -> None:
        """Stops both servers."""
        cgroups.kill(self.group)
        for process in self._processes:
            process.wait()
        self._processes.clear()

    def set(self, zone: str, name: str, kind: str, *values: str) -> None:
        """Makes `values` the only records of that name and type; none removes them.

        `name` is relative to the zone, "@" the zone itself, or a full name within it. Values are as in a zone
        file, except that a TXT value without quotes is quoted and split as RFC 1035 wants it.
        """
        records = self._zones[zone]
        key = (_relative(name, zone), kind.upper())
        records.pop(key, None)
        if values:
            records[key] = tuple(_quoted(value) if kind.upper() == "TXT" else value for value in values)
        self._publish(zone)

    def remove(self, zone: str, name: str, kind: str) -> None:
        """Takes the records of that name and type away."""
        self.set(zone, name, kind)

    def load(self, zone: str, records: str) -> None:
        """Publishes the lines of a zone file without SOA, as they are, beside what is there."""
        for number, line in enumerate(line for line in records.splitlines() if line.strip()):
            self._zones[zone][(f";{self._serial}-{number}", "LINE")] = (line,)
        self._publish(zone)

    def add_zone(self, zone: str) -> None:
        """Starts to answer for one more zone."""
        self._zones.setdefault(zone, {})
        self._write_configuration()
        self._control("reload")
        self._processes[1].send_signal(1)
        self._wait_for_answer()

    def add_host(self, name: str, address: str, address6: str) -> None:
        """Publishes A, AAAA and both PTR records for a full name of one of the lab's zones."""
        zone = self.zone_of(name)
        if zone:
            self.set(zone, name, "A", address)
            self.set(zone, name, "AAAA", address6)
        self.set(_REVERSE, ip_address(address).reverse_pointer, "PTR", f"{name}.")
        self.set(_REVERSE6, ip_address(address6).reverse_pointer, "PTR", f"{name}.")

    def zone_of(self, name: str) -> str | None:
        """The lab's zone that a full name lies in, or None."""
        return next((zone for zone in self._zones if name == zone or name.endswith(f".{zone}")), None)

    def lookup(self, name: str, kind: str = "A") -> tuple[str, ...]:
        """What the lab's resolver answers, as zone file text; nothing if there is no such record."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [network.GATEWAY]
        resolver.timeout, resolver.lifetime = 0.5, 5
        with namespaces.inside(self.lab):
            try:
                return tuple(record.to_text() for record in resolver.resolve(name, kind, search=False))
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                return ()

    def address_of(self, host: str) -> str:
        """An IPv4 address for a name, or the address itself. Raises LabError for a name without one."""
        with contextlib.suppress(ValueError):
            return str(ip_address(host))
        found = self.lookup(host)
        if not found:
            raise LabError(f"{host} has no address in the lab's DNS")
        return found[0]

    def silent(self) -> AbstractContextManager[None]:
        """Within the block, nobody gets an answer."""
        return network.silence(self.lab)

    @property
    def _knot(self) -> Path:
        return self.directory / "knot.conf"

    @property
    def _unbound(self) -> Path:
        return self.directory / "unbound.conf"

    def _publish(self, zone: str) -> None:
        self._write_zone(zone)
        self._control("--blocking", "zone-reload", zone)

    def _write_zone(self, zone: str) -> None:
        self._serial += 1
        text = zone_file(zone, self._zones[zone], self._serial)
        (self.directory / f"{zone}.zone").write_text(text)

    def _write_configuration(self) -> None:
        for zone in self._zones:
            self._write_zone(zone)
        self._knot.write_text(knot_configuration(self.directory, self._zones))
        self._unbound.write_text(unbound_configuration(self.directory, self._zones, nameservers()))

    def _control(self, *arguments: str) -> None:
        argv = ["knotc", "-c", str(self._knot), *arguments]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"{' '.join(argv)} failed: {done.stdout}{done.stderr}")

    def _start(self, *argv: str) -> None:
        with (self.directory / f"{argv[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [*cgroups.entering(self.group), "ip", "netns", "exec", self.lab, *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)

    def _wait_for_answer(self, timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while True:
            try:
                if all(self.lookup(zone, "SOA") for zone in self._zones):
                    return
            except (dns.exception.DNSException, OSError):
                pass
            time.sleep(0.02)
            if time.monotonic() > deadline:
                logs = "".join(path.read_text()[-2000:] for path in self.directory.glob("*.log"))
                raise LabError(f"the lab's DNS does not answer for {', '.join(self._zones)}:\n{logs}")


def zone_file(zone: str, records: Mapping[tuple[str, str], Iterable[str]], serial: int) -> str:
    """A zone file (RFC 1035 section 5) with its SOA and NS, TTL 0."""
    lines = [
        f"$ORIGIN {zone}.",
        "$TTL 0",
        f"@ SOA ns.lab.test. hostmaster.lab.test. {serial} 3600 600 86400 0",
        "@ NS ns.lab.test.",
    ]
    for (name, kind), values in records.items():
        lines += [value if kind == "LINE" else f"{name} {kind} {value}" for value in values]
    return "\n".join(lines) + "\n"


def knot_configuration(directory: Path, zones: Iterable[str]) -> str:
    """knot.conf for these zones, read whole from their files at every reload."""
    listen = f"[{network.AUTHORITATIVE}@53, {network.AUTHORITATIVE6}@53]"
    lines = [
        f"server:\n    rundir: {directory}\n    listen: {listen}\n    udp-workers: 1\n    tcp-workers: 1",
        f"database:\n    storage: {directory}/db",
        "log:\n  - target: stderr\n    any: warning",
        f'template:\n  - id: default\n    storage: {directory}\n    file: "%s.zone"',
        "    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none",
        "zone:",
        *(f"  - domain: {zone}" for zone in zones),
    ]
    return "\n".join(lines) + "\n"


def unbound_configuration(directory: Path, zones: Iterable[str], forwarders: Iterable[str]) -> str:
    """unbound.conf: the lab's zones from Knot, everything else from this machine's own resolvers."""
    lines = [
        f'server:\n  directory: "{directory}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  use-syslog: no',
        f"  interface: {network.GATEWAY}\n  interface: {network.GATEWAY6}\n  verbosity: 0",
        f"  access-control: {network.SUBNET}.0/24 allow\n  access-control: {network.SUBNET6}:/64 allow",
        '  num-threads: 1\n  module-config: "iterator"\n  cache-max-ttl: 0\n  cache-max-negative-ttl: 0',
        "  infra-keep-probing: yes\n  infra-host-ttl: 1",
        *(f'  local-zone: "{zone}." nodefault' for zone in _BLOCKED_BY_DEFAULT),
        "remote-control:\n  control-enable: no",
        *(f'stub-zone:\n  name: "{zone}."\n  stub-addr: {network.AUTHORITATIVE}' for zone in zones),
    ]
    addresses = [f"  forward-addr: {address}" for address in forwarders]
    if addresses:
        lines += ['forward-zone:\n  name: "."', *addresses]
    return "\n".join(lines) + "\n"


def _relative(name: str, zone: str) -> str:
    name = name.removesuffix(".")
    if name == zone:
        return "@"
    return name.removesuffix(f".{zone}")


def _quoted(value: str) -> str:
    if value.startswith('"'):
        return value
    escaped = [value[start : start + 255] for start in range(0, len(value), 255)]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in escaped)
