"""Firewall, bans and logs on booted machines and in containers, seen by those they are meant for."""

import imaplib
import itertools
import json
import smtplib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import guards_inside, inside, mail_adapters
from tests.lab.endpoint import Endpoint
from tests.lab.guards_inside import CLOSED, LIMITED, MAX_RETRY, OPEN
from tests.lab.lab import Lab
from tests.lab.machine import Machine

ADMIN = "admin@example.test"
_WENT_BACK = "the firewall went back by itself, because nobody confirmed the new rules"
_EMPTIED = "something has emptied the kernel's tables"
_TRIAL = 5
"""Seconds that rules are on trial in tests of going back."""


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """With systemd; something listens on the three ports that the firewall knows."""
    with lab.borrowed(lab.boot(release, "guarded", "program")) as machine:
        prepare(machine)
        yield machine


@pytest.fixture(scope="module")
def container(lab: Lab, release: str) -> Iterator[Machine]:
    """The same without systemd."""
    with lab.borrowed(lab.container(release, "boxed", "program")) as machine:
        prepare(machine)
        yield machine


@pytest.fixture(scope="module")
def mail_server(lab: Lab, release: str) -> Iterator[Machine]:
    """Postfix, Dovecot and the guards, with systemd."""
    with lab.borrowed(lab.boot(release, "mail", "program")) as machine:
        set_up_mail(machine)
        yield machine


@pytest.fixture(scope="module")
def mail_container(lab: Lab, release: str) -> Iterator[Machine]:
    """The same without systemd."""
    with lab.borrowed(lab.container(release, "boxedmail", "program")) as machine:
        set_up_mail(machine)
        yield machine


_number = itertools.count(1)


@pytest.fixture
def attacker(lab: Lab) -> Endpoint:
    """An address that was never banned: three bans within a day are answered by a longer one."""
    return lab.outsider(f"attacker{next(_number)}")


@pytest.fixture
def friend(lab: Lab) -> Endpoint:
    return lab.outsider("friend")


def prepare(machine: Machine) -> None:
    inside.bring(machine, guards_inside)
    for port in (OPEN, CLOSED, LIMITED):
        serve(machine, port)


def serve(machine: Machine, port: int) -> None:
    """Whoever connects gets back what they say, until the machine is thrown away."""
    echo = (
        "import socketserver as s\n"
        "class H(s.StreamRequestHandler):\n"
        "  def handle(self):\n"
        "    for line in self.rfile: self.wfile.write(line)\n"
        "class S(s.ThreadingTCPServer): allow_reuse_address, address_family = True, 10\n"
        f"S(('::', {port}), H).serve_forever()\n"
    )
    if machine.has_init:
        # A child of the machine's own init: one that only we could reap would hold up its shutdown.
        machine.run("systemd-run", "--quiet", f"--unit=echo-{port}", "python3", "-c", echo)
    else:
        machine.spawn("python3", "-c", echo, stdout=None, stderr=None)
    machine.wait_for("python3", "-c", f"import socket; socket.create_connection(('::1', {port}), 1)")


def set_up_mail(machine: Machine) -> None:
    inside.bring(machine, guards_inside)
    source = Path(mail_adapters.__file__).read_text()
    ask(machine, "guard")
    ask(machine, "confirm")
    machine.run(inside.PYTHON, "-", machine.release, input=source, env=inside.ENVIRONMENT)


def ask(machine: Machine, command: str, **settings: Any) -> Any:
    """What a function of guards_inside gives on the machine."""
    return inside.ask(machine, guards_inside, command, **settings)


def mailstead(machine: Machine, *words: str, check: bool = True) -> str:
    return machine.run("mailstead", *words, check=check).stdout


def becomes(condition: Callable[[], bool], timeout: float = 20) -> bool:
    """Whether it holds before `timeout` seconds are over."""
    give_up = time.monotonic() + timeout
    while time.monotonic() < give_up:
        if condition():
            return True
        time.sleep(0.2)
    return False


