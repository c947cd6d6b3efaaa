"""What goes wrong on real machines: each time a clear message, nothing lost, and a way on."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import (
    ADMIN,
    RUNS,
    differences,
    is_settled,
    mailstead,
    quickstart,
    tree,
    write_answers,
)
from tests.lab.lab import Lab
from tests.lab.machine import Machine

PYTHON = "/opt/mailstead/venv/bin/python"
OWN_NAME = 'hostname = "server.example.test"'
OVERRIDE = "/etc/mailstead/override"
CACHE = "/var/lib/rspamd"
CONFIGTEST = (
    *("setpriv", "--reuid=_rspamd", "--regid=_rspamd", "--init-groups"),
    *("rspamadm", "configtest"),
)


@pytest.fixture
def machine(lab: Lab, release: str) -> Iterator[Machine]:
    """A machine with every package and nothing set up."""
    with lab.borrowed(lab.boot(release, "mail", image="program")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A server after its first run. Tests leave it as they found it."""
    with lab.borrowed(lab.boot(release, "server", image="program")) as ready:
        first = quickstart(ready)
        assert first.is_proven, str(first)
        yield ready


def main_pid(machine: Machine, unit: str) -> str:
    return machine.run("systemctl", "show", "--property=MainPID", "--value", unit).stdout.strip()


def test_twenty_mistakes_are_all_named_and_nothing_is_touched(machine: Machine) -> None:
    path = write_answers(machine)
    lines = machine.read(path).splitlines()
    spoilt = [line.partition("=")[0] + "= [[1]]" if _takes_a_value(line) else line for line in lines]
    machine.write("/root/spoilt.toml", "\n".join(spoilt))
    before = tree(machine)

    done = machine.run("mailstead", "replay", "--answers", "/root/spoilt.toml", check=False)

    assert done.returncode == 2
    named = [line for line in done.stderr.splitlines() if "line " in line]
    assert len(named) >= 20, done.stderr
    assert differences(before, tree(machine)) == []
    assert not machine.exists(RUNS)


def _takes_a_value(line: str) -> bool:
    return " = " in line and not line.startswith(("#", "schema"))


def test_a_second_replay_at_the_same_time_is_turned_away(machine: Machine) -> None:
    first = machine.spawn("mailstead", "replay", "--quickstart")
    machine.wait_for("sh", "-c", f"grep -q intent {RUNS}/*/journal.jsonl")

    second = machine.run("mailstead", "replay", "--quickstart", check=False)

    assert second.returncode == 4
    assert "another run" in second.stderr
    stdout, stderr = first.communicate(timeout=300)
    assert first.returncode == 0, stdout + stderr
    assert is_settled(machine)


def test_a_run_goes_on_when_the_ssh_session_it_was_started_from_dies(lab: Lab, machine: Machine) -> None:
    lab.ssh_key.authorise(machine)
    session = lab.ssh_key.spawn(
        lab.attacker, machine, "mailstead", "replay", "--quickstart", "--yes", terminal=True
    )
    machine.wait_for("sh", "-c", f"grep -q intent {RUNS}/*/journal.jsonl")

    os.killpg(session.pid, signal.SIGKILL)
    session.wait()

    machine.wait_for("sh", "-c", "! pgrep -f 'bin/mailstead [r]eplay'")
    machine.wait_for("sh", "-c", f"grep -q '\"finished\"' {RUNS}/*/journal.jsonl", timeout=300)
    (run,) = json.loads(machine.run("mailstead", "runs", "--json").stdout)["runs"]
    assert run["outcome"] == "done"
    assert machine.run("mailstead", "prove", check=False).returncode == 0


