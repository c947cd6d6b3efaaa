"""Resolver, certificates, Redis and Rspamd on real machines: set up, used, and with parts missing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.lab import filter_inside, inside, milter_client
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.network import GATEWAY

pytestmark = pytest.mark.timeout(600)  # the first to ask for an image may have to make it

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
FROM_OUTSIDE = {"sender": "carl@other.test", "recipients": ["anna@example.test"], "client": "192.0.2.7"}
SENT_BY_A_USER = {
    "sender": "anna@example.test",
    "recipients": ["bob@other.test"],
    "login": "anna@example.test",
}
PLAIN_POSTFIX = """
compatibility_level = 3.6
myhostname = mail.example.test
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/mailstead/tls/ecdsa/combined.pem /etc/mailstead/tls/rsa/combined.pem
alias_maps =
maillog_file = /var/log/maillog
"""

AS_THE_FILTER = ("setpriv", "--reuid=_rspamd", "--regid=_rspamd", "--init-groups")

Inside = Callable[..., Any]


def asking(machine: Machine) -> Inside:
    """Calls a function of filter_inside.py in the machine."""
    return partial(inside.ask, machine, filter_inside)


def set_up(machine: Machine) -> list[str]:
    inside.bring(machine, filter_inside, milter_client)
    return list(again(machine))


def again(machine: Machine) -> Any:
    return asking(machine)("apply", **about(machine))


def about(machine: Machine) -> dict[str, Any]:
    return {"release": machine.release, "forward_to": GATEWAY, "has_systemd": machine.has_init}


@pytest.fixture(scope="module")
def mail(lab: Lab, release: str) -> Iterator[Machine]:
    with lab.borrowed(lab.boot(release, "mail", "program")) as machine:
        set_up(machine)
        yield machine


@pytest.fixture(scope="module")
def call(mail: Machine) -> Inside:
    return asking(mail)


def owners(machine: Machine, *paths: str) -> dict[str, str]:
    found = machine.run("stat", "--format", "%n %a %U:%G", *paths).stdout
    return dict(line.split(" ", 1) for line in found.splitlines())


def test_a_second_run_has_nothing_to_change(mail: Machine) -> None:
    assert again(mail) == []


def test_no_check_fails_and_only_what_needs_the_world_warns(mail: Machine, call: Inside) -> None:
    found = call("checks", **about(mail))
    assert {name for name, result in found.items() if result["status"] == "fail"} == set()
    warned = {name for name, result in found.items() if result["status"] == "warn"}
    assert warned <= {"unbound.resolves", *(name for name in found if name.startswith("dkim.record-"))}


def test_sockets_and_keys_belong_to_those_who_may_use_them(mail: Machine) -> None:
    expected = {
        "/run/redis-mail/redis.sock": "660 redis:redis",
        "/run/rspamd/controller.sock": "660 _rspamd:rspamd-learn",
        "/var/spool/postfix/rspamd": "750 _rspamd:postfix",
        "/var/spool/postfix/rspamd/milter.sock": "660 _rspamd:postfix",
        "/etc/mailstead/dkim": "750 root:_rspamd",
        "/etc/mailstead/dkim/example.test.r1.key": "640 root:_rspamd",
        "/etc/mailstead/dkim/example.test.e1.key": "640 root:_rspamd",
        "/etc/mailstead/tls/ca/ca.key": "600 root:root",
        "/etc/mailstead/tls/ca/ca.pem": "644 root:root",
        "/etc/mailstead/tls/rsa/privkey.pem": "600 root:root",
        "/etc/mailstead/tls/ecdsa/combined.pem": "600 root:root",
    }
    assert owners(mail, *expected) == expected


def test_nothing_new_listens_to_the_network(mail: Machine) -> None:
    listening = {line.split()[3] for line in mail.run("ss", "-Hltn").stdout.splitlines()}
    assert {address for address in listening if not address.endswith(":22")} == {"127.0.0.1:53", "[::1]:53"}


@pytest.mark.parametrize("unit", ["rspamd.service", "unbound.service", "redis-server@mail.service"])
def test_a_service_that_is_broken_into_can_do_little(mail: Machine, unit: str) -> None:
    report = mail.run("systemd-analyze", "security", "--no-pager", unit).stdout
    exposure = float(report.splitlines()[-1].split(":")[1].split()[0])
    assert exposure <= 3.0


def test_what_a_user_sends_is_signed_with_both_keys(call: Inside) -> None:
    result = call("handed", **SENT_BY_A_USER)
    assert result["action"] == "a"
    assert result["signatures"] == {"rsa-sha256": True, "ed25519-sha256": True}


def test_what_a_user_of_another_domain_here_sends_is_signed_for_that_domain(call: Inside) -> None:
    headers = [
        ["From", "x@second.example.test"],
        ["To", "bob@other.test"],
        ["Subject", "Hi"],
        ["Date", "Tue, 24 Nov 2026 04:00:00 +0000"],
    ]
    sent = {
        "sender": "x@second.example.test",
        "recipients": ["bob@other.test"],
        "login": "x@second.example.test",
    }
    result = call("handed", headers=headers, **sent)
    assert result["signatures"] == {"rsa-sha256": True, "ed25519-sha256": True}
    assert all(
        "d=second.example.test" in value for name, value in result["added"] if name == "DKIM-Signature"
    )


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.7", "172.17.0.1", "192.168.1.1"])
def test_a_stranger_who_claims_to_be_a_user_gets_no_signature(call: Inside, client: str) -> None:
    forged = {"sender": "anna@example.test", "recipients": ["bob@example.test"], "client": client}
    assert call("handed", **forged)["signatures"] == {}


def test_a_login_name_is_not_told_to_the_world(call: Inside) -> None:
    added = call("handed", **SENT_BY_A_USER)["added"]
    assert not any(name.lower() in {"authentication-results", "x-spam-status"} for name, _ in added)


def test_spam_is_refused(call: Inside) -> None:
    result = call("handed", body=GTUBE, **FROM_OUTSIDE)
    assert result["action"] == "y"
    assert result["reply"].startswith("554 5.7.1")


@pytest.mark.parametrize("sender", ["me@blocked.example", "ME@BLOCKED.EXAMPLE", "spam/er#1@x.test"])
def test_a_blocked_sender_is_refused(call: Inside, sender: str) -> None:
    # Texts of their own: one that is greylisted already is put off before it is refused.
    message = {**FROM_OUTSIDE, "sender": sender, "body": f"Words of {sender}.\r\n"}
    assert "sender is blocked" in call("handed", **message)["reply"]


def test_a_blocked_recipient_is_refused_and_others_are_not(call: Inside) -> None:
    replies = [
        call("handed", **{**FROM_OUTSIDE, "recipients": [address], "body": f"For {address}.\r\n"})["reply"]
        for address in ("gone@example.test", "begone@example.test")
    ]
    assert "takes no mail" in replies[0]
    assert "takes no mail" not in replies[1]


def test_verdicts_that_came_with_a_message_are_taken_out(call: Inside) -> None:
    forged = [
        ["Authentication-Results", "mail.example.test; dkim=pass"],
        ["X-Spam", "No"],
        ["From", "c@other.test"],
    ]
    removed = {name for name, _ in call("handed", headers=forged, **FROM_OUTSIDE)["removed"]}
    assert {"Authentication-Results", "X-Spam"} <= removed


def test_results_are_written_into_what_comes_in(call: Inside) -> None:
    names = [name for name, _ in call("handed", **FROM_OUTSIDE)["added"]]
    assert "Authentication-Results" in names
    assert "X-Spam-Status" in names


def test_the_filter_is_taught_over_its_socket_by_its_group_only(mail: Machine, call: Inside) -> None:
    assert call("learn", text=" ".join(f"word{number}" for number in range(30))) == {"success": True}
    script = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/rspamd/controller.sock')"
    member = [
        "setpriv",
        "--reuid=nobody",
        "--regid=nogroup",
        "--groups=rspamd-learn",
        "python3",
        "-c",
        script,
    ]
    stranger = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "python3", "-c", script]
    assert mail.run(*member, check=False).returncode == 0
    assert "PermissionError" in mail.run(*stranger, check=False).stderr


def test_without_redis_mail_still_flows_and_the_check_says_so(mail: Machine, call: Inside) -> None:
    mail.run("systemctl", "stop", "redis-server@mail")
    try:
        assert call("handed", **SENT_BY_A_USER)["signatures"] == {"rsa-sha256": True, "ed25519-sha256": True}
        assert call("handed", **FROM_OUTSIDE)["action"] == "a"
        found = call("checks", **about(mail))
        assert found["redis.answers"]["status"] == "fail"
        assert found["rspamd.milter"]["status"] == "ok"
    finally:
        mail.run("systemctl", "start", "redis-server@mail")
    assert call("checks", **about(mail))["redis.answers"]["status"] == "ok"


def test_what_was_learned_survives_a_restart_of_redis(mail: Machine, call: Inside) -> None:
    call("learn", text=" ".join(f"lasting{number}" for number in range(30)))
    before = mail.run("redis-cli", "-s", "/run/redis-mail/redis.sock", "DBSIZE").stdout
    mail.run("systemctl", "restart", "redis-server@mail")
    assert mail.run("redis-cli", "-s", "/run/redis-mail/redis.sock", "DBSIZE").stdout == before != "0\n"


def test_the_machine_resolves_names_through_its_own_resolver(lab: Lab, mail: Machine, call: Inside) -> None:
    lab.dns.set("example.test", "hello", "A", "192.0.2.99")
    assert call("resolved", name="hello.example.test.", kind="A") == ["192.0.2.99"]
    assert mail.run("getent", "ahostsv4", "hello.example.test").stdout.startswith("192.0.2.99")
    assert "nameserver 127.0.0.1" in mail.read("/etc/resolv.conf").splitlines()


def test_a_published_key_is_compared_with_the_one_on_disk(lab: Lab, mail: Machine, call: Inside) -> None:
    right, wrong = "dkim.record-r1.example.test", "dkim.record-e1.example.test"
    (line,) = [line for line in call("zone").splitlines() if line.startswith("r1._domainkey.example.test.")]
    lab.dns.set("example.test", "r1._domainkey", "TXT", line.split(" TXT ")[1])
    lab.dns.set("example.test", "e1._domainkey", "TXT", "v=DKIM1; k=ed25519; p=AAAA")
    try:
        found = call("checks", **about(mail))
    finally:
        lab.dns.remove("example.test", "r1._domainkey", "TXT")
        lab.dns.remove("example.test", "e1._domainkey", "TXT")
    assert found[right]["status"] == "ok"
    assert found[wrong]["status"] == "fail"
    assert "publish e1._domainkey.example.test TXT" in found[wrong]["mend"]
    assert found["dkim.record-e1.second.example.test"]["status"] == "warn"


def test_without_any_dns_the_resolver_runs_and_says_that_it_reaches_nobody(
    lab: Lab, mail: Machine, call: Inside
) -> None:
    with lab.dns.silent():
        found = call("checks", **about(mail))
        assert found["unbound.answers"]["status"] == "ok"
        assert found["unbound.resolves"]["status"] == "warn"
        assert "resolver" in found["dkim.record-r1.example.test"]["seen"]
    lab.dns.set("example.test", "back", "A", "192.0.2.98")
    mail.wait_for("getent", "ahostsv4", "back.example.test", timeout=60)


def test_a_configuration_that_rspamd_cant_read_is_refused_before_it_goes_live(mail: Machine) -> None:
    mail.write("/etc/mailstead/override/rspamd/actions.conf", "reject = { = ;\n")
    try:
        assert mail.run(*AS_THE_FILTER, "rspamadm", "configtest", check=False).returncode != 0
    finally:
        mail.run("rm", "/etc/mailstead/override/rspamd/actions.conf")
    assert mail.run(*AS_THE_FILTER, "rspamadm", "configtest", check=False).returncode == 0


def test_an_override_of_the_admin_wins(mail: Machine) -> None:
    mail.write("/etc/mailstead/override/rspamd/actions.conf", "reject = 33;\n")
    try:
        assert "reject = 33" in mail.run("rspamadm", "configdump", "actions").stdout
    finally:
        mail.run("rm", "/etc/mailstead/override/rspamd/actions.conf")


def test_reports_about_other_domains_are_sent_once_a_day(mail: Machine) -> None:
    mail.run("systemctl", "start", "mailstead-dmarc-reports.service")
    assert "mailstead-dmarc-reports.timer" in mail.run("systemctl", "list-timers", "--no-pager").stdout


def test_postfix_serves_both_certificates_and_clients_that_trust_the_authority_take_them(
    mail: Machine, call: Inside
) -> None:
    mail.write("/etc/postfix/main.cf", PLAIN_POSTFIX)
    mail.write("/etc/postfix/master.cf", mail.read("/usr/share/postfix/master.cf.dist"))
    mail.run("postfix", "start")
    try:
        assert call("served", port=25, starttls="smtp", kind="rsa")["kind"] == "rsa"
        assert call("served", port=25, starttls="smtp", kind="ecdsa")["kind"] == "ecdsa"
        client = [
            "openssl",
            "s_client",
            "-connect",
            "127.0.0.1:25",
            "-starttls",
            "smtp",
            "-verify_return_error",
        ]
        trusting = [
            *client,
            "-CAfile",
            "/etc/mailstead/tls/ca/ca.pem",
            "-verify_hostname",
            "mail.example.test",
        ]
        assert "Verify return code: 0 (ok)" in mail.run(*trusting, input="QUIT\n").stdout
        assert mail.run(*client, input="QUIT\n", check=False).returncode != 0
    finally:
        mail.run("postfix", "stop")


def test_everything_comes_back_after_a_reboot(mail: Machine, call: Inside) -> None:
    mail.reboot()
    found = call("checks", **about(mail))
    assert {
        name
        for name in ("unbound.answers", "redis.answers", "rspamd.milter")
        if found[name]["status"] != "ok"
    } == set()
    assert again(mail) == []


def test_a_container_without_an_init_system_gets_the_same(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.container(release, "box", "program")) as box:
        set_up(box)
        assert again(box) == []
        call = asking(box)
        found = call("checks", **about(box))
        assert {name for name, result in found.items() if result["status"] == "fail"} == set()
        assert call("handed", **SENT_BY_A_USER)["signatures"] == {"rsa-sha256": True, "ed25519-sha256": True}
        assert call("handed", body=GTUBE, **FROM_OUTSIDE)["action"] == "y"
        assert owners(box, "/var/spool/postfix/rspamd/milter.sock", "/run/redis-mail/redis.sock") == {
            "/var/spool/postfix/rspamd/milter.sock": "660 _rspamd:postfix",
            "/run/redis-mail/redis.sock": "660 redis:redis",
        }
        for script in ("mailstead-redis", "rspamd", "unbound"):
            # Into nothing: a service that started keeps what it was given as its output open.
            box.run("sh", "-c", f"service {script} restart >/dev/null 2>&1")
            box.wait_for("service", script, "status")
        assert box.run("ls", "/etc/cron.d/").stdout.split().count("mailstead-dmarc-reports") == 1
