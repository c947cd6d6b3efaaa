"""A control group of its own for each machine: systemds sharing one would stop each other's services."""

import contextlib
import os
import time
from pathlib import Path

from tests.lab.host import LabError


def unified_hierarchy() -> Path:
    """Where the cgroup v2 tree is mounted: alone, or beside v1 (cgroups(7)). Raises LabError without one."""
    for path in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        if (path / "cgroup.procs").exists() and not (path / "tasks").exists():
            return path
    raise LabError("no cgroup v2 hierarchy is mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified")


def entering(group: Path) -> tuple[str, ...]:
    """What to put before a command so that it runs in `group`, which is made here."""
    group.mkdir(parents=True, exist_ok=True)
    return ("/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group))


def kill(group: Path, timeout: float = 10) -> None:
    """Kills every process in `group` and below it, waits until they are gone, and removes the groups.

    Raises LabError when something is still there after `timeout` seconds.
    """
    if not group.exists():
        return
    (group / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + timeout
    while "populated 1" in (group / "cgroup.events").read_text():
        if time.monotonic() > deadline:
            raise LabError(f"processes in {group} are still there {timeout} s after SIGKILL")
        time.sleep(0.01)
    for tree in (group, *_beside(group)):
        for directory, _, _ in os.walk(tree, topdown=False):
            _remove_when_released(Path(directory), deadline)


def _beside(group: Path) -> list[Path]:
    """The same group in systemd's own v1 hierarchy, which systemd-nspawn keeps in step where there is one."""
    root = unified_hierarchy()
    return [root.parent / "systemd" / group.relative_to(root)] if root.name == "unified" else []


def _remove_when_released(directory: Path, deadline: float) -> None:
    # A group stays busy for a moment after its last process was reaped.
    while True:
        with contextlib.suppress(FileNotFoundError):
            try:
                directory.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
                continue
        return