def test_a_disk_that_fills_up_stops_the_run_cleanly_and_it_goes_on_with_space(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "full", image="program", disk_mib=300)) as machine:
        run = machine.spawn("mailstead", "replay", "--quickstart", "--json")
        machine.wait_for("sh", "-c", f"grep -q '\"stage_done\"' {RUNS}/*/journal.jsonl")
        machine.run("sh", "-c", "cat /dev/zero > /filler", check=False)

        stdout, stderr = run.communicate(timeout=300)

        assert run.returncode == 1, stdout + stderr
        events = [json.loads(line) for line in stdout.splitlines()]
        failed = [event for event in events if event["event"] == "stage_failed"]
        assert len(failed) == 1, stdout + stderr
        assert any(event["event"] == "stage_reverted" for event in events), stdout
        machine.run("rm", "/filler")
        resumed = mailstead(machine, "resume")
        assert resumed.is_proven, str(resumed)
        assert is_settled(machine)


def test_too_little_space_is_refused_with_nothing_touched(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "small", image="program", disk_mib=80)) as machine:
        before = tree(machine)

        refused = machine.run("mailstead", "replay", "--quickstart", check=False)

        assert refused.returncode == 1
        assert "MiB are free" in refused.stderr
        assert differences(before, tree(machine)) == []
        assert not machine.exists(RUNS)


def test_a_configuration_that_is_refused_leaves_the_old_service_running(server: Machine) -> None:
    pid, before = main_pid(server, "dovecot.service"), tree(server)
    server.write("/etc/mailstead/override/dovecot/bad.conf", "no_such_setting = yes\n")
    path = write_answers(server, hostname=OWN_NAME, imap="imap = { enabled = true, port = 143, allow = [] }")

    failed = mailstead(server, "replay", "--answers", path)

    assert failed.status == 1
    assert [event["stage"] for event in failed.of("stage_failed")] == ["dovecot"]
    assert "no_such_setting" in failed.of("stage_failed")[0]["problem"]
    assert main_pid(server, "dovecot.service") == pid
    server.run("rm", "/etc/mailstead/override/dovecot/bad.conf")
    back = mailstead(server, "rollback")
    assert back.status == 0, str(back)
    assert differences(before, tree(server)) == []
    assert server.run("mailstead", "prove", check=False).returncode == 0


def test_a_configuration_that_does_not_start_is_taken_back_and_the_old_one_runs(
    server: Machine,
) -> None:
    # Postfix's own check finds nothing wrong with an address that this machine does not have
    server.write("/etc/mailstead/override/postfix/main.cf", "inet_interfaces = 203.0.113.77\n")

    failed = mailstead(server, "replay")

    assert failed.status == 1
    assert [event["stage"] for event in failed.of("stage_failed")] == ["postfix"]
    assert failed.of("stage_reverted")
    assert server.run("mailstead", "prove", check=False).returncode == 0
    server.run("rm", "/etc/mailstead/override/postfix/main.cf")
    assert mailstead(server, "resume").is_proven
    assert is_settled(server)


def test_a_file_that_was_changed_by_hand_is_shown_and_not_overwritten(server: Machine) -> None:
    server.run("sh", "-c", "echo '# by hand' >> /etc/postfix/main.cf")

    drift = server.run("mailstead", "drift", "--diff", check=False)
    refused = server.run("mailstead", "replay", check=False)

    assert drift.returncode == 3
    assert "+# by hand" in drift.stdout
    assert refused.returncode == 1
    assert "/etc/postfix/main.cf" in refused.stderr
    assert "# by hand" in server.read("/etc/postfix/main.cf")
    assert mailstead(server, "replay", "--overwrite").is_proven
    assert "# by hand" not in server.read("/etc/postfix/main.cf")
    assert server.run("mailstead", "drift", check=False).returncode == 0


def test_without_any_dns_the_server_is_set_up_and_says_what_is_missing(lab: Lab, machine: Machine) -> None:
    with lab.dns.silent():
        first = quickstart(machine)

        assert first.is_proven, str(first)
        warned = {event["id"] for event in first.of("checked") if event["status"] == "warn"}
        assert "unbound.resolves" in warned


