"""The DNS of the lab: Knot is the root and serves the zones, Unbound resolves for the machines."""

import contextlib
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import dns.dnssec
import dns.exception
import dns.name
import dns.rdtypes.ANY.DNSKEY
import dns.resolver

from tests.lab import cgroups, namespaces, network
from tests.lab.host import LabError, package_hosts
from tests.lab.priority import ahead
from tests.lab.second_dns import SecondServer
from tests.lab.zones import VERBATIM, Records, quoted, relative, root_file, root_servers, zone_file

ZONES = ("example.test", "other.test")
_REVERSE = "100.51.198.in-addr.arpa"
_REVERSE6 = ".".join(reversed("20010db801000000")) + ".ip6.arpa"

# Unbound answers these itself with "no such name" unless told not to (unbound.conf(5), local-zone).
_BLOCKED_BY_DEFAULT = ("test", _REVERSE, "8.b.d.0.1.0.0.2.ip6.arpa")

_SECURE_ENTRY_POINT = 1  # the flag of a key that DS records are made from (RFC 4034 section 2.1.1)

UNBLOCKING = "server:\n" + "".join(f'  local-zone: "{zone}." nodefault\n' for zone in _BLOCKED_BY_DEFAULT)
"""What a machine's own Unbound needs in its configuration to see zones that are for documentation.""" ""


