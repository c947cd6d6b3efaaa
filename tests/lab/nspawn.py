"""The systemd-nspawn command lines of the lab (systemd-nspawn(1)), and finding the init they started."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab.host import LabError, pip_directories

# systemd in the machine wants one cgroup v2 tree, also where this machine still has v1 beside it.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}

UNPRIVILEGED = (
    *("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"),
    *("net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"),
)
"""The capabilities that Docker, and with a shorter list Podman, leave to a container's root."""

_RUN = Path("/run/systemd/nspawn")
_GONE = (FileNotFoundError, ProcessLookupError)
"""What reading in /proc gives for a process that ended before it was opened, or in between (proc(5))."""

# Waiting makes the shell, as process 1, collect every orphan that ends.
_REAPER = ("/bin/sh", "-c", "while :; do sleep 3600 & wait; done")

_EVERYWHERE = ("--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off")


def building(root: Path, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Runs one command in `root` with this machine's network and resolver, for making an image."""
    options = [
        *_EVERYWHERE,
        "--as-pid2",
        "--pipe",
        f"--directory={root}",
        f"--machine={name}",
        "--bind-ro=/etc/resolv.conf",
        *_pip_binds(),
    ]
    variables = [f"--setenv={name}={value}" for name, value in environment.items()]
    return ["systemd-nspawn", *options, *variables, "--", *argv]


def booting(
    root: Path, name: str, hostname: str, namespace: Path, binds: Sequence[str], *, init: bool
) -> list[str]:
    """Boots `root` as the machine `name`, which calls itself `hostname`, in a prepared network namespace.

    Without `init`, process 1 only reaps its children, as in an ordinary container.
    """
    options = [
        *_EVERYWHERE,
        "--console=read-only",
        *(["--boot"] if init else []),
        f"--directory={root}",
        f"--machine={name}",
        f"--hostname={hostname}",
        f"--network-namespace-path={namespace}",
        "--capability=CAP_NET_ADMIN",
        *_pip_binds(),
        *(f"--bind={bind}" for bind in binds),
    ]
    return ["systemd-nspawn", *options, *([] if init else ["--", *_REAPER])]


def entering(pid: int, capabilities: Sequence[str] | None = None) -> tuple[str, ...]:
    """What to put before a command so that it runs in the machine whose process 1 is `pid` (nsenter(1)).

    It keeps no others than these capabilities, where they are named, and so do all its children.
    """
    enter = ("nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
    if capabilities is None:
        return enter
    kept = ",".join(("-all", *(f"+{capability}" for capability in capabilities)))
    return (*enter, "setpriv", f"--bounding-set={kept}", "--inh-caps=-all")


def first_process(nspawn_pid: int, timeout: float = 10) -> int:
    """The pid, on this machine, of the process that is 1 in the machine that `nspawn_pid` runs.

    Before it has become the machine's own program, its file system is not the machine's yet.
    Raises LabError when it does not appear within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for child in _children(nspawn_pid):
            if _innermost_pid(child) == "1" and _comm(child) != "systemd-nspawn":
                return child
        time.sleep(0.01)
    raise LabError(f"systemd-nspawn (pid {nspawn_pid}) started no machine within {timeout} s")


def forget(root: Path, name: str) -> None:
    """Removes what a killed systemd-nspawn leaves in /run."""
    with contextlib.suppress(OSError):
        (_RUN / "propagate" / name).rmdir()
    with contextlib.suppress(OSError):
        seen = root.stat()
        (_RUN / "locks" / f"inode-{seen.st_dev}:{seen.st_ino}").unlink()


def _pip_binds() -> list[str]:
    return [f"--bind-ro={directory}" for directory in pip_directories()]


def _children(pid: int) -> list[int]:
    try:
        lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except _GONE:
        return []
    return [int(child) for text in lists for child in text.split()]


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except _GONE:
        return "systemd-nspawn"


def _innermost_pid(pid: int) -> str:
    """The last number of NSpid in proc(5): what a process is called in its own namespace."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except _GONE:
        return ""
    numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return numbers[-1] if len(numbers) > 1 else ""
