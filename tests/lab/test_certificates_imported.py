"""Certificates that somebody else issued, on servers that run: taken, refused, renewed, and taken back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.server import differences, is_settled, quickstart, tree, write_answers
from tests.issuer import Issuer, Pair, key_pem, pem
from tests.lab.lab import Lab
from tests.lab.machine import Machine

HOST = "mail.example.test"
CHAIN, KEY = "/root/chain.pem", "/root/key.pem"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A server after its first run. Each test brings a certificate of its own."""
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        first = quickstart(ready)
        assert first.is_proven, str(first)
        yield ready


def put(server: Machine, pair: Pair) -> None:
    server.write(CHAIN, pair.chain)
    server.write(KEY, pair.key, 0o600)


def served(server: Machine) -> dict[str, Any]:
    """What each port serves, by the machine's own word."""
    found = json.loads(server.run("mailstead", "cert", "status", "--json", check=False).stdout)
    return {port["name"]: port["served"]["sha256"] for port in found["ports"]}


def certificate_of(server: Machine, port: int) -> str:
    """What a client gets there: the serial number, by openssl."""
    starttls = ["-starttls", "smtp"] if port in {25, 587} else []
    shown = server.run("openssl", "s_client", *starttls, "-connect", f"127.0.0.1:{port}", input="QUIT\n")
    return server.run("openssl", "x509", "-noout", "-serial", input=shown.stdout).stdout.strip()


def serial_of(server: Machine, pair: Pair) -> str:
    return server.run("openssl", "x509", "-noout", "-serial", input=pair.chain).stdout.strip()


