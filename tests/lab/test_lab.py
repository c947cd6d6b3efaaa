"""The lab itself: what its machines are, what they see of each other, and that nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import pytest

from tests.lab import cgroups, cleanup
from tests.lab.dns import UNBLOCKING
from tests.lab.lab import Lab
from tests.lab.machine import CommandFailed, Machine

HOLDS_A_LAB = """
import sys, time
from tests.lab.lab import Lab
with Lab() as lab:
    lab.boot(sys.argv[1], "mail")
    lab.outsider("someone")
    print(lab.name, flush=True)
    time.sleep(600)
"""

PLAIN_POSTFIX = """
compatibility_level = 3.6
myhostname = mail.example.test
mydestination = example.test
home_mailbox = Maildir/
alias_maps =
maillog_file = /var/log/maillog
"""


@pytest.fixture
def mail(lab: Lab, release: str) -> Iterator[Machine]:
    with lab.borrowed(lab.boot(release, "mail")) as machine:
        yield machine


def test_a_machine_runs_its_release_under_systemd(mail: Machine, release: str) -> None:
    assert f"VERSION_CODENAME={release}" in mail.read("/etc/os-release")
    assert mail.run("cat", "/proc/1/comm").stdout == "systemd\n"
    assert mail.run("systemctl", "is-system-running").stdout == "running\n"
    assert mail.run("hostname", "--fqdn").stdout == "mail.example.test\n"


def test_apt_installs_a_package_that_it_downloads(mail: Machine) -> None:
    mail.run("apt-get", "update")
    mail.run("apt-get", "install", "--yes", "--no-install-recommends", "hello", timeout=300)

    assert "Hello" in mail.run("hello").stdout


def test_pip_installs_into_a_virtual_environment(mail: Machine) -> None:
    mail.run("python3", "-m", "venv", "/root/venv")
    mail.run("/root/venv/bin/pip", "install", "--quiet", "tomlkit", timeout=300)

    assert (
        mail.run("/root/venv/bin/python", "-c", "import tomlkit; print(tomlkit.__name__)").stdout
        == "tomlkit\n"
    )


def test_machines_reach_each_other_by_name_on_both_protocols(lab: Lab, mail: Machine, release: str) -> None:
    with lab.borrowed(lab.boot(release, "second")) as second:
        mail.run("ping", "-4", "-c", "1", "second.example.test")
        mail.run("ping", "-6", "-c", "1", "second.example.test")
        second.run("ping", "-c", "1", mail.address)
        assert mail.run("getent", "hosts", second.address).stdout.split()[1] == "second.example.test"


def test_a_command_that_fails_shows_both_its_streams(mail: Machine) -> None:
    with pytest.raises(CommandFailed) as caught:
        mail.run("sh", "-c", "echo seen; echo told >&2; exit 7")

    assert caught.value.done.returncode == 7
    assert "seen" in str(caught.value)
    assert "told" in str(caught.value)


def test_a_command_gets_its_input_environment_and_directory(mail: Machine) -> None:
    done = mail.run(
        "sh", "-c", 'cat; printf "%s %s" "$COLOUR" "$PWD"', input="in ", env={"COLOUR": "red"}, cwd="/etc"
    )

    assert done.stdout == "in red /etc"


def test_a_command_that_takes_too_long_is_killed_with_its_children(mail: Machine) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        mail.run("sh", "-c", "sleep 4321; true", timeout=1)

    assert mail.run("pgrep", "-f", "sleep 4321", check=False).stdout == ""


def test_a_file_is_written_with_its_mode_and_read_back(mail: Machine) -> None:
    mail.write("/etc/new/place/secret", "a\nb\n", 0o600)

    assert mail.read("/etc/new/place/secret") == "a\nb\n"
    assert mail.run("stat", "-c", "%a %U", "/etc/new/place/secret").stdout == "600 root\n"


def test_files_stay_when_the_plug_is_pulled_and_over_a_reboot(mail: Machine) -> None:
    mail.write("/root/kept", "still here")
    mail.kill()
    assert not mail.is_running
    mail.start()
    mail.wait_until_up()
    mail.reboot()

    assert mail.read("/root/kept") == "still here"
    mail.run("ping", "-c", "1", "198.51.100.1")


def test_a_machine_with_packages_has_them_enabled_but_not_started(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "mail", "packages")) as machine:
        states = machine.run(
            "systemctl", "show", "-P", "ActiveState", "dovecot", "rspamd", "unbound", "fail2ban"
        )
        assert states.stdout.split() == ["inactive"] * 4
        assert machine.run("systemctl", "is-enabled", "dovecot").stdout == "enabled\n"
        assert not machine.exists("/usr/sbin/policy-rc.d")
        assert not machine.exists("/etc/postfix/main.cf")
        machine.run("systemctl", "start", "dovecot")
        assert machine.run("systemctl", "is-active", "dovecot").stdout == "active\n"


def test_a_container_has_no_init_system_and_collects_its_orphans(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.container(release, "box")) as box:
        assert "systemd" not in box.run("cat", "/proc/1/comm").stdout
        assert not box.exists("/run/systemd/system")
        assert not box.exists("/lib/systemd/systemd")
        box.run("sh", "-c", "(sleep 0.1 &)")
        time.sleep(0.5)
        assert "Z" not in box.run("ps", "-eo", "stat=").stdout
        box.run("apt-get", "update")


def test_an_unprivileged_container_can_not_touch_the_network(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.container(release, "box", is_privileged=False)) as box:
        assert "net_admin" not in box.run("setpriv", "--dump").stdout
        assert box.run("ip", "link", "add", "x", "type", "dummy", check=False).returncode != 0
        box.run("chown", "daemon", "/root")
        box.run("apt-get", "update")


def test_a_disk_of_limited_size_gets_full(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "small", disk_mib=64)) as small:
        done = small.run("dd", "if=/dev/zero", "of=/root/filler", "bs=1M", check=False)

        assert "No space left on device" in done.stderr
        assert small.run("systemctl", "is-system-running").stdout == "running\n"


def test_the_remote_domain_and_a_machine_exchange_mail(lab: Lab, release: str) -> None:
    remote = lab.remote
    with lab.borrowed(lab.boot(release, "mail", "remote")) as machine:
        machine.run("useradd", "--create-home", "alice")
        machine.write("/etc/postfix/main.cf", PLAIN_POSTFIX)
        machine.run("systemctl", "restart", "postfix")
        lab.dns.set("example.test", "@", "MX", "10 mail.example.test.")
        machine.run(
            "sendmail", "-f", "alice@example.test", "bob@other.test", input=f"Subject: to {release}\n\nHi.\n"
        )
        received = remote.wait_for_mail("bob", f"to {release}")
        remote.send("bob@other.test", "alice@example.test", "back", "So long.", {"X-Kind": "answer"})
        machine.wait_for("grep", "-r", "X-Kind: answer", "/home/alice/Maildir/new")

        assert received.get_content() == "Hi.\n"
        assert lab.dns.lookup("other.test", "MX") == ("10 mx.other.test.",)


def test_an_attacker_connects_from_an_address_of_its_own(lab: Lab, mail: Machine) -> None:
    with mail.network():
        listener = socket.create_server((mail.address, 4321))
    with listener, lab.attacker.connect("mail.example.test", 4321), listener.accept()[0] as accepted:
        assert accepted.getpeername()[0] == lab.attacker.address
    assert not lab.attacker.can_connect(mail.address, 4322)


def test_an_ssh_session_comes_from_the_chosen_address_and_hangs_up_what_it_ran(
    lab: Lab, mail: Machine
) -> None:
    admin = lab.outsider("admin")
    lab.ssh_key.authorise(mail)
    seen, _ = lab.ssh_key.spawn(admin, mail, "printenv", "SSH_CLIENT").communicate(timeout=20)
    assert seen.split()[0] == admin.address

    session = lab.ssh_key.spawn(admin, mail, "sh", "-c", "echo ready; exec sleep 4322", terminal=True)
    assert session.stdout is not None
    assert session.stdout.readline().strip() == "ready"
    mail.run("pgrep", "--full", "--exact", "sleep 4322")
    session.kill()
    session.communicate()
    mail.wait_for("sh", "-c", "! pgrep --full --exact 'sleep 4322'", timeout=10)


def test_records_change_at_once_and_long_texts_are_split(lab: Lab) -> None:
    lab.dns.set("example.test", "_changing", "TXT", "first")
    assert lab.dns.lookup("_changing.example.test", "TXT") == ('"first"',)
    lab.dns.set("example.test", "_changing", "TXT", "a" * 300)
    assert lab.dns.lookup("_changing.example.test", "TXT") == (f'"{"a" * 255}" "{"a" * 45}"',)
    lab.dns.remove("example.test", "_changing", "TXT")
    assert lab.dns.lookup("_changing.example.test", "TXT") == ()


def test_the_dns_gets_its_turn_before_the_machines(lab: Lab) -> None:
    servers = (lab.dns.group / "cgroup.procs").read_text().split()

    assert {Path("/proc", pid, "comm").read_text() for pid in servers} == {"knotd\n", "unbound\n"}
    assert {os.getpriority(os.PRIO_PROCESS, int(pid)) for pid in servers} == {-10}
    weights = [Path("/proc", pid, "autogroup") for pid in servers]
    assert all("nice -10" in weight.read_text() for weight in weights if weight.exists())


def test_a_silent_dns_gives_no_answer_until_it_speaks_again(lab: Lab, mail: Machine) -> None:
    with lab.dns.silent():
        asked = mail.run("timeout", "2", "getent", "ahostsv4", "mx.other.test", check=False)
        assert asked.returncode == 124
    assert lab.dns.lookup("mail.example.test") == (mail.address,)


@pytest.fixture
def resolving(lab: Lab, release: str) -> Iterator[Machine]:
    """A machine with Debian's Unbound as its resolver, which starts at the root and validates."""
    with lab.borrowed(lab.boot(release, "mail", "packages")) as machine:
        machine.write("/etc/unbound/unbound.conf.d/lab.conf", UNBLOCKING)
        machine.run("systemctl", "start", "unbound")
        machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        yield machine