def test_a_host_with_only_a_short_name_becomes_a_server_all_the_same(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "lonely", image="program", domain="")) as machine:
        assert machine.run("hostname", "-f", check=False).stdout.strip() in {"lonely", ""}

        first = quickstart(machine)

        assert first.is_proven, str(first)
        assert 'hostname = "mail.lonely.internal"' in machine.read("/etc/mailstead/answers.toml")


def test_a_run_says_at_once_who_holds_apts_lock_and_goes_on_when_it_is_free(machine: Machine) -> None:
    machine.run("dpkg", "--remove", "--force-depends", "logrotate")
    holder = lock_held(machine)
    run = machine.spawn("mailstead", "replay", "--quickstart", "--verbose")

    machine.wait_for("sh", "-c", f"grep -q '\"waiting\"' {RUNS}/*/journal.jsonl", timeout=60)
    holder.communicate("let go\n")
    stdout, stderr = run.communicate(timeout=300)

    assert run.returncode == 0, stdout + stderr
    (line,) = (line.strip() for line in stdout.splitlines() if "waiting" in line)
    assert re.fullmatch(r"waiting for apt's lock, held by \d+ python3\S*", line)
    assert is_settled(machine)


def test_a_lock_that_nobody_lets_go_of_is_said_and_nothing_is_half_done(machine: Machine) -> None:
    machine.run("dpkg", "--remove", "--force-depends", "logrotate")
    holder = lock_held(machine)
    machine.copy(Path(__file__).with_name("impatient.py"), "/root/impatient.py")

    machine.run(PYTHON, "/root/impatient.py", check=False, timeout=100)

    (run,) = machine.run("sh", "-c", f"ls -d {RUNS}/*").stdout.split()
    journal = machine.read(f"{run}/journal.jsonl")
    assert "another program held apt's lock" in journal
    assert "python3" in journal
    assert '"finished"' in journal
    assert not machine.exists("/usr/sbin/policy-rc.d")
    holder.communicate("let go\n")
    assert mailstead(machine, "resume").is_proven


