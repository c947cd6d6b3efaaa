"""A DNS provider of the lab: PowerDNS on a machine of its own, changed by its HTTP interface alone."""

from dataclasses import dataclass

from tests.lab.machine import Machine

PORT = 8081
_DATABASE = "/var/lib/powerdns/zones.sqlite3"
_SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
_MAKE_DATABASE = """\
import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())
"""
_CONFIGURATION = """\
launch=gsqlite3
gsqlite3-database={database}
local-address=127.0.0.1
security-poll-suffix=
webserver=yes
webserver-address=0.0.0.0
webserver-port={port}
webserver-allow-from=0.0.0.0/0
api=yes
api-key={key}
"""


@dataclass(frozen=True)
class PowerDns:
    """The server, and what it holds."""

    machine: Machine
    key: str

    @classmethod
    def set_up(cls, machine: Machine, key: str) -> "PowerDns":
        """Starts it on a machine that has its packages; whoever knows the key may change every zone."""
        machine.run("python3", "-c", _MAKE_DATABASE, _DATABASE, _SCHEMA)
        machine.run("chown", "pdns:", _DATABASE)
        settings = _CONFIGURATION.format(database=_DATABASE, port=PORT, key=key)
        machine.write("/etc/powerdns/pdns.conf", settings, 0o644)
        machine.run("systemctl", "restart", "pdns")
        return cls(machine, key)

    @property
    def url(self) -> str:
        """Where its interface is."""
        return f"http://{self.machine.address}:{PORT}"

    def load(self, zone: str, *lines: str) -> None:
        """Makes a zone of these lines of a zone file, and nothing else."""
        head = f"@ 3600 IN SOA ns1.{zone}. hostmaster.{zone}. 1 10800 3600 604800 3600\n"
        text = f"$ORIGIN {zone}.\n{head}" + "".join(f"{line}\n" for line in lines)
        self.machine.write("/root/zone", text)
        self.machine.run("pdnsutil", "load-zone", zone, "/root/zone")

    def contents(self, zone: str) -> list[str]:
        """Every record of the zone, the count of changes aside, its fields one blank apart."""
        lines = self.machine.run("pdnsutil", "list-zone", zone).stdout.splitlines()
        return sorted(
            " ".join(line.split()) for line in lines if not line.startswith("$") and "\tSOA\t" not in line
        )