def test_a_resolver_that_starts_at_the_root_finds_the_lab_and_the_packages(resolving: Machine) -> None:
    assert resolving.address in resolving.run("getent", "ahostsv4", "mail.example.test").stdout
    resolving.run("apt-get", "update")


def test_a_signed_zone_is_validated_by_a_machine(lab: Lab, resolving: Machine, release: str) -> None:
    zone = f"signed-{release}.test"
    lab.dns.add_zone(zone)
    lab.dns.set(zone, "@", "TXT", "as it should be")
    assert not asks_its_resolver(resolving, zone).flags & dns.flags.AD

    lab.dns.sign(zone)
    resolving.run("systemctl", "restart", "unbound")
    answer = asks_its_resolver(resolving, zone)

    assert answer.flags & dns.flags.AD
    assert "as it should be" in answer.answer[0].to_text()


def asks_its_resolver(machine: Machine, name: str) -> dns.message.Message:
    question = dns.message.make_query(name, "TXT", want_dnssec=True)
    with machine.network():
        return dns.query.udp(question, "127.0.0.1", timeout=10)


def test_two_labs_run_side_by_side(lab: Lab, release: str) -> None:
    with Lab() as other, other.borrowed(other.boot(release, "mail")) as there:
        with lab.borrowed(lab.boot(release, "mail")) as here:
            here.write("/root/whose", "first")
            assert not there.exists("/root/whose")
        there.run("ping", "-c", "1", "mail.example.test")


