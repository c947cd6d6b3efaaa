"""Debian packages, by dpkg-query and apt-get; services that packages bring stay down while they install."""

import contextlib
import fcntl
import os
import re
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.errors import CommandFailed, MailsteadError
from backends.language import _
from backends.machine import files
from backends.machine.run import Completed, run
from backends.text import clean

LOCK_WAIT = 300
"""Seconds to wait while another program (unattended-upgrades, a person) holds apt's or dpkg's lock."""

_ASK_AGAIN = 0.5
"""Seconds between two looks at a lock."""

_INSTALL_TIMEOUT = 1800.0
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_KEPT = Path("/usr/sbin/policy-rc.d.kept-by-mailstead")
_POLICY_MARK = b"# Written by Mailstead while packages install; removed afterwards.\n"
_POLICY_SCRIPT = b"#!/bin/sh\n" + _POLICY_MARK + b'case " $* " in *" stop "*) exit 0 ;; esac\nexit 101\n'
"""Stopping is allowed: a package that goes must be able to end what it started."""
_LISTS = Path("/var/lib/apt/lists")
_STATUS = Path("/var/lib/dpkg/status")
_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock")
_FLOCK = "hhqqi"
"""struct flock (fcntl(2)): type, whence, start, length, process."""


@dataclass(frozen=True)
class LockHolder:
    """A process that keeps apt or dpkg from working; its name is cleaned, and empty where it is not seen."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.pid} {self.name}".strip()


def installed_versions(names: Sequence[str]) -> dict[str, str]:
    """The version of each of these packages that is fully installed; the others are left out."""
    if not names:
        return {}
    answer = run(
        ["dpkg-query", "-W", "-f", "${Package}\t${db:Status-Status}\t${Version}\n", *names], check=False
    )
    rows = (line.split("\t") for line in answer.text.splitlines() if line.count("\t") == 2)
    return {name: version for name, status, version in rows if status == "installed"}


def would_remove(names: Sequence[str]) -> tuple[str, ...]:
    """The installed packages that apt would take away to install these; simulated, nothing changes."""
    return _simulated(tuple(names), _STATUS.stat().st_mtime_ns if _STATUS.exists() else 0)


@cache
def _simulated(names: tuple[str, ...], _as_of: int) -> tuple[str, ...]:
    """Remembered as long as nothing was installed: apt takes a second to think."""
    answer = run(["apt-get", "-s", "--no-install-recommends", "install", *names], check=False)
    return tuple(re.findall(r"^Remv (\S+)", answer.text, re.MULTILINE))


def lock_holder() -> LockHolder | None:
    """The process that holds a lock that apt or dpkg needs; None when they are free."""
    for path in _LOCKS:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
        finally:
            os.close(descriptor)
        if kind != fcntl.F_UNLCK:
            return LockHolder(pid, _name_of(pid))
    return None


def install(names: Sequence[str], preseed: str = "") -> None:
    """Install packages without their recommendations and without starting what they bring.

    `preseed` holds debconf answers (debconf-set-selections(1)). Finishes an interrupted dpkg run first.
    Existing configuration files are kept. Afterwards systemd has to read its units anew. Raises CommandFailed
    with apt's words.
    """
    _wait_for_locks()
    with starts_held_back():
        _finish_interrupted()
        if preseed:
            run(["debconf-set-selections"], stdin=preseed.encode())
        if not any(_LISTS.glob("*_Packages*")):
            _update_lists()
        first = _apt_install(names, check=False)
        if not first.is_ok:
            if _is_locked(first):
                raise _lock_error(first.complaint())
            _update_lists()
            _apt_install(names, check=True)


@contextlib.contextmanager
def starts_held_back() -> Iterator[None]:
    """While inside, no maintainer script starts a service (policy-rc.d, invoke-rc.d(8))."""
    let_starts_go()
    if _POLICY.exists():
        _POLICY.rename(_POLICY_KEPT)
    files.write_atomically(_POLICY, _POLICY_SCRIPT, mode=0o755)
    try:
        yield
    finally:
        let_starts_go()


def let_starts_go() -> None:
    """Take our policy-rc.d away, also one that a killed run left, and bring back the one that was there."""
    if _POLICY.is_file() and _POLICY_MARK in _POLICY.read_bytes():
        files.remove(_POLICY)
    if _POLICY_KEPT.exists() and not _POLICY.exists():
        _POLICY_KEPT.rename(_POLICY)


def _wait_for_locks() -> None:
    give_up = time.monotonic() + LOCK_WAIT
    while holder := lock_holder():
        if time.monotonic() > give_up:
            raise _lock_error(f"it is held by {holder}")
        time.sleep(_ASK_AGAIN)


def _name_of(pid: int) -> str:
    try:
        return clean(Path(f"/proc/{pid}/comm").read_text(errors="replace").strip())
    except OSError:
        return ""


def _finish_interrupted() -> None:
    if run(["dpkg", "--audit"], check=False).stdout.strip():
        run(["dpkg", "--force-confold", "--configure", "-a"], timeout=_INSTALL_TIMEOUT)


def _apt_install(names: Sequence[str], *, check: bool) -> Completed:
    """Where nothing has to be stopped, systemctl does not talk to systemd meanwhile (its ENVIRONMENT.md).

    Each package would have all units read anew, a second a time.
    """
    is_offline = "0" if would_remove(names) else "1"
    return run(
        [
            "apt-get",
            "install",
            "--yes",
            "--quiet",
            "--no-install-recommends",
            f"-oDPkg::Lock::Timeout={LOCK_WAIT}",
            "-oDpkg::Use-Pty=0",
            "-oDpkg::Options::=--force-confdef",
            "-oDpkg::Options::=--force-confold",
            *names,
        ],
        timeout=_INSTALL_TIMEOUT,
        environment={
            "NEEDRESTART_SUSPEND": "1",
            "APT_LISTCHANGES_FRONTEND": "none",
            "UCF_FORCE_CONFFOLD": "1",
            "SYSTEMD_OFFLINE": is_offline,
        },
        check=check,
    )


def _update_lists() -> None:
    """Fetch the package lists; the lists' lock has no time-out of its own, so it is waited for here."""
    give_up = time.monotonic() + LOCK_WAIT
    while True:
        answer = run(["apt-get", "update", "--quiet"], timeout=_INSTALL_TIMEOUT, check=False)
        if answer.is_ok:
            return
        if not _is_locked(answer) or time.monotonic() > give_up:
            raise CommandFailed(
                _("apt can't fetch the package lists"),
                tried="apt-get update",
                seen=answer.complaint(),
                next_step=_("look at the network, DNS and /etc/apt/sources.list, then run it again"),
            )
        time.sleep(2)


def _is_locked(answer: Completed) -> bool:
    words = (b"Could not get lock", b"Unable to lock", b"Unable to acquire the dpkg frontend lock")
    return any(word in answer.stderr for word in words)


def _lock_error(seen: str) -> MailsteadError:
    return CommandFailed(
        _("another program held apt's lock for more than {lock_wait} seconds").format(lock_wait=LOCK_WAIT),
        tried="apt-get install",
        seen=seen,
        next_step=_("let it finish (ps shows it), then: mailstead resume"),
    )
