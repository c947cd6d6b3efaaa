"""A Debian machine of the lab: booted with systemd, or a container without an init system."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import cgroups, namespaces, nspawn
from tests.lab.disk import Disk
from tests.lab.endpoint import Endpoint
from tests.lab.host import LabError
from tests.lab.network import Network

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


class CommandFailed(LabError):
    """A command in a machine ended with another exit code than 0; the message has both its streams."""

    def __init__(self, machine: str, done: subprocess.CompletedProcess[str]) -> None:
        self.done = done
        super().__init__(
            f"{shlex.join(done.args)} on {machine} ended with {done.returncode}\n"
            f"--- stdout\n{done.stdout[-6000:]}\n--- stderr\n{done.stderr[-6000:]}"
        )


@dataclass
class Machine(Endpoint):
    """One machine, made by `Lab.boot` or `Lab.container`, thrown away by `Lab.discard` or with its lab."""

    release: str
    hostname: str
    disk: Disk = field(repr=False)
    group: Path = field(repr=False)
    has_init: bool
    capabilities: tuple[str, ...] | None = field(repr=False)
    """Those of the commands that run in there; None for all."""
    held: tuple[str, ...] = field(repr=False)
    binds: tuple[str, ...] = field(repr=False)
    number: int
    _network: Network = field(repr=False)
    _nspawn: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _pid: int | None = field(default=None, repr=False)

    @property
    def root(self) -> Path:
        """Where this machine sees the other's file system, without what is mounted in there (/run, /tmp)."""
        return self.disk.merged

    @property
    def pid(self) -> int:
        """The pid, outside, of the machine's first process. Raises LabError when the machine is off."""
        if self._nspawn is None or self._nspawn.poll() is not None:
            raise LabError(f"{self.name} is not running:\n{self.console()[-2000:]}")
        if self._pid is None or not Path(f"/proc/{self._pid}").exists():
            self._pid = nspawn.first_process(self._nspawn.pid)
        return self._pid

    @property
    def is_running(self) -> bool:
        """Whether the machine is on."""
        return self._nspawn is not None and self._nspawn.poll() is None

    def start(self) -> None:
        """Switches the machine on, with its disk as it is and a fresh network stack. Does not wait."""
        if self.is_running:
            raise LabError(f"{self.name} is running already")
        self._network.detach(self.namespace, self.number)
        self._network.attach(self.namespace, self.number)
        namespace = namespaces.path(self.namespace)
        command = nspawn.booting(
            self.root, self.group.name, self.hostname, namespace, self.binds, init=self.has_init
        )
        with self._console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                [*cgroups.entering(self.group), *command],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=nspawn.ENVIRONMENT,
                start_new_session=True,
            )
        self._pid = None

    def wait_until_up(self, timeout: float = 60) -> None:
        """Waits until systemd says `running`; until commands run, where there is no systemd.

        Raises LabError when units have failed, or after `timeout` seconds, with the end of the console.
        """
        deadline = time.monotonic() + timeout
        probe = ["systemctl", "is-system-running"] if self.has_init else ["echo", "running"]
        seen = "nothing"
        while time.monotonic() < deadline:
            if not self.is_running:
                raise LabError(f"{self.name} stopped while starting:\n{self.console()[-2000:]}")
            seen = self.run(*probe, check=False).stdout.strip()
            if seen == "running":
                return self._release_services()
            if seen == "degraded":
                failed = self.run("systemctl", "--failed", "--no-legend", "--plain", check=False).stdout
                raise LabError(f"{self.name} is degraded:\n{failed}")
            time.sleep(0.05)
        raise LabError(f"{self.name} says {seen!r} after {timeout} s:\n{self.console()[-2000:]}")

    def run(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 - the name subprocess.run gives it
        check: bool = True,
        timeout: float = 120,
        env: Mapping[str, str] | None = None,
        cwd: str = "/root",
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command as root and waits. `env` is added to a login's plain environment.

        Raises CommandFailed for another exit code than 0 unless `check` is False. After `timeout` seconds the
        command and its children are killed, and subprocess.TimeoutExpired is raised.
        """
        process = self.spawn(
            *argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE
        )
        try:
            stdout, stderr = process.communicate(input, timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        done = subprocess.CompletedProcess(list(argv), process.returncode, stdout, stderr)
        if check and done.returncode:
            raise CommandFailed(self.name, done)
        return done

    def spawn(
        self, *argv: str, env: Mapping[str, str] | None = None, cwd: str = "/root", **popen: Any
    ) -> subprocess.Popen[str]:
        """Starts a command as root, in a session of its own, and returns at once.

        Streams are text pipes unless `popen` says otherwise. The pid is that of nsenter(1), which passes on
        neither signals nor its death: use `os.killpg(process.pid, …)`, or kill by the pid inside.
        """
        options: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "start_new_session": True,
        }
        return subprocess.Popen(
            [*nspawn.entering(self.pid, self.capabilities), "env", "-C", cwd, *argv],
            **(options | popen),
            env={**_ENVIRONMENT, **(env or {})},
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Writes a file of root's, with the directories above it."""
        self.run("install", "-D", "-m", f"{mode:o}", "/dev/stdin", path, input=text)

    def read(self, path: str) -> str:
        """The text of a file. Raises CommandFailed when it is not there."""
        return self.run("cat", path).stdout

    def exists(self, path: str) -> bool:
        """Whether there is something at that path."""
        return self.run("test", "-e", path, check=False).returncode == 0

    def copy(self, source: Path, target: str) -> None:
        """Copies a file or a whole directory from this machine to `target`, which must not exist yet."""
        place = self.root / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "--no-preserve=ownership", str(source), str(place)], check=True)

    def wait_for(self, *argv: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Runs a command until it succeeds. Raises CommandFailed with the last try after `timeout` s."""
        deadline = time.monotonic() + timeout
        while True:
            done = self.run(*argv, check=False)
            if done.returncode == 0:
                return done
            if time.monotonic() > deadline:
                raise CommandFailed(self.name, done)
            time.sleep(0.1)

    def journal(self, *options: str) -> str:
        """What journalctl(1) shows of this boot."""
        return self.run("journalctl", "--no-pager", "--boot", *options).stdout

    def console(self) -> str:
        """What the machine printed on its console since it was made."""
        return self._console.read_text(errors="replace") if self._console.exists() else ""

    def poweroff(self, timeout: float = 60) -> None:
        """Shuts down as an administrator would, and waits. The disk stays; `start` switches it on again."""
        if self.has_init:
            self.run("systemctl", "poweroff", check=False)
            assert self._nspawn is not None
            self._nspawn.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """Pulls the plug. The disk stays; `start` switches it on again."""
        cgroups.kill(self.group)
        if self._nspawn is not None:
            self._nspawn.wait()
        nspawn.forget(self.root, self.group.name)

    def reboot(self, timeout: float = 60) -> None:
        """Shuts down, starts, and waits until everything is up."""
        self.poweroff(timeout)
        self.start()
        self.wait_until_up(timeout)

    def close(self) -> None:
        """Throws the machine away, with its disk and its addresses."""
        self.kill()
        self._network.detach(self.namespace, self.number)
        self.disk.close()

    @property
    def _console(self) -> Path:
        return self.disk.directory / "console.log"

    def _release_services(self) -> None:
        held, self.held = self.held, ()
        for dropin in held:
            (self.root / dropin.lstrip("/")).unlink(missing_ok=True)
        if held and self.has_init:
            self.run("systemctl", "daemon-reload")
