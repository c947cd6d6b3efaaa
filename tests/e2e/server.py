"""What the tests of whole servers share: replays, their events, and what is on the machine."""

import hashlib
import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.machine import Machine

ADMIN = "admin@example.test"
RUNS = "/var/lib/mailstead/runs"
PROOFS = {
    "proof.port-587",
    "proof.port-465",
    "proof.dkim",
    "proof.relay",
    "proof.impostor",
    "proof.password",
}


@dataclass(frozen=True, repr=False)
class Replayed:
    """A replay, resume or rollback: its exit status and its events."""

    status: int
    events: tuple[dict[str, Any], ...]
    stderr: str

    def of(self, name: str) -> list[dict[str, Any]]:
        """The events of this name."""
        return [event for event in self.events if event["event"] == name]

    @property
    def proofs(self) -> dict[str, bool]:
        """Each part of the proof and how it came out."""
        return {event["id"]: event["ok"] for event in self.of("proved")}

    @property
    def is_proven(self) -> bool:
        """Whether the run ended well with every part of the proof."""
        return self.status == 0 and self.proofs == dict.fromkeys(PROOFS, True)

    def __repr__(self) -> str:
        told = [event for event in self.events if event["event"] not in {"intent", "outcome", "planned"}]
        return "\n".join([f"exit status {self.status}", *map(json.dumps, told), self.stderr])


def mailstead(
    machine: Machine, *arguments: str, timeout: float = 300, env: dict[str, str] | None = None
) -> Replayed:
    """A command with --json whose output is events."""
    done = machine.run("mailstead", *arguments, "--json", check=False, timeout=timeout, env=env)
    return Replayed(done.returncode, tuple(map(json.loads, done.stdout.splitlines())), done.stderr)


def quickstart(machine: Machine) -> Replayed:
    """The first run, without answers."""
    return mailstead(machine, "replay", "--quickstart")


def is_settled(machine: Machine) -> bool:
    """Whether a plan finds nothing to do."""
    return machine.run("mailstead", "plan", check=False).returncode == 0


def write_answers(machine: Machine, path: str = "/root/answers.toml", **changes: str) -> str:
    """An answers file for mail.example.test with lines changed: `smtp='smtp = { port = 2525 }'`."""
    names = ("--hostname", "mail.example.test", "--domain", "example.test", "--admin", ADMIN)
    text = machine.run("mailstead", "answers", "init", *names).stdout
    changes.setdefault("forward_to", 'forward_to = ["198.51.100.1"]')
    changes.setdefault("dnssec", "dnssec = false")
    lines = [changes.get(line.partition("=")[0].strip(), line) for line in text.splitlines()]
    machine.write(path, "\n".join(lines) + "\n", 0o600)
    return path


def with_clients(machine: Machine, **changes: str) -> str:
    """The same answers with the pages for mail programs switched on."""
    path = write_answers(machine, **changes)
    machine.run("sed", "-i", r"/^\[clients\]/,/^\[/s/^enabled = false/enabled = true/", path)
    return path


def secret(machine: Machine, name: str) -> str:
    """A password that Mailstead made."""
    return machine.read(f"/etc/mailstead/secrets/{name}").strip()


def tree(machine: Machine, top: str = "/etc") -> dict[str, tuple[Any, ...]]:
    """Everything below a directory: kind, mode, owners, and content or target."""
    base = machine.root / top.lstrip("/")
    return {str(path.relative_to(machine.root)): _entry(path) for path in sorted(base.rglob("*"))}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is otherwise, one line each."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _entry(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    whose = (oct(status.st_mode), status.st_uid, status.st_gid)
    if stat.S_ISLNK(status.st_mode):
        return (*whose, str(path.readlink()))
    if stat.S_ISREG(status.st_mode):
        return (*whose, hashlib.sha256(path.read_bytes()).hexdigest())
    return whose