@dataclass
class Dns:
    """The servers of one lab, at the addresses of the world's root servers and of two of its own.

    A resolver that starts from the root, as a mail server's should, finds the lab's zones and the hosts that
    apt and pip fetch from, and nothing else. A change counts at once: every TTL that matters is 0.
    """

    lab: str
    directory: Path
    group: Path
    _zones: dict[str, Records] = field(default_factory=dict)
    _signers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _outside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _updates: dict[str, str] = field(default_factory=dict)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _serial: int = 1

    def open(self) -> None:
        """Starts both servers and waits until they answer."""
        (self.directory / "db").mkdir(parents=True)
        self._zones = {zone: {} for zone in (*ZONES, _REVERSE, _REVERSE6)}
        self._outside = package_hosts()
        network.add_addresses(self.lab, [address for one in root_servers().values() for address in one])
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
        key = (relative(name, zone), kind.upper())
        records.pop(key, None)
        if values:
            records[key] = tuple(quoted(value) if kind.upper() == "TXT" else value for value in values)
        self._publish(zone)

    def remove(self, zone: str, name: str, kind: str) -> None:
        """Takes the records of that name and type away."""
        self.set(zone, name, kind)

    def load(self, zone: str, text: str) -> None:
        """Publishes a zone file without SOA and NS, as it is, beside what is there; an earlier one goes."""
        self._zones[zone][(zone, VERBATIM)] = (text,)
        self._publish(zone)

    def clear(self, zone: str) -> None:
        """Takes every record of a zone away."""
        self._zones[zone].clear()
        self._publish(zone)

    def add_zone(self, zone: str) -> None:
        """Starts to answer for one more zone."""
        self._zones.setdefault(zone, {})
        self._reconfigure()

    def sign(self, zone: str) -> None:
        """Signs a zone (RFC 9364), and says so above it: from now on its answers can be validated."""
        self._signers[zone] = ()
        self._reconfigure()
        keys = self._wait_for_keys(zone)
        above = dns.name.from_text(zone)
        self._signers[zone] = tuple(dns.dnssec.make_ds(above, key, "SHA256").to_text() for key in keys)
        self._reconfigure()

    def unsign(self, zone: str) -> None:
        """Takes the signatures away again."""
        self._signers.pop(zone)
        self._reconfigure()

    def accept_updates(self, zone: str, secret: str) -> None:
        """Takes DNS UPDATE (RFC 2136) for a zone, signed with the key `update`, HMAC-SHA256."""
        self._updates[zone] = secret
        self._reconfigure()

    def trust_anchor(self) -> str:
        """The root's public keys, as the file root.key of Debian's package dns-root-data holds them."""
        return "".join(f". 3600 IN DNSKEY {key.to_text()}\n" for key in self._wait_for_keys("."))

    def add_host(self, name: str, address: str, address6: str) -> None:
        """Publishes A, AAAA and both PTR records for a full name, the first two in the lab's zones only."""
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
        return tuple(record.to_text() for record in self._ask(name, kind))

    def address_of(self, host: str) -> str:
        """An IPv4 address for a name, or the address itself. Raises LabError for a name without one."""
        with contextlib.suppress(ValueError):
            return str(ip_address(host))
        found = self.lookup(host)
        if not found:
            raise LabError(f"{host} has no address in the lab's DNS")
        return found[0]

    def silent(self, address: str = "") -> AbstractContextManager[None]:
        """Within the block, nobody gets an answer; or only none from the server at this address."""
        return network.silence(self.lab, address)

    def second(self, *, is_empty: bool = False) -> SecondServer:
        """Within the block there is a second name server, `ns2.lab.test`, with the zones as they are now."""
        group = self.group.with_name(f"{self.group.name}2")
        return SecondServer(self.lab, self.directory / "second", group, self._zones, is_empty=is_empty)

    @property
    def _knot(self) -> Path:
        return self.directory / "knot.conf"

    @property
    def _unbound(self) -> Path:
        return self.directory / "unbound.conf"

    def _ask(self, name: str, kind: str) -> list[dns.rdata.Rdata]:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [network.GATEWAY]
        resolver.timeout, resolver.lifetime = 0.5, 5
        with namespaces.inside(self.lab):
            try:
                return list(resolver.resolve(name, kind, search=False))
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                return []

    def _publish(self, zone: str) -> None:
        self._write_zone(zone)
        self._control("--blocking", "zone-reload", zone)

    def _write_zone(self, zone: str) -> None:
        # Signing counts the serial up too, so that ours takes longer steps.
        self._serial += 1000
        (self.directory / f"{zone}.zone").write_text(zone_file(zone, self._zones[zone], self._serial))

    def _reconfigure(self) -> None:
        self._write_configuration()
        self._control("reload")
        self._control("--blocking", "zone-reload")
        self._wait_for_answer()

    def _write_configuration(self) -> None:
        for zone in self._zones:
            self._write_zone(zone)
        self._serial += 1000
        root = root_file(self._zones, self._signers, self._outside, self._serial)
        (self.directory / "root.zone").write_text(root)
        self._knot.write_text(knot_configuration(self.directory, self._zones, self._signers, self._updates))
        self._unbound.write_text(unbound_configuration(self.directory))

    def _control(self, *arguments: str) -> None:
        argv = ["knotc", "-c", str(self._knot), *arguments]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        if done.returncode:
            raise LabError(f"{' '.join(argv)} failed: {done.stdout}{done.stderr}\n{self._logs()}")

    def _start(self, *argv: str) -> None:
        with (self.directory / f"{argv[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [*cgroups.entering(self.group), *ahead(), "ip", "netns", "exec", self.lab, *argv],
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
                if all(self._ask(zone, "SOA") for zone in (*self._zones, ".")):
                    return
            except (dns.exception.DNSException, OSError):
                pass
            time.sleep(0.02)
            if time.monotonic() > deadline:
                raise LabError(f"the lab's DNS does not answer for its zones:\n{self._logs()}")

    def _wait_for_keys(self, zone: str, timeout: float = 20) -> list[dns.rdtypes.ANY.DNSKEY.DNSKEY]:
        """The keys of a zone that its DS records are made from."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            keys = [
                key for key in self._ask(zone, "DNSKEY") if isinstance(key, dns.rdtypes.ANY.DNSKEY.DNSKEY)
            ]
            signers = [key for key in keys if key.flags & _SECURE_ENTRY_POINT]
            if signers:
                return signers
            time.sleep(0.05)
        raise LabError(f"the zone {zone} is not signed:\n{self._logs()}")

    def _logs(self) -> str:
        return "".join(path.read_text()[-2000:] for path in self.directory.glob("*.log"))


def knot_configuration(
    directory: Path, zones: Iterable[str], signed: Iterable[str], updates: Mapping[str, str]
) -> str:
    """knot.conf: these zones and the root, read from their files at every reload, the root always signed.

    `updates` are the secrets of the keys that may change a zone.
    """
    own = [network.AUTHORITATIVE, network.AUTHORITATIVE6]
    roots = [address for addresses in root_servers().values() for address in addresses]
    listen = ", ".join(f"{address}@53" for address in (*own, *roots))
    lines = [
        f"server:\n    rundir: {directory}\n    listen: [{listen}]\n    udp-workers: 1\n    tcp-workers: 1",
        f"database:\n    storage: {directory}/db",
        "log:\n  - target: stderr\n    any: warning",
        *(
            f"key:\n  - id: update\n    algorithm: hmac-sha256\n    secret: {each}"
            for each in updates.values()
        ),
        f"acl:\n  - id: copies\n    address: {network.SUBNET}.0/24\n    action: transfer",
        *("  - id: update\n    key: update\n    action: update" for _each in updates),
        "policy:\n  - id: short\n    algorithm: ecdsap256sha256\n    ksk-lifetime: 0\n    zsk-lifetime: 0",
        f'template:\n  - id: default\n    storage: {directory}\n    file: "%s.zone"',
        "    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none",
        "    dnssec-policy: short",
        'zone:\n  - domain: .\n    file: "root.zone"\n    dnssec-signing: on',
    ]
    lines += [
        f"  - domain: {zone}"
        + ("\n    dnssec-signing: on" if zone in signed else "")
        + ("\n    acl: [copies, update]" if zone in updates else "\n    acl: copies")
        for zone in zones
    ]
    return "\n".join(lines) + "\n"


def unbound_configuration(directory: Path) -> str:
    """unbound.conf of a resolver that starts from the lab's root, and validates nothing itself."""
    lines = [
        f'server:\n  directory: "{directory}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n  use-syslog: no',
        f"  interface: {network.GATEWAY}\n  interface: {network.GATEWAY6}\n  verbosity: 0",
        f"  access-control: {network.SUBNET}.0/24 allow\n  access-control: {network.SUBNET6}:/64 allow",
        '  num-threads: 1\n  module-config: "iterator"\n  infra-keep-probing: yes\n  infra-host-ttl: 1',
        UNBLOCKING.removeprefix("server:\n").rstrip(),
        "remote-control:\n  control-enable: no",
        f'stub-zone:\n  name: "."\n  stub-addr: {network.AUTHORITATIVE}',
    ]
    return "\n".join(lines) + "\n"
