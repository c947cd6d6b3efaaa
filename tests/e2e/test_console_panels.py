"""The console's keys on real servers: what a person does there really happens."""

import imaplib
import json
import os
import pty
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.e2e import console_inside
from tests.e2e.server import quickstart
from tests.lab.lab import Lab
from tests.lab.machine import Machine

_INSIDE = "/root/console_inside.py"
_WATCHED = 60.0
"""Seconds that an idle console is looked at."""
_LOADING = 0.15
"""Seconds of a processor, of one second: more than a look every five seconds costs."""


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A proven mail server with the driver on it."""
    with lab.borrowed(lab.boot(release, "mail", image="program")) as machine:
        first = quickstart(machine)
        assert first.is_proven, str(first)
        machine.write(_INSIDE, Path(console_inside.__file__).read_text())
        yield machine


def press(machine: Machine, *words: str, typed: str = "") -> dict[str, Any]:
    """Let a person do it in the console on the machine, and type this; gives what was said."""
    done = machine.run(
        "/opt/mailstead/venv/bin/python",
        _INSIDE,
        *words,
        input=typed,
        env={"TERM": "xterm-256color", "SUDO_USER": "anna"},
        timeout=200,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def can_log_in(lab: Lab, machine: Machine, address: str, password: str) -> bool:
    """Whether IMAP lets this owner in, from outside."""
    with lab.outsider("friend").imaps(machine.address) as session:
        try:
            return bool(session.login(address, password)[0] == "OK")
        except imaplib.IMAP4.error:
            return False


def last_audit(machine: Machine) -> dict[str, Any]:
    """The newest line of the audit log."""
    line: dict[str, Any] = json.loads(machine.read("/var/log/mailstead/audit.log").splitlines()[-1])
    return line


@contextmanager
def open_console(machine: Machine) -> Iterator[int]:
    """`mailstead` in a terminal of the machine; gives its pid there."""
    ours, theirs = pty.openpty()
    process = machine.spawn(
        "mailstead", stdin=theirs, stdout=theirs, stderr=theirs, env={"TERM": "xterm-256color"}
    )
    os.close(theirs)
    reader = Thread(target=_read_all, args=(ours,), daemon=True)
    reader.start()
    try:
        found = machine.wait_for("pgrep", "-f", "bin/mailstead$").stdout.split()
        yield int(found[0])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        machine.run("pkill", "-KILL", "-f", "bin/mailstead$", check=False)
        process.wait()
        os.close(ours)


def _read_all(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:
        return


def cpu_seconds(machine: Machine, pid: int) -> float:
    """What a process and its children that ended have used of a processor (proc_pid_stat(5))."""
    fields = machine.read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(machine: Machine, pid: int, timeout: float = 60) -> None:
    """Until the first looks, which load everything, are over: for three seconds hardly anything is used."""
    deadline = time.monotonic() + timeout
    used = [_LOADING]
    while max(used[-3:]) >= _LOADING or len(used) < 4:
        assert time.monotonic() < deadline, f"the console does not come to rest: {used}"
        before = cpu_seconds(machine, pid)
        time.sleep(1)
        used.append(cpu_seconds(machine, pid) - before)


def test_an_idle_console_costs_less_than_two_percent_of_a_core(server: Machine) -> None:
    with open_console(server) as pid:
        server.wait_for("grep", "-q", "postfix.service", "/var/lib/mailstead/health.json")
        wait_until_idle(server, pid)
        before = cpu_seconds(server, pid)

        time.sleep(_WATCHED)

        used = (cpu_seconds(server, pid) - before) / _WATCHED
    assert 0 < used < 0.02


def test_a_mailbox_is_made_suspended_resumed_changed_and_deleted(lab: Lab, server: Machine) -> None:
    dora, first, second = "dora@example.test", "tidal-umbrella-cactus-97", "velvet-anchor-biscuit-41"

    press(server, "new", dora, typed=first)
    assert can_log_in(lab, server, dora, first)

    press(server, "suspend", dora)
    assert not can_log_in(lab, server, dora, first)
    audit = last_audit(server)
    assert (audit["user"], audit["command"], audit["status"]) == ("anna", ["account", "disable", dora], 0)

    press(server, "suspend", dora)
    assert can_log_in(lab, server, dora, first)

    press(server, "password", dora, typed=second)
    assert not can_log_in(lab, server, dora, first)
    assert can_log_in(lab, server, dora, second)
    words = ["grep", "-rlE", f"{first}|{second}", "/var/log", "/var/lib/mailstead"]
    assert server.run(*words, check=False).stdout == ""

    press(server, "delete", dora)
    assert not can_log_in(lab, server, dora, second)
    assert dora not in server.run("mailstead", "account", "list").stdout


def test_suspending_ends_the_connections_there_are(lab: Lab, server: Machine) -> None:
    address, password = "erin@example.test", "tidal-umbrella-cactus-97"
    press(server, "new", address, typed=password)
    session = lab.outsider("friend").imaps(server.address)
    session.login(address, password)
    assert session.noop()[0] == "OK"

    press(server, "suspend", address)

    with pytest.raises(imaplib.IMAP4.abort):
        session.noop()
    session.shutdown()


def test_unban_lets_an_address_in_again(lab: Lab, server: Machine) -> None:
    stranger = lab.outsider("banned")
    server.run("mailstead", "ban", "add", str(stranger.address))
    assert not stranger.can_connect(server.address, 993)

    told = press(server, "unban", str(stranger.address))

    assert told["notes"] == [f"{stranger.address} may come in again."]
    assert stranger.can_connect(server.address, 993)
    assert last_audit(server)["command"] == ["ban", "remove", str(stranger.address)]


@pytest.mark.parametrize("unit", ["postfix.service", "dovecot.service"])
def test_mend_starts_a_service_that_stands_still(server: Machine, unit: str) -> None:
    server.run("systemctl", "stop", unit)

    told = press(server, "mend", unit)

    assert any(note.startswith("Mended: ") for note in told["notes"]), told
    server.run("systemctl", "is-active", unit)
    server.run("mailstead", "check", unit)
    assert last_audit(server)["command"] == ["mend", unit]


def test_mend_replays_the_step_that_brings_the_firewall_back(server: Machine) -> None:
    server.run("nft", "delete", "table", "inet", "mailstead")

    told = press(server, "mend", "nftables.rules")

    assert any(note.startswith("Mended: ") for note in told["notes"]), told
    server.run("nft", "list", "table", "inet", "mailstead")
    commands = [
        json.loads(line)["command"] for line in server.read("/var/log/mailstead/audit.log").splitlines()
    ]
    assert commands[-2:] == [
        ["replay", "--step", "protocols", "--yes"],
        ["mend", "nftables.rules"],
    ]


def test_mend_never_overwrites_what_a_person_changed(server: Machine) -> None:
    server.run("mv", "/etc/mailstead/tls/rsa/fullchain.pem", "/root/fullchain.pem")

    told = press(server, "mend", "certificates.rsa")

    assert any("changed by hand" in note for note in told["notes"]), told
    server.run("mv", "/root/fullchain.pem", "/etc/mailstead/tls/rsa/fullchain.pem")


def test_p_proves_and_is_remembered(server: Machine) -> None:
    told = press(server, "prove")

    assert told["shown"] == "Mail flows."
    kept = json.loads(server.read("/var/lib/mailstead/last-proof.json"))
    assert all(result["is_ok"] for result in kept["results"])


def test_mend_does_the_same_without_a_screen(server: Machine) -> None:
    server.run("systemctl", "stop", "dovecot.service")
    failing = json.loads(server.run("mailstead", "check", "dovecot", "--json", check=False).stdout)["checks"]
    actions = {one["id"]: one["action"] for one in failing}
    assert actions["dovecot.service"] == {
        "label": "restart dovecot.service",
        "command": ["systemctl", "restart", "dovecot.service"],
    }
    assert actions["dovecot.port-993"] == actions["dovecot.service"]

    server.run("mailstead", "mend", "dovecot.service")

    server.run("mailstead", "check", "dovecot")
