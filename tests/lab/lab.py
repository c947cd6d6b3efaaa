"""A lab: a small internet with Debian machines, a DNS, a remote mail domain and outsiders."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from tests.lab import cgroups, cleanup, nspawn, store
from tests.lab.disk import Disk
from tests.lab.dns import Dns
from tests.lab.endpoint import Endpoint
from tests.lab.host import LabError
from tests.lab.images import image as find_image
from tests.lab.machine import Machine
from tests.lab.network import SUBNET, SUBNET6, Network
from tests.lab.recipes import PACKAGES, REPOSITORY
from tests.lab.remote import Remote
from tests.lab.ssh import SshKey

DOMAIN = "example.test"


class Lab:
    """Use it as a context manager: everything it made is gone after the block, also after SIGTERM.

    Several labs can run at the same time, in one process or in many.
    """

    def __init__(self) -> None:
        self.name = ""
        self._network = Network("")
        self._machines: dict[str, Machine] = {}
        self._outsiders: dict[str, Endpoint] = {}
        self._stack = ExitStack()
        self.dns = Dns("", Path(), Path())

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(_termination_unwinds())
            self.name = stack.enter_context(cleanup.claimed())
            self._network = Network(self.name)
            self._network.open()
            self.dns = Dns(self.name, self.directory / "dns", self._group / "dns")
            self.dns.open()
            stack.callback(self._stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def directory(self) -> Path:
        """Where this lab keeps its disks and logs."""
        return cleanup.directory_of(self.name)

    def boot(
        self,
        release: str,
        name: str,
        image: str = "plain",
        *,
        domain: str = DOMAIN,
        disk_mib: int | None = None,
    ) -> Machine:
        """A machine with systemd, called `name`.`domain` (`name` for an empty domain), with A, AAAA and PTR.

        Images: plain (a fresh Debian), packages (the mail server's packages, nothing started), program (those
        and Mailstead as the work tree is now). `disk_mib` limits what it can write.
        """
        return self._start(release, name, image, domain=domain, disk_mib=disk_mib)

    def container(
        self, release: str, name: str, image: str = "plain", *, is_privileged: bool = True
    ) -> Machine:
        """The same without an init system: only a sleeping process, and whatever tests start in there.

        Without privileges that has the capabilities which container engines give by default.
        """
        capabilities = None if is_privileged else nspawn.UNPRIVILEGED
        return self._start(release, name, f"container-{image}", has_init=False, capabilities=capabilities)

    def outsider(self, name: str) -> Endpoint:
        """Somebody else on the network, without a machine: only an address from which Python connects."""
        if name not in self._outsiders:
            number = self._network.take_number()
            namespace = f"{self.name}-{name}"
            self._network.attach(namespace, number)
            self._outsiders[name] = Endpoint(
                name, namespace, f"{SUBNET}.{number}", f"{SUBNET6}:{number}", self.dns.address_of
            )
        return self._outsiders[name]

    @property
    def attacker(self) -> Endpoint:
        """The outsider that means harm."""
        return self.outsider("attacker")

    @cached_property
    def remote(self) -> Remote:
        """The mail domain other.test on a machine of its own, booted when first asked for."""
        return Remote.set_up(self.boot("bookworm", "mx", "remote", domain="other.test"), self.dns)

    @cached_property
    def ssh_key(self) -> SshKey:
        """A key for logging in to machines over SSH, made when first asked for."""
        key = SshKey(self.directory / "ssh")
        key.make()
        return key

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The machines there are now."""
        return tuple(self._machines.values())

    def discard(self, machine: Machine) -> None:
        """Throws a machine away; its name and addresses can be used again."""
        machine.close()
        del self._machines[machine.name]
        self._network.give_back(machine.number)

    @contextlib.contextmanager
    def borrowed(self, machine: Machine) -> Iterator[Machine]:
        """The machine for the length of a block, and no longer."""
        try:
            yield machine
        finally:
            self.discard(machine)

    @cached_property
    def _trust_anchor(self) -> str:
        return self.dns.trust_anchor()

    @property
    def _group(self) -> Path:
        return cgroups.unified_hierarchy() / self.name

    def _start(
        self,
        release: str,
        name: str,
        image: str,
        *,
        domain: str = DOMAIN,
        disk_mib: int | None = None,
        has_init: bool = True,
        capabilities: tuple[str, ...] | None = None,
    ) -> Machine:
        if name in self._machines or name in self._outsiders:
            raise LabError(f"there is a {name} in this lab already")
        found = find_image(release, image)
        number = self._network.take_number()
        identity = f"{self.name}-{name}"
        address, address6 = f"{SUBNET}.{number}", f"{SUBNET6}:{number}"
        disk = Disk(self.directory / name)
        disk.open(found, disk_mib)
        disk.personalise(name, domain, address, self._trust_anchor)
        if image.endswith("program"):
            disk.install_program(REPOSITORY, PACKAGES)
        pip_cache = store.cache_directory() / "pip"
        pip_cache.mkdir(exist_ok=True)
        machine = Machine(
            name=name,
            namespace=identity,
            address=address,
            address6=address6,
            resolve=self.dns.address_of,
            release=release,
            hostname=name,
            disk=disk,
            group=self._group / identity,
            has_init=has_init,
            capabilities=capabilities,
            held=found.held,
            binds=(f"{pip_cache}:/root/.cache/pip",),
            number=number,
            _network=self._network,
        )
        self._machines[name] = machine
        try:
            if domain:
                self.dns.add_host(f"{name}.{domain}", address, address6)
            machine.start()
            machine.wait_until_up()
        except BaseException:
            self.discard(machine)
            raise
        return machine

    def _stop(self) -> None:
        cgroups.kill(self._group)
        self.dns.close()
        for machine in self.machines:
            machine.close()


@contextlib.contextmanager
def _termination_unwinds() -> Iterator[None]:
    """Makes SIGTERM end the process the way an exception does, so that a lab is taken away."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
