"""Network namespaces with names (ip-netns(8)), and running Python inside one of them."""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.lab.host import LabError

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def path(name: str) -> Path:
    """The file that stands for the namespace `name`."""
    return Path("/run/netns") / name


def add(name: str) -> None:
    """Makes a namespace whose loopback is up."""
    ip("netns", "add", name)
    ip("-n", name, "link", "set", "lo", "up")


def remove(name: str) -> None:
    """Takes a namespace and its interfaces away. None there is fine."""
    if path(name).exists():
        ip("netns", "delete", name)


def named(prefix: str) -> list[str]:
    """The namespaces whose names start with `prefix`."""
    return sorted(entry.name for entry in Path("/run/netns").glob(f"{prefix}*"))


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Sockets that this thread makes within the block belong to the namespace `name`, and stay there.

    Only the calling thread moves (setns(2)); name resolution still reads this machine's resolv.conf.
    """
    with Path("/proc/thread-self/ns/net").open() as home, path(name).open() as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def ip(*arguments: str) -> str:
    """What ip(8) prints. Raises LabError with its message if it fails."""
    return _output("ip", *arguments)


def nft(name: str | None, ruleset: str) -> None:
    """Loads an nft(8) ruleset in the namespace `name`, or in this machine's own for None."""
    entering = ["ip", "netns", "exec", name] if name else []
    _output(*entering, "nft", "-f", "-", text=ruleset)


def set_sysctl(name: str, value: str) -> None:
    """Writes a net.* setting of the namespace that the calling thread is in."""
    Path("/proc/sys", *name.split(".")).write_text(value)


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")


def _output(*argv: str, text: str = "") -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=text)
    if done.returncode:
        raise LabError(f"{' '.join(argv)} failed: {done.stderr.strip()}\n{text}")
    return done.stdout