def has_rules(machine: Machine) -> bool:
    return machine.run("nft", "list", "table", "inet", "mailstead", check=False).returncode == 0


def echo(connection: Any) -> bool:
    """Whether an established connection still carries data both ways."""
    connection.sendall(b"hello\n")
    return bool(connection.recv(6) == b"hello\n")


@pytest.fixture(params=("server", "container"))
def guarded(request: pytest.FixtureRequest, release: str) -> Iterator[Machine]:
    """Either kind of machine, without rules before and after."""
    machine: Machine = request.getfixturevalue(request.param)
    assert machine.release == release
    ask(machine, "go_back_to_none")
    yield machine
    ask(machine, "go_back_to_none")


def test_only_what_is_open_can_be_reached_on_both_protocols(
    guarded: Machine, lab: Lab, friend: Endpoint
) -> None:
    assert lab.attacker.can_connect(guarded.address, CLOSED)

    ask(guarded, "load", friends=[f"{friend.address}/32", f"{friend.address6}/128"])

    for address in (guarded.address, guarded.address6):
        assert lab.attacker.can_connect(address, OPEN)
        assert not lab.attacker.can_connect(address, CLOSED, timeout=1)
        assert not lab.attacker.can_connect(address, LIMITED, timeout=1)
        assert friend.can_connect(address, LIMITED)
        assert not friend.can_connect(address, CLOSED, timeout=1)


def test_connections_survive_the_rules_that_close_their_port(guarded: Machine, lab: Lab) -> None:
    with lab.attacker.connect(guarded.address, CLOSED) as established:
        assert echo(established)
        ask(guarded, "load")
        assert echo(established)
    assert not lab.attacker.can_connect(guarded.address, CLOSED, timeout=1)


def test_ssh_stays_open_for_old_and_new_connections(server: Machine, lab: Lab) -> None:
    with lab.attacker.connect(server.address, 22) as session:
        assert session.recv(100).startswith(b"SSH-2.0")
        ask(server, "load", ports=[])
        session.sendall(b"SSH-2.0-test\r\n")
        assert session.recv(100)
    assert lab.attacker.can_connect(server.address, 22)
    assert lab.attacker.can_connect(server.address6, 22)
    ask(server, "go_back_to_none")


def test_who_is_connected_gets_in_for_an_hour_whatever_the_ports_say(
    guarded: Machine, lab: Lab, friend: Endpoint
) -> None:
    ask(guarded, "load", lifeline=[friend.address])

    assert friend.can_connect(guarded.address, CLOSED)
    assert not lab.attacker.can_connect(guarded.address, CLOSED, timeout=1)
    listed = guarded.run("nft", "list", "set", "inet", "mailstead", "lifeline4").stdout
    assert f"{friend.address} timeout 1h expires" in listed
    assert friend.address not in guarded.read("/etc/mailstead/nftables.nft")


def test_loading_the_same_rules_again_changes_nothing(guarded: Machine) -> None:
    changed = ask(guarded, "load")

    assert "firewall:inet mailstead" in changed
    assert ask(guarded, "load") == []
    assert ask(guarded, "check") == ["ok", "in force, on trial"]


def test_a_rule_that_someone_adds_in_the_kernel_is_seen_and_goes(guarded: Machine, lab: Lab) -> None:
    ask(guarded, "load")
    rule = ["add", "rule", "inet", "mailstead", "input", "tcp", "dport", str(CLOSED), "accept"]
    guarded.run("nft", *rule)
    assert lab.attacker.can_connect(guarded.address, CLOSED)

    assert ask(guarded, "check") == ["fail", "someone has changed the rules in the kernel"]
    assert ask(guarded, "plan") == "load the firewall's rules again: someone has changed them"
    ask(guarded, "load")
    assert not lab.attacker.can_connect(guarded.address, CLOSED, timeout=1)


def test_the_persons_own_rules_are_part_of_it(guarded: Machine, lab: Lab) -> None:
    own = f"add rule inet mailstead input tcp dport {CLOSED} accept"
    ask(guarded, "load", override=own)

    assert lab.attacker.can_connect(guarded.address, CLOSED)
    assert ask(guarded, "load", override=own) == []