def test_nothing_is_left_after_a_lab_closed(release: str) -> None:
    with Lab() as closed:
        closed.boot(release, "mail", disk_mib=64)
        closed.container(release, "box")
        closed.outsider("someone")
        assert traces(closed.name)

    assert traces(closed.name) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "interrupted"])
def test_a_process_told_to_end_takes_its_lab_away(release: str, number: signal.Signals) -> None:
    process, name = held_lab(release)
    process.send_signal(number)
    process.wait(60)

    assert traces(name) == []


def test_the_next_lab_takes_away_what_a_killed_process_left(release: str) -> None:
    process, name = held_lab(release)
    process.kill()
    process.wait()
    assert traces(name)
    with Lab() as survivor:
        assert traces(name) == []
        assert traces(survivor.name)


def held_lab(release: str) -> tuple[subprocess.Popen[str], str]:
    """A process that holds a lab, and the lab's name."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_LAB, release],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert name.startswith(cleanup.PREFIX)
    return process, name


def traces(name: str) -> list[str]:
    """Every sign of the lab `name` on this machine: files, mounts, networks, tables, groups and processes."""
    namespaces = subprocess.run(["ip", "netns"], check=True, capture_output=True, text=True).stdout
    links = subprocess.run(["ip", "-o", "link"], check=True, capture_output=True, text=True).stdout
    tables = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True, text=True).stdout
    loops = subprocess.run(
        ["losetup", "--list", "--noheadings"], check=True, capture_output=True, text=True
    ).stdout
    mounts = Path("/proc/self/mountinfo").read_text()
    groups = [str(path) for path in cgroups.unified_hierarchy().parent.rglob(f"{name}*") if path.is_dir()]
    spots = [Path("/run/systemd/nspawn/propagate"), cleanup.REGISTRY, cleanup.directory_of("")]
    files = [str(path) for spot in spots for path in spot.glob(f"{name}*")]
    lines = [line for text in (namespaces, links, tables, loops, mounts) for line in text.splitlines()]
    hits = [line for line in lines if name in line or name.replace("-", "_") in line]
    return [*hits, *groups, *files, *processes_naming(name)]


def processes_naming(name: str) -> list[str]:
    """Command lines of processes that mention the lab `name`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if name in command:
            found.append(command)
    return found
