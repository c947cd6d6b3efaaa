"""Debian packages, by dpkg-query and apt-get; services that packages bring stay down while they install."""

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from backends.errors import CommandFailed, MailsteadError
from backends.machine import files
from backends.machine.run import Completed, run
from backends.text import clean_lines

LOCK_WAIT = 300
"""Seconds to wait while another program (unattended-upgrades, a person) holds apt's or dpkg's lock."""

_INSTALL_TIMEOUT = 1800.0
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_KEPT = Path("/usr/sbin/policy-rc.d.kept-by-mailstead")
_POLICY_MARK = b"# Written by Mailstead while packages install; removed afterwards.\n"
_POLICY_SCRIPT = b"#!/bin/sh\n" + _POLICY_MARK + b'case " $* " in *" stop "*) exit 0 ;; esac\nexit 101\n'
"""Stopping is allowed: a package that goes must be able to end what it started."""
_LISTS = Path("/var/lib/apt/lists")


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
    answer = run(["apt-get", "-s", "--no-install-recommends", "install", *names], check=False)
    return tuple(re.findall(r"^Remv (\S+)", answer.text, re.MULTILINE))


def install(names: Sequence[str], preseed: str = "") -> None:
    """Install packages without their recommendations and without starting what they bring.

    `preseed` holds debconf answers (debconf-set-selections(1)). Finishes an interrupted dpkg run first.
    Existing configuration files are kept. Raises CommandFailed with apt's words.
    """
    with starts_held_back():
        _finish_interrupted()
        if preseed:
            run(["debconf-set-selections"], stdin=preseed.encode())
        if not any(_LISTS.glob("*_Packages*")):
            _update_lists()
        first = _apt_install(names, check=False)
        if not first.is_ok:
            if _is_locked(first):
                raise _lock_error(first)
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


def _finish_interrupted() -> None:
    if run(["dpkg", "--audit"], check=False).stdout.strip():
        run(["dpkg", "--force-confold", "--configure", "-a"], timeout=_INSTALL_TIMEOUT)


def _apt_install(names: Sequence[str], *, check: bool) -> Completed:
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
                "apt can't fetch the package lists",
                tried="apt-get update",
                seen=answer.complaint(),
                next_step="look at the network, DNS and /etc/apt/sources.list, then run it again",
            )
        time.sleep(2)


def _is_locked(answer: Completed) -> bool:
    words = (b"Could not get lock", b"Unable to lock", b"Unable to acquire the dpkg frontend lock")
    return any(word in answer.stderr for word in words)


def _lock_error(answer: Completed) -> MailsteadError:
    return CommandFailed(
        f"another program held apt's lock for more than {LOCK_WAIT} seconds",
        tried=" ".join(answer.argv),
        seen=clean_lines(answer.stdout[-300:].strip() or answer.stderr.strip()),
        next_step="let it finish (ps shows it), then: mailstead resume",
    )