def test_rules_that_nft_refuses_never_go_live(guarded: Machine) -> None:
    ask(guarded, "load")
    ask(guarded, "confirm")

    load = inside.calling(guards_inside, "load", override="nonsense")
    refused = guarded.run(*load, env=inside.ENVIRONMENT, check=False)

    assert refused.returncode != 0
    assert "nft failed" in refused.stderr
    assert ask(guarded, "check")[0] == "ok"


def test_rules_take_themselves_back_unless_confirmed(guarded: Machine, lab: Lab) -> None:
    ask(guarded, "load", confirm_within=_TRIAL)
    assert has_rules(guarded)

    assert becomes(lambda: not has_rules(guarded))
    assert lab.attacker.can_connect(guarded.address, CLOSED)
    assert ask(guarded, "check") == ["fail", _WENT_BACK]
    assert "nobody confirmed them" in ask(guarded, "plan")
    assert "took themselves back" in ask(guarded, "confirm")


def test_rules_go_back_to_those_confirmed_before(guarded: Machine, lab: Lab) -> None:
    ask(guarded, "load", ports=[OPEN])
    assert ask(guarded, "confirm") == ""
    ask(guarded, "load", ports=[CLOSED], confirm_within=_TRIAL)
    assert not lab.attacker.can_connect(guarded.address, OPEN, timeout=1)

    assert becomes(lambda: lab.attacker.can_connect(guarded.address, OPEN, timeout=1))
    assert not lab.attacker.can_connect(guarded.address, CLOSED, timeout=1)
    assert ask(guarded, "load", ports=[OPEN]) == ["file:/etc/mailstead/nftables.nft"]


def test_rules_take_themselves_back_when_the_run_was_killed(guarded: Machine) -> None:
    load = inside.calling(guards_inside, "load_and_wait", confirm_within=_TRIAL)
    run = guarded.spawn(*load, env=inside.ENVIRONMENT)
    assert run.stdout is not None
    assert run.stdout.readline() == "loaded\n"
    guarded.run("pkill", "-KILL", "-f", "guards_inside load_and_wait")
    run.wait()
    assert has_rules(guarded)

    assert becomes(lambda: not has_rules(guarded))


def test_confirmed_rules_stay(guarded: Machine) -> None:
    ask(guarded, "load", confirm_within=_TRIAL)

    assert ask(guarded, "confirm") == ""

    time.sleep(_TRIAL + 2)
    assert has_rules(guarded)
    assert ask(guarded, "check", confirm_within=_TRIAL) == ["ok", "in force"]
    assert ask(guarded, "confirm") == ""


def test_confirmed_rules_are_there_after_a_boot_and_unconfirmed_ones_are_not(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "rebooted", "program")) as machine:
        prepare(machine)
        ask(machine, "load", ports=[OPEN])
        ask(machine, "confirm")
        ask(machine, "load", ports=[OPEN, CLOSED])
        # Nobody has configured it here, so it would fail to start.
        machine.run("systemctl", "disable", "postfix")
        machine.reboot()
        serve(machine, OPEN)
        serve(machine, CLOSED)

        assert lab.attacker.can_connect(machine.address, OPEN)
        assert not lab.attacker.can_connect(machine.address, CLOSED, timeout=1)
        assert ask(machine, "check", ports=[OPEN]) == ["ok", "in force"]
        assert ask(machine, "check", ports=[OPEN, CLOSED]) == ["fail", _WENT_BACK]


VERBS = ("start", "reload", "restart", "stop")
"""What an administrator does with nftables.service; each empties every table in the kernel."""


def control_nftables(machine: Machine, verb: str) -> None:
    """Let nftables.service do this, from the state in which that does something, until all has settled."""
    assert "flush ruleset" in machine.read("/etc/nftables.conf")
    machine.run("systemctl", "stop" if verb == "start" else "start", "nftables")
    settle(machine)
    machine.run("systemctl", verb, "nftables")
    settle(machine)