def bring_in(server: Machine, issuer: Issuer) -> Pair:
    """A server with a good imported certificate."""
    pair = issuer.pair(HOST)
    put(server, pair)
    done = server.run("mailstead", "cert", "import", CHAIN, KEY, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return pair


def test_an_imported_certificate_is_served_on_every_port_alone(server: Machine, issuer: Issuer) -> None:
    pair = bring_in(server, issuer)

    assert {certificate_of(server, port) for port in (25, 587, 465, 993)} == {serial_of(server, pair)}
    assert len(set(served(server).values())) == 1
    assert 'source = "imported"' in server.read("/etc/mailstead/answers.toml")
    assert is_settled(server)
    assert server.run("mailstead", "prove", check=False).returncode == 0


def test_files_that_cannot_be_served_are_refused_in_words_and_nothing_is_touched(
    server: Machine, issuer: Issuer
) -> None:
    own, leaf = issuer.issue(HOST)
    faults = {
        "ended on": issuer.pair(HOST, days=-1, starts=-90),
        "does not belong to": Pair(issuer.pair(HOST).key, issuer.pair(HOST).chain),
        "encrypted with a passphrase": Pair(key_pem(own, "secret"), pem(leaf, issuer.middle)),
        "not for mail.example.test": issuer.pair("www.example.test"),
    }
    before, ports = tree(server), served(server)

    for words, pair in faults.items():
        server.write("/root/bad/chain.pem", pair.chain)
        server.write("/root/bad/key.pem", pair.key, 0o600)
        refused = server.run(
            "mailstead", "cert", "import", "/root/bad/chain.pem", "/root/bad/key.pem", check=False
        )
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert words in refused.stderr

    assert differences(before, tree(server)) == []
    assert served(server) == ports


def test_answers_that_name_a_bad_certificate_are_refused_before_anything_is_touched(
    server: Machine, issuer: Issuer
) -> None:
    pair = issuer.pair("www.example.test")
    server.write("/root/bad/chain.pem", pair.chain)
    server.write("/root/bad/key.pem", pair.key, 0o600)
    answers = write_answers(
        server,
        source='source = "imported"',
        certificate='certificate = "/root/bad/chain.pem"',
        key='key = "/root/bad/key.pem"',
    )
    before = tree(server)

    refused = server.run("mailstead", "replay", "--answers", answers, check=False)

    assert refused.returncode == 1
    assert "the certificate is for www.example.test, not for mail.example.test" in refused.stderr
    assert differences(before, tree(server)) == []


def test_a_reversed_chain_is_put_in_order_and_said(server: Machine, issuer: Issuer) -> None:
    own, leaf = issuer.issue(HOST)
    put(server, Pair(key_pem(own), pem(issuer.root, issuer.middle, leaf)))

    done = server.run("mailstead", "cert", "import", CHAIN, KEY, check=False, timeout=300)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "put in order" in done.stderr
    shown = server.run("openssl", "s_client", "-showcerts", "-connect", "127.0.0.1:993", input="")
    assert shown.stdout.count("BEGIN CERTIFICATE") == 2
    assert server.read("/etc/mailstead/tls/imported/fullchain.pem") == pem(leaf, issuer.middle)


def test_renewed_files_are_taken_up_without_anybody(server: Machine, issuer: Issuer) -> None:
    bring_in(server, issuer)
    renewed = issuer.pair(HOST)
    put(server, renewed)
    assert server.run("mailstead", "plan", check=False).returncode == 3

    server.run("systemctl", "start", "mailstead-certificates.service", timeout=300)

    assert certificate_of(server, 993) == certificate_of(server, 25) == serial_of(server, renewed)
    assert is_settled(server)


def test_half_renewed_files_are_refused_and_the_old_certificate_is_served_on(
    server: Machine, issuer: Issuer
) -> None:
    pair = bring_in(server, issuer)
    server.write(CHAIN, issuer.pair(HOST).chain)

    refused = server.run("mailstead", "cert", "refresh", check=False)

    assert refused.returncode == 1
    assert "does not belong to" in refused.stderr
    found = server.run("mailstead", "check", "certificates.files", check=False).stdout
    assert "served on" in found
    assert certificate_of(server, 465) == serial_of(server, pair)


def test_the_old_certificate_comes_back_when_the_new_one_does_not_serve(
    server: Machine, issuer: Issuer
) -> None:
    pair = bring_in(server, issuer)
    deaf = "/etc/systemd/system/dovecot.service.d/deaf.conf"
    server.write(deaf, "[Service]\nExecReload=\nExecReload=/bin/true\n")
    server.run("systemctl", "daemon-reload")
    put(server, issuer.pair(HOST))

    failed = server.run("mailstead", "cert", "refresh", check=False, timeout=300)

    server.run("rm", deaf)
    server.run("systemctl", "daemon-reload")
    assert failed.returncode == 1
    assert "certificates is back as it was before this run" in failed.stdout
    assert "another certificate than those on disk" in failed.stdout
    assert {certificate_of(server, port) for port in (25, 465, 993)} == {serial_of(server, pair)}
    assert server.read("/etc/mailstead/tls/imported/fullchain.pem") == pair.chain
    assert server.run("mailstead", "cert", "renew", check=False, timeout=300).returncode == 0


def test_files_that_are_gone_leave_what_was_installed_in_force(server: Machine, issuer: Issuer) -> None:
    pair = bring_in(server, issuer)
    server.run("rm", CHAIN, KEY)

    replayed = server.run("mailstead", "replay", check=False, timeout=300)

    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "can't be taken again" in replayed.stdout
    assert certificate_of(server, 993) == serial_of(server, pair)


def test_a_certificate_that_ends_soon_is_warned_of(server: Machine, issuer: Issuer) -> None:
    put(server, issuer.pair(HOST, days=10))
    server.run("mailstead", "cert", "import", CHAIN, KEY, timeout=300)

    found = json.loads(server.run("mailstead", "check", "certificates.imported", "--json").stdout)

    (check,) = found["checks"]
    assert check["status"] == "warn"
    assert f"{datetime.now(UTC):%Y}"[:2] in check["seen"]


def test_the_source_can_be_switched_back(server: Machine, issuer: Issuer) -> None:
    bring_in(server, issuer)

    done = server.run("mailstead", "replay", "--answers", write_answers(server), check=False, timeout=300)

    assert done.returncode == 0, done.stdout + done.stderr
    shown = server.run("openssl", "s_client", "-connect", "127.0.0.1:993", input="").stdout
    assert "Mailstead CA of mail.example.test" in shown
    assert is_settled(server)
