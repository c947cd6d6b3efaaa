"""Certificates by ACME on servers that run: issued, renewed, refused, and never worse than before."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.server import Replayed, differences, is_settled, mailstead, quickstart, tree, write_answers
from tests.lab.acme import DIRECTORY, LETS_ENCRYPT, NAME, STAGING, Acme, authority, could_not_ask
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.network import AUTHORITATIVE

KINDS = {"ecdsa": "ECDSA", "rsa": "RSA"}
ROOT = "/root/acme.pem"
TLS = "/etc/mailstead/tls"
UPDATE_SECRET = "c2VjcmV0IG9mIHRoZSB1cGRhdGUga2V5IDMyIG9jdHM="


@pytest.fixture(scope="module")
def acme(lab: Lab) -> Iterator[Acme]:
    with authority(lab) as running:
        yield running


@pytest.fixture(scope="module")
def server(lab: Lab, release: str, acme: Acme) -> Iterator[Machine]:
    """A server after its first run, with an authority of its own."""
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        first = quickstart(ready)
        assert first.is_proven, str(first)
        ready.write(ROOT, acme.root)
        yield ready


def acme_answers(machine: Machine, directory: str = DIRECTORY, /, **changes: str) -> str:
    return write_answers(
        machine,
        source='source = "acme"',
        directory=f'directory = "{directory}"',
        ca_file=f'ca_file = "{ROOT}"',
        **changes,
    )


def replay(server: Machine, answers: str) -> Replayed:
    return mailstead(server, "replay", "--answers", answers, timeout=600)


def issue(server: Machine) -> None:
    """Brings a server to certificates from the authority, by HTTP."""
    done = replay(server, acme_answers(server))
    if could_not_ask(str(done)):
        done = replay(server, acme_answers(server))
    assert done.is_proven, str(done)


def own_authority(server: Machine) -> None:
    """Brings a server back to its own authority, as if it had never asked for anything."""
    done = replay(server, write_answers(server))
    assert done.is_proven, str(done)
    server.run("sh", "-c", "cd /etc/letsencrypt && rm -rf live archive renewal accounts || true")


def shown(server: Machine, port: int, kind: str) -> str:
    """The certificate that a client gets there who takes only that kind of key, PEM."""
    starttls = ["-starttls", "smtp"] if port in {25, 587} else []
    only = ["-tls1_2", "-cipher", f"ECDHE+a{KINDS[kind]}"]
    done = server.run(
        "openssl", "s_client", *starttls, *only, "-connect", f"127.0.0.1:{port}", input="QUIT\n"
    )
    return server.run("openssl", "x509", input=done.stdout).stdout


def everything_shown(server: Machine) -> dict[tuple[int, str], str]:
    return {(port, kind): shown(server, port, kind) for port in (25, 587, 465, 993) for kind in KINDS}


def field_of(server: Machine, certificate: str, option: str) -> str:
    return server.run("openssl", "x509", "-noout", option, input=certificate).stdout.strip()


def finding(server: Machine, check: str) -> dict[str, Any]:
    (found,) = json.loads(server.run("mailstead", "check", check, "--json", check=False).stdout)["checks"]
    return dict(found)


def make_due(server: Machine) -> None:
    """From now on certbot takes every certificate for one that ends soon."""
    edit = "s/^#* *renew_before_expiry = .*/renew_before_expiry = 20 years/"
    server.run("sh", "-c", f"sed -i '{edit}' /etc/letsencrypt/renewal/*.conf")


def test_certificates_of_both_kinds_are_issued_and_served(server: Machine, lab: Lab) -> None:
    own_authority(server)

    issue(server)

    for certificate in everything_shown(server).values():
        assert "Pebble" in field_of(server, certificate, "-issuer")
    key = server.run("openssl", "pkey", "-in", f"{TLS}/rsa/privkey.pem", "-noout", "-text").stdout
    assert "3072 bit" in key
    assert finding(server, "certificates.acme")["status"] == "ok"
    assert is_settled(server)
    # open for the question of the authority, and nobody there otherwise: refused, not left without an answer
    with pytest.raises(ConnectionRefusedError):
        lab.attacker.connect("mail.example.test", 80, timeout=5)


def test_certbots_timer_renews_for_the_same_keys_and_every_port_serves_the_new_ones(
    server: Machine,
) -> None:
    issue(server)
    before = everything_shown(server)
    make_due(server)

    server.run("systemctl", "start", "certbot.service", timeout=600)

    after = everything_shown(server)
    assert all(after[where] != before[where] for where in before)
    for where, certificate in after.items():
        assert field_of(server, certificate, "-pubkey") == field_of(server, before[where], "-pubkey")
    assert is_settled(server)
    assert server.run("systemctl", "is-enabled", "certbot.timer").stdout.strip() == "enabled"


def test_a_renewed_certificate_that_does_not_serve_gives_way_to_the_old_one(
    server: Machine,
) -> None:
    issue(server)
    before = everything_shown(server)
    deaf = "/etc/systemd/system/dovecot.service.d/deaf.conf"
    server.write(deaf, "[Service]\nExecReload=\nExecReload=/bin/true\n")
    server.run("systemctl", "daemon-reload")

    failed = server.run("mailstead", "cert", "renew", check=False, timeout=600)

    server.run("rm", deaf)
    server.run("systemctl", "daemon-reload")
    assert failed.returncode == 1
    assert "certificates is back as it was before this run" in failed.stdout
    assert everything_shown(server) == before
    mended = server.run("mailstead", "cert", "renew", check=False, timeout=600)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    after = everything_shown(server)
    assert all(after[where] != before[where] for where in before)


def test_an_authority_that_issues_nothing_is_told_and_the_own_one_serves_on(
    server: Machine, acme: Acme, lab: Lab
) -> None:
    own_authority(server)
    before = everything_shown(server)
    answers = acme_answers(server)

    with acme.unreachable():
        unreachable = replay(server, answers)
    with acme.limiting():
        limited = replay(server, answers)
    lab.dns.set("example.test", "mail", "AAAA")
    lab.dns.set("example.test", "mail", "A", acme.endpoint.address)
    refused = replay(server, answers)
    lab.dns.add_host("mail.example.test", server.address, server.address6)

    for failed, words in (
        (unreachable, "can't be reached"),
        (limited, "a rate limit is reached"),
        (refused, "could not prove that this server has its name"),
    ):
        assert failed.status == 1, str(failed)
        assert not failed.of("stage_failed"), str(failed)
        (told,) = [event for event in failed.of("checked") if event["id"] == "certificates.acme"]
        assert words in told["seen"]
        assert "the own authority are served" in told["seen"]
    assert everything_shown(server) == before
    assert server.run("mailstead", "prove", check=False).returncode == 0
    issue(server)
    assert finding(server, "certificates.acme")["status"] == "ok"


def test_a_renewal_that_is_refused_leaves_what_is_served(server: Machine, acme: Acme) -> None:
    issue(server)
    before = everything_shown(server)

    with acme.limiting():
        refused = server.run("mailstead", "cert", "renew", check=False, timeout=600)

    assert "rate limit" in refused.stdout
    assert everything_shown(server) == before
    told = finding(server, "certificates.acme")
    assert told["status"] == "warn"
    assert "5 certificates a week" in told["mend"]
    again = server.run("mailstead", "cert", "renew", check=False, timeout=600)
    assert again.returncode == 0, again.stdout + again.stderr
    assert finding(server, "certificates.acme")["status"] == "ok"


def test_lets_encrypt_is_asked_after_a_rehearsal_and_by_dns_no_port_is_opened(
    server: Machine, acme: Acme, lab: Lab
) -> None:
    own_authority(server)
    lab.dns.accept_updates("example.test", UPDATE_SECRET)
    server.write("/etc/mailstead/secrets/dns-update", f"{UPDATE_SECRET}\n", 0o600)
    answers = acme_answers(
        server,
        "letsencrypt",
        challenge='challenge = "dns-01"',
        publish='publish = "rfc2136"',
        server=f'server = "{AUTHORITATIVE}"',
        key_name='key_name = "update"',
    )
    acme.asked.clear()

    with acme.limiting():
        limited = replay(server, answers)
    only_rehearsed = set(acme.orders)
    acme.asked.clear()
    done = replay(server, answers)

    assert limited.status == 1
    assert only_rehearsed == {STAGING}
    assert done.is_proven, str(done)
    assert acme.orders == [STAGING, LETS_ENCRYPT, LETS_ENCRYPT]
    assert "Pebble" in field_of(server, shown(server, 993, "rsa"), "-issuer")
    assert lab.dns.lookup("_acme-challenge.mail.example.test", "TXT") == ()
    assert not lab.attacker.can_connect("mail.example.test", 80)
    assert "80" not in server.run("nft", "list", "chain", "inet", "mailstead", "input").stdout.split()
    assert UPDATE_SECRET not in server.run("sh", "-c", "cat /var/lib/mailstead/runs/*/journal.jsonl").stdout


def test_back_at_the_own_authority_nothing_is_renewed_any_more(server: Machine, acme: Acme) -> None:
    issue(server)

    back = replay(server, write_answers(server))

    assert back.is_proven, str(back)
    assert "Mailstead CA" in field_of(server, shown(server, 465, "ecdsa"), "-issuer")
    assert is_settled(server)
    acme.asked.clear()
    make_due(server)
    server.run("systemctl", "start", "certbot.service", timeout=600)
    assert acme.asked == []
    issue(server)
    assert acme.orders == [], f"what was issued by {NAME} is still good"


def test_a_renewal_at_night_with_the_disk_full_leaves_the_server_as_it_was(
    lab: Lab, release: str, acme: Acme
) -> None:
    with lab.borrowed(lab.boot(release, "full", image="program", disk_mib=500)) as machine:
        machine.write(ROOT, acme.root)
        text = machine.read(acme_answers(machine)).replace("mail.example.test", "full.example.test")
        machine.write("/root/answers.toml", text, 0o600)
        first = replay(machine, "/root/answers.toml")
        assert first.is_proven, str(first)
        before, files = everything_shown(machine), tree(machine, TLS)
        make_due(machine)
        # the lab copies the program in uncompiled: what Python compiles on a full disk is cut off
        machine.run("mailstead", "cert", "renew", timeout=600)
        before, files = everything_shown(machine), tree(machine, TLS)
        make_due(machine)
        machine.run("sh", "-c", "cat /dev/zero > /filler", check=False)

        # certbot itself may still find the few blocks that it needs; what it got is not installed then
        machine.run("systemctl", "start", "certbot.service", check=False, timeout=600)
        assert everything_shown(machine) == before
        assert differences(files, tree(machine, TLS)) == []
        by_hand = machine.run("mailstead", "cert", "renew", check=False, timeout=600)

        assert by_hand.returncode == 1
        assert "can't be written to" in by_hand.stderr or "MiB are free" in by_hand.stderr
        assert "Traceback" not in by_hand.stderr
        assert everything_shown(machine) == before
        assert differences(files, tree(machine, TLS)) == []
        machine.run("rm", "/filler")
        done = machine.run("mailstead", "cert", "renew", check=False, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        assert everything_shown(machine) != before