def settle(machine: Machine) -> None:
    """Wait until systemd has nothing left to do."""
    no_jobs = "No jobs running."
    assert becomes(lambda: no_jobs in machine.run("systemctl", "list-jobs").stdout)
    machine.run("systemctl", "reset-failed")  # and forget how often it has started things


@pytest.mark.parametrize("verb", VERBS)
def test_what_becomes_of_the_administrators_rules_leaves_ours_alone(
    server: Machine, lab: Lab, verb: str
) -> None:
    ask(server, "load")
    ask(server, "confirm")

    control_nftables(server, verb)

    assert has_rules(server), server.run("journalctl", "-n40", "--no-pager").stdout
    assert lab.attacker.can_connect(server.address, OPEN)
    assert not lab.attacker.can_connect(server.address, CLOSED, timeout=1)
    assert ask(server, "check")[0] == "ok"
    ask(server, "go_back_to_none")


def test_stopping_an_nftables_that_does_not_run_changes_nothing(server: Machine) -> None:
    control_nftables(server, "stop")
    ask(server, "load")
    ask(server, "confirm")

    server.run("systemctl", "disable", "--now", "nftables")

    settle(server)
    assert ask(server, "check")[0] == "ok"
    ask(server, "go_back_to_none")


def test_facts_tell_what_a_machine_is(server: Machine, release: str, lab: Lab) -> None:
    with lab.attacker.connect(server.address, 22) as session:
        session.recv(100)
        facts = ask(server, "facts", ssh_connection=f"192.0.2.9 50000 {server.address} 22")

    assert facts["release"] == release
    assert facts["init"] == "systemd"
    assert facts["hostname"] == "guarded.example.test"
    assert facts["addresses"] == [server.address, server.address6]
    assert facts["ssh_ports"] == [22]
    assert facts["ssh_peers"] == ["192.0.2.9", lab.attacker.address]
    assert facts["ports_held"]["22"] == "sshd"
    assert facts["ports_held"][str(OPEN)].startswith("python3")
    assert facts["can_filter_packets"]
    assert facts["is_container"]
    assert facts["seconds"] < 0.1


def test_facts_of_a_container_without_systemd(container: Machine) -> None:
    facts = ask(container, "facts")

    assert facts["init"] == "sysv"
    assert facts["ssh_ports"] == []
    assert facts["hostname"] == "boxed.example.test"


@pytest.fixture(params=("mail_server", "mail_container"))
def attacked(request: pytest.FixtureRequest, release: str) -> Iterator[Machine]:
    """Either kind of machine with Postfix and Dovecot; nobody is banned before and after."""
    machine: Machine = request.getfixturevalue(request.param)
    assert machine.release == release
    with without_bans(machine):
        yield machine


@pytest.fixture
def restarted(mail_server: Machine) -> Iterator[Machine]:
    """The machine with systemd; nobody is banned before and after."""
    with without_bans(mail_server):
        yield mail_server


@contextmanager
def without_bans(machine: Machine) -> Iterator[None]:
    machine.run("fail2ban-client", "unban", "--all")
    yield
    machine.run("fail2ban-client", "unban", "--all")


def test_every_jail_watches_and_the_log_is_written(attacked: Machine) -> None:
    assert becomes(lambda: all_is_well(attacked))
    assert ask(attacked, "guard") == []


def banned(machine: Machine, jail: str, address: str) -> bool:
    found = json.loads(mailstead(machine, "ban", "list", "--json"))["bans"]
    return (jail, address) in {(ban["jail"], ban["address"]) for ban in found}


def wait_for_ban(machine: Machine, jail: str, address: str) -> None:
    """Raises AssertionError with fail2ban's log where the ban does not come."""
    assert becomes(lambda: banned(machine, jail, address)), machine.read("/var/log/fail2ban.log")[-3000:]


def fail_at_imap(attacker: Endpoint, machine: Machine, user: str) -> None:
    session = attacker.imaps(machine.address)
    with pytest.raises(imaplib.IMAP4.error):
        session.login(user, "wrong")
    session.shutdown()