def lock_held(machine: Machine) -> subprocess.Popen[str]:
    """A program that holds the lock of apt until a line comes on its standard input."""
    holder = machine.spawn("python3", "-c", _HOLD_LOCK, stdin=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


_HOLD_LOCK = """
import fcntl, sys
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_cache_of_patterns_that_a_full_disk_cut_off_is_mended(server: Machine) -> None:
    server.wait_for("sh", "-c", f"ls {CACHE}/*.hsmp.unser")
    cut_off = "truncate -s $(($(stat -c %s $file) / 2)) $file; touch -d -1hour $file"
    server.run("sh", "-c", f"for file in {CACHE}/*.unser; do {cut_off}; done")
    assert server.run(*CONFIGTEST, check=False).returncode != 0

    seen = server.run("mailstead", "check", "rspamd.patterns", "--json", check=False)
    plan = server.run("mailstead", "plan", check=False)
    mended = mailstead(server, "replay")

    (check,) = json.loads(seen.stdout)["checks"]
    assert (seen.returncode, check["status"]) == (1, "fail")
    assert "mailstead replay" in check["mend"]
    assert "broken files of compiled patterns" in plan.stdout
    assert mended.is_proven, str(mended)
    assert server.run(*CONFIGTEST, check=False).returncode == 0
    assert is_settled(server)


def test_additions_that_a_system_includes_are_planned_and_taken_up(server: Machine) -> None:
    server.write(f"{OVERRIDE}/dovecot/extra.conf", "verbose_proctitle = no\n")
    server.write(f"{OVERRIDE}/redis/extra.conf", "maxclients 321\n")
    server.write(f"{OVERRIDE}/rspamd/greylist.conf", "timeout = 301s;\n")
    dovecot, rspamd = main_pid(server, "dovecot.service"), main_pid(server, "rspamd.service")

    plan = server.run("mailstead", "plan", check=False)
    taken_up = mailstead(server, "replay")

    assert plan.returncode == 3
    for system, name in (("dovecot", "extra.conf"), ("redis", "extra.conf"), ("rspamd", "greylist.conf")):
        assert f"take up additions to {system}: {name}" in plan.stdout
    assert taken_up.is_proven, str(taken_up)
    assert main_pid(server, "dovecot.service") != dovecot
    assert main_pid(server, "rspamd.service") != rspamd
    asked = server.run("redis-cli", "-s", "/run/redis-mail/redis.sock", "config", "get", "maxclients").stdout
    assert asked.split() == ["maxclients", "321"]
    assert is_settled(server)
    server.run("sh", "-c", f"rm {OVERRIDE}/*/extra.conf {OVERRIDE}/rspamd/greylist.conf")
    assert mailstead(server, "replay").is_proven
    assert is_settled(server)


def test_additions_that_are_refused_do_not_come_into_force(server: Machine) -> None:
    server.write(f"{OVERRIDE}/dovecot/bad.conf", "no_such_setting = yes\n")
    pid = main_pid(server, "dovecot.service")

    failed = mailstead(server, "replay")

    assert failed.status == 1
    assert [event["stage"] for event in failed.of("stage_failed")] == ["dovecot"]
    assert main_pid(server, "dovecot.service") == pid
    server.run("rm", f"{OVERRIDE}/dovecot/bad.conf")
    assert mailstead(server, "resume").is_proven
    assert is_settled(server)


@pytest.mark.parametrize("is_committed", [False, True])
def test_look_ups_go_on_when_a_writer_of_accounts_is_killed(server: Machine, is_committed: bool) -> None:
    server.run(PYTHON, "-c", _DIE_WRITING, "COMMIT" if is_committed else "SELECT 1", check=False)

    looked_up = server.run(
        *("setpriv", "--reuid=postfix", "--regid=postfix", "--init-groups", "postmap", "-q", ADMIN),
        "sqlite:/etc/postfix/mailstead/accounts.cf",
        check=False,
    )
    user = server.run("doveadm", "user", ADMIN, check=False)

    assert looked_up.returncode == 0, looked_up.stderr
    assert looked_up.stdout.strip()
    assert user.returncode == 0, user.stderr
    assert f"/var/vmail/example.test/{ADMIN.partition('@')[0]}" in user.stdout
    listed = server.run("mailstead", "domain", "list").stdout
    assert ("d99.test" in listed) == is_committed
    server.run(PYTHON, "-c", _CLEAN_UP)
    assert is_settled(server)


_DIE_WRITING = """
import os, signal, sqlite3, sys
connection = sqlite3.connect("/var/lib/mailstead/mail.db", isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # pages reach the disk before the commit
connection.execute("BEGIN IMMEDIATE")
connection.executemany("INSERT INTO domains (domain) VALUES (?)", ((f"d{n}.test",) for n in range(20000)))
connection.execute(sys.argv[1])
os.kill(os.getpid(), signal.SIGKILL)
"""

_CLEAN_UP = """
import sys
sys.path.insert(0, "/opt/mailstead/app")
from backends.accounts.database import writing
with writing() as connection:
    connection.execute("DELETE FROM domains WHERE domain GLOB 'd[0-9]*.test'")
"""


def test_a_mailbox_that_was_added_stays_when_answers_are_replayed(server: Machine) -> None:
    server.run(
        "mailstead", "account", "add", "extra@example.test", "--password-stdin", input="seven-Words-4-you\n"
    )
    path = write_answers(server, hostname=OWN_NAME, keep_days="keep_days = 31")

    changed = mailstead(server, "replay", "--answers", path)

    assert changed.is_proven, str(changed)
    listed = server.run("mailstead", "account", "list").stdout
    assert "extra@example.test" in listed
    assert ADMIN in listed
