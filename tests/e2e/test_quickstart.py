"""From an untouched Debian to a proven mail server with one command, on every kind of machine."""

import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.server import differences, is_settled, mailstead, secret, tree, write_answers
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.recipes import REPOSITORY, tracked_files

SOURCE = "/root/mailstead"
NEVER_OPEN = (110, 143, 995, 2000, 6379, 11332, 11334)


def unpack(machine: Machine) -> None:
    """The project as a person would have it: a directory with install.sh in it."""
    for name in tracked_files(REPOSITORY):
        if name.startswith(("wizard/", "screens/", "backends/", "requirements", "install.sh")):
            machine.copy(REPOSITORY / name, f"{SOURCE}/{name}")


@contextmanager
def watched(lab: Lab, machine: Machine) -> Iterator[set[tuple[int, str]]]:
    """What an outsider finds on mail ports while the block runs: ports and how they greet."""
    found: set[tuple[int, str]] = set()
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            for port in (25, *NEVER_OPEN):
                try:
                    with lab.attacker.connect(machine.address, port, timeout=0.3) as peer:
                        peer.settimeout(8)
                        found.add((port, peer.recv(100).decode(errors="replace").strip()))
                except OSError:
                    continue
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        is_over.set()
        watcher.join()


@pytest.mark.timeout(900)
def test_one_command_makes_an_untouched_debian_a_mail_server(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "fresh", image="plain")) as machine:
        unpack(machine)
        before = tree(machine)
        with watched(lab, machine) as found:
            done = machine.run(f"{SOURCE}/install.sh", "--quickstart", check=False, timeout=800)

        assert done.returncode == 0, done.stdout + done.stderr
        assert "FAIL  " not in done.stdout
        assert is_settled(machine)
        machine.run("mailstead", "check", "postfix", "dovecot", "rspamd", "fail2ban", "nftables")
        assert {port for port, _ in found} <= {25}, found
        assert all(greeting.startswith("220") and "fresh.example.test" in greeting for _, greeting in found)

        back = mailstead(machine, "rollback")

        assert back.status == 0, str(back)
        after = tree(machine)
        changed = [path for path in differences(before, after) if path in before]
        assert [path for path in changed if not belongs_to_packages(path)] == []


def belongs_to_packages(path: str) -> bool:
    """What apt and dpkg rewrite when packages come: users and groups, links of services, caches."""
    users = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/subuid", "etc/subgid")
    links = ("etc/rc", "etc/systemd/system/", "etc/alternatives")
    return path.startswith((*users, *links, "etc/ld.so.cache", "etc/ssl/private"))


def test_a_container_without_an_init_system_becomes_a_mail_server(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.container(release, "boxed", image="program")) as machine:
        assert not machine.exists("/run/systemd/system")
        before = tree(machine)

        first = mailstead(machine, "replay", "--quickstart")

        assert first.is_proven, str(first)
        assert is_settled(machine), machine.run("mailstead", "plan", check=False).stdout
        assert machine.exists("/etc/cron.d/mailstead-dmarc-reports")
        assert mailstead(machine, "replay").of("planned")[0]["changes"] == []

        back = mailstead(machine, "rollback")

        assert back.status == 0, str(back)
        assert differences(before, tree(machine)) == []


@pytest.mark.timeout(900)
def test_another_mail_server_is_named_and_goes_only_when_that_is_accepted(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "exim", image="plain")) as machine:
        machine.run(
            "apt-get", "install", "-y", "-q", "--no-install-recommends", "exim4-daemon-light", timeout=300
        )
        machine.wait_for("sh", "-c", "ss -ltn | grep -q :25")
        unpack(machine)
        machine.run(f"{SOURCE}/install.sh", "--no-launch", timeout=300)
        before = tree(machine)

        refused = machine.run("mailstead", "replay", "--quickstart", check=False)

        assert refused.returncode == 1
        assert "exim4-daemon-light is installed" in refused.stderr
        assert differences(before, tree(machine)) == []
        assert machine.run("systemctl", "is-active", "exim4").stdout.strip() == "active"

        path = write_answers(machine, accept='accept = ["other-mail-server"]')
        machine.run("sh", "-c", "echo waiting | exim4 -odq someone@other.test")
        held = machine.run("mailstead", "replay", "--answers", path, check=False)
        assert held.returncode == 1
        assert "messages wait in its queue" in held.stderr

        machine.run("sh", "-c", "exim4 -Mrm $(exim4 -bp | awk 'NR == 1 { print $3 }')")
        accepted = mailstead(machine, "replay", "--answers", path, timeout=800)
        assert accepted.is_proven, str(accepted)


def test_secrets_are_taken_from_files_and_the_environment(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "secret", image="program")) as machine:
        machine.write("/root/admin.password", "from-a-file-4-you\n", 0o600)
        path = write_answers(machine)
        text = machine.read(path)
        mailboxes = (
            '[[accounts.mailboxes]]\naddress = "admin@example.test"\npassword = "file:/root/admin.password"\n'
            'quota = "1G"\n\n[[accounts.mailboxes]]\naddress = "env@example.test"\n'
            'password = "env:MAILBOX_PASSWORD"\nquota = "1G"\n'
        )
        start = text.index("[[accounts.mailboxes]]")
        end = text.index("\n[", start + 5)
        machine.write(path, text[:start] + mailboxes + text[end:], 0o600)

        missing = machine.run("mailstead", "replay", "--answers", path, check=False)
        assert missing.returncode == 2
        assert "MAILBOX_PASSWORD" in missing.stderr

        first = mailstead(
            machine, "replay", "--answers", path, env={"MAILBOX_PASSWORD": "from-the-env-4-you"}
        )

        assert first.is_proven, str(first)
        assert secret(machine, "env-mailbox_password") == "from-the-env-4-you"
        for user, password in (("admin", "from-a-file-4-you"), ("env", "from-the-env-4-you")):
            with lab.attacker.imaps(machine.address) as session:
                assert session.login(f"{user}@example.test", password)[0] == "OK"
        words = shlex.join(["grep", "-rlE", "from-(a-file|the-env)-4-you", "/var/lib/mailstead", "/var/log"])
        assert machine.run("sh", "-c", f"{words} || true").stdout == ""
        assert is_settled(machine)