@pytest.mark.parametrize("user", [ADMIN, "nobody@example.test", "x,192.0.2.77"])
def test_wrong_imap_logins_ban_the_attacker_and_unbanning_lets_it_in(
    attacked: Machine, attacker: Endpoint, friend: Endpoint, user: str
) -> None:
    for _ in range(MAX_RETRY):
        fail_at_imap(attacker, attacked, user)

    wait_for_ban(attacked, "dovecot", attacker.address)
    assert not attacker.can_connect(attacked.address, 993, timeout=1)
    assert not attacker.can_connect(attacked.address, 587, timeout=1)
    assert friend.can_connect(attacked.address, 993)
    assert not banned(attacked, "dovecot", "192.0.2.77")
    mailstead(attacked, "ban", "remove", attacker.address)
    assert attacker.can_connect(attacked.address, 993)
    assert not banned(attacked, "dovecot", attacker.address)


def test_wrong_smtp_logins_ban_the_attacker(attacked: Machine, attacker: Endpoint) -> None:
    for _ in range(MAX_RETRY):
        session = attacker.smtps(attacked.address)
        session.ehlo()
        session.user, session.password = ADMIN, "wrong"
        with pytest.raises(smtplib.SMTPAuthenticationError):
            session.auth("PLAIN", session.auth_plain)
        session.close()

    wait_for_ban(attacked, "postfix", attacker.address)
    assert not attacker.can_connect(attacked.address, 465, timeout=1)


def test_wrong_ssh_logins_ban_the_attacker_from_ssh_only(
    mail_server: Machine, lab: Lab, release: str
) -> None:
    with lab.borrowed(lab.boot(release, "intruder")) as intruder:
        options = ["-oBatchMode=yes", "-oStrictHostKeyChecking=no", "-oConnectTimeout=30"]
        for number in range(MAX_RETRY):
            attempt = ["ssh", *options, f"guest{number}@{mail_server.address}", "true"]
            assert "Permission denied" in intruder.run(*attempt, check=False).stderr

        wait_for_ban(mail_server, "sshd", intruder.address)
        assert not intruder.can_connect(mail_server.address, 22, timeout=1)
        assert intruder.can_connect(mail_server.address, 993)
        mailstead(mail_server, "ban", "remove", intruder.address)
        assert intruder.can_connect(mail_server.address, 22)


def test_a_ban_by_hand_closes_every_port(attacked: Machine, attacker: Endpoint) -> None:
    mailstead(attacked, "ban", "add", attacker.address)

    assert not attacker.can_connect(attacked.address, 25, timeout=1)
    assert not attacker.can_connect(attacked.address, 993, timeout=1)
    (found,) = json.loads(mailstead(attacked, "ban", "list", "--json"))["bans"]
    assert found["address"] == attacker.address
    assert found["until"] > found["since"]


@pytest.mark.parametrize("address", ["127.0.0.1", "own", "connected"])
def test_nobody_bans_himself(mail_server: Machine, attacker: Endpoint, address: str) -> None:
    with attacker.connect(mail_server.address, 22):
        target = {"own": mail_server.address, "connected": attacker.address}.get(address, address)
        refused = mail_server.run("mailstead", "ban", "add", target, check=False)

    assert refused.returncode == 2
    assert json.loads(mailstead(mail_server, "ban", "list", "--json")) == {"bans": []}


def test_unbanning_who_is_not_banned_says_so(mail_server: Machine) -> None:
    refused = mail_server.run("mailstead", "ban", "remove", "192.0.2.200", check=False)

    assert refused.returncode == 1
    assert "192.0.2.200 was not banned" in refused.stderr


def test_wrong_logins_from_the_machine_itself_ban_nobody(attacked: Machine) -> None:
    attempt = (
        "import imaplib, ssl\n"
        f"c = imaplib.IMAP4_SSL('{attacked.address}', 993, ssl_context=ssl._create_unverified_context())\n"
        f"try: c.login('{ADMIN}', 'wrong')\n"
        "except imaplib.IMAP4.error: pass\n"
    )
    for _ in range(MAX_RETRY + 1):
        attacked.run("python3", "-c", attempt)

    ignored = f"Ignore {attacked.address}"
    assert becomes(lambda: attacked.read("/var/log/fail2ban.log").count(ignored) > MAX_RETRY)
    assert json.loads(mailstead(attacked, "ban", "list", "--json")) == {"bans": []}


@pytest.mark.parametrize("verb", VERBS)
def test_bans_outlast_what_becomes_of_the_administrators_firewall(
    restarted: Machine, attacker: Endpoint, verb: str
) -> None:
    mailstead(restarted, "ban", "add", attacker.address)
    assert not attacker.can_connect(restarted.address, 25, timeout=1)

    control_nftables(restarted, verb)

    assert becomes(lambda: not attacker.can_connect(restarted.address, 25, timeout=1))
    assert becomes(lambda: all_is_well(restarted))
    mailstead(restarted, "ban", "remove", attacker.address)
    assert attacker.can_connect(restarted.address, 25)


def test_bans_are_put_back_while_no_dns_answers(restarted: Machine, attacker: Endpoint) -> None:
    mailstead(restarted, "ban", "add", attacker.address)
    nameservers = restarted.read("/etc/resolv.conf")
    restarted.write("/etc/resolv.conf", "nameserver 198.51.100.254\n")

    restarted.run("systemctl", "restart", "fail2ban")

    is_shut_out = becomes(lambda: not attacker.can_connect(restarted.address, 25, timeout=1), timeout=15)
    restarted.write("/etc/resolv.conf", nameservers)
    assert is_shut_out, restarted.read("/var/log/fail2ban.log")[-3000:]


def test_emptied_tables_are_seen_by_checks(restarted: Machine, attacker: Endpoint) -> None:
    mailstead(restarted, "ban", "add", attacker.address)
    assert becomes(lambda: all_is_well(restarted))

    restarted.run("nft", "flush", "ruleset")

    assert {
        key: seen for key, (status, seen) in ask(restarted, "guard_checks").items() if status != "ok"
    } == {
        "nftables.rules": "there are no rules: every port is reachable",
        "fail2ban.bans": f"1 ban is not in force, {attacker.address}: {_EMPTIED}",
    }
    restarted.run("systemctl", "restart", "mailstead-firewall", "fail2ban")
    assert becomes(lambda: all_is_well(restarted))


def test_a_firewall_that_does_not_come_back_is_seen_by_a_check(restarted: Machine) -> None:
    restarted.run("systemctl", "disable", "mailstead-firewall")
    status, seen = ask(restarted, "guard_checks")["nftables.boot"]
    restarted.run("systemctl", "enable", "mailstead-firewall")

    assert status == "fail"
    assert "does not start with the machine" in seen


def all_is_well(machine: Machine) -> bool:
    """Whether every check of the guards is content."""
    return {status for status, _ in ask(machine, "guard_checks").values()} == {"ok"}


def test_logs_rotate_and_writing_goes_on(attacked: Machine) -> None:
    attacked.write("/var/log/mailstead/audit.log", "someone did something\n", mode=0o640)
    attacked.run("logger", "-p", "mail.info", "before the rotation")
    attacked.wait_for("grep", "-q", "before the rotation", "/var/log/mail.log")

    attacked.run("logrotate", "--force", "/etc/logrotate.conf")

    attacked.run("logger", "-p", "mail.info", "after the rotation")
    attacked.wait_for("grep", "-q", "after the rotation", "/var/log/mail.log")
    assert "before the rotation" in attacked.read("/var/log/mail.log.1")
    assert "before the rotation" not in attacked.read("/var/log/mail.log")
    assert attacked.read("/var/log/mailstead/audit.log.1") == "someone did something\n"
    assert attacked.run("stat", "-c", "%a %U:%G", "/var/log/mailstead").stdout == "750 root:adm\n"
    attacked.run("logger", "-p", "auth.info", "someone came in")
    attacked.wait_for("grep", "-q", "someone came in", "/var/log/auth.log")
