"""DANE (RFC 7672) between a server and another one that validates: verified both ways, refused when wrong."""

import re
import time
from collections.abc import Iterator

import pytest

from tests.e2e.server import ADMIN, mailstead, write_answers
from tests.lab.between_servers import log_of, seen, send
from tests.lab.dns import UNBLOCKING
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.remote import CERTIFICATE, Remote

ZONE, PEER_ZONE = "example.test", "peer.test"
HOST, PEER = f"mail.{ZONE}", f"mx3.{PEER_ZONE}"
NOBODYS = "0" * 64


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A server that asks the root itself, with all of its records in a signed zone."""
    lab.dns.clear(ZONE)
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        ready.write("/etc/mailstead/override/unbound/unbound.conf", UNBLOCKING)
        answers = write_answers(
            ready,
            forward_to="forward_to = []",
            dnssec="dnssec = true",
            greylisting="greylisting = false",
        )
        done = mailstead(ready, "replay", "--answers", answers, timeout=600)
        assert done.is_proven, str(done)
        lab.dns.sign(ZONE)
        yield ready
        lab.dns.unsign(ZONE)
        lab.dns.load(ZONE, "")


@pytest.fixture(scope="module")
def peer(lab: Lab) -> Iterator[Remote]:
    """The other server: it has a resolver of its own that validates, and believes in DANE."""
    lab.dns.add_zone(PEER_ZONE)
    with lab.borrowed(lab.boot("bookworm", "mx3", image="packages", domain=PEER_ZONE)) as machine:
        machine.write("/etc/unbound/unbound.conf.d/lab.conf", UNBLOCKING)
        machine.run("systemctl", "restart", "unbound")
        machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        remote = Remote.set_up(machine, lab.dns, PEER_ZONE)
        machine.run("postconf", "-e", "smtp_tls_security_level = dane", "smtp_dns_support_level = dnssec")
        machine.run("postfix", "reload")
        lab.dns.sign(PEER_ZONE)
        yield remote
        lab.dns.unsign(PEER_ZONE)


@pytest.fixture
def zone(lab: Lab, server: Machine, peer: Remote) -> str:
    """Both servers' right records, published, with nothing remembered of what was there before."""
    text = server.run("mailstead", "dns", "records", "--zone").stdout.replace(" 3600 IN ", " 0 IN ")
    lab.dns.load(ZONE, text)
    lab.dns.set(PEER_ZONE, "_25._tcp.mx3", "TLSA", f"3 1 1 {key_of(peer)}")
    forget(server, peer)
    return text


def key_of(peer: Remote) -> str:
    """SHA-256 of its certificate's public key."""
    key = 'openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum'
    return peer.machine.run("sh", "-c", key, "key", CERTIFICATE).stdout.split()[0]


def forget(server: Machine, peer: Remote) -> None:
    """Nothing is remembered of records and name servers, and no TLS session is taken up again.

    A running smtp(8) keeps a TLSA record for a second or two, whatever its TTL (src/tls/tls_dane.c): hence
    new ones.
    """
    peer.machine.run("postconf", "-e", "smtp_tls_session_cache_database =")
    for machine in (server, peer.machine):
        machine.run("unbound-control", "flush_infra", "all")
        machine.run("unbound-control", "flush_zone", ".")
        machine.run("postfix", "reload")


def finger(peer: Remote, domain: str) -> str:
    """What the other server's Postfix finds of the way to a domain, by DANE only.

    While DNS has no answer yet, which on a busy machine takes Unbound long, it asks again.
    """
    give_up = time.monotonic() + 30
    while True:
        done = peer.machine.run("posttls-finger", "-t", "20", "-l", "dane-only", "-c", domain, check=False)
        said = done.stdout + done.stderr
        if "try again" not in said or time.monotonic() > give_up:
            return said


def test_the_other_server_verifies_this_one(peer: Remote, zone: str) -> None:
    assert f"_25._tcp.{HOST}. 0 IN TLSA 3 1 1 " in zone
    assert f"Verified TLS connection established to {HOST}[" in finger(peer, ZONE)
    before = peer.log()

    peer.send(f"bob@{PEER_ZONE}", ADMIN, "hello")

    seen(peer.log, rf"Verified TLS connection established to {HOST}\[", before)
    seen(peer.log, rf"to=<{ADMIN}>.*status=sent", before)


def test_this_server_verifies_the_other_one(server: Machine, peer: Remote, zone: str) -> None:
    assert zone
    before = log_of(server)

    send(server, f"bob@{PEER_ZONE}")

    seen(lambda: log_of(server), rf"Verified TLS connection established to {PEER}\[", before)
    seen(lambda: log_of(server), rf"to=<bob@{PEER_ZONE}>.*status=sent", before)
    peer.wait_for_mail("bob", f"from {server.release}")


def test_another_key_than_the_published_one_gets_no_mail_from_the_other_server(
    lab: Lab, server: Machine, peer: Remote, zone: str
) -> None:
    lab.dns.load(ZONE, re.sub(r"(_25\._tcp\.\S+ 0 IN TLSA 3 1 1) \S+", rf"\1 {NOBODYS}", zone))
    forget(server, peer)

    assert "Verified" not in finger(peer, ZONE)
    before = peer.log()
    peer.send(f"bob@{PEER_ZONE}", ADMIN, "not here")

    seen(peer.log, rf"to=<{ADMIN}>.*status=deferred \(Server certificate not (verified|trusted)\)", before)
    peer.machine.run("postsuper", "-d", "ALL")


def test_another_key_than_the_published_one_gets_no_mail_from_this_server(
    lab: Lab, server: Machine, peer: Remote, zone: str
) -> None:
    assert zone
    lab.dns.set(PEER_ZONE, "_25._tcp.mx3", "TLSA", f"3 1 1 {NOBODYS}")
    forget(server, peer)
    before, mail = log_of(server), len(peer.mail_of("carol"))

    send(server, f"carol@{PEER_ZONE}")

    seen(
        lambda: log_of(server),
        rf"to=<carol@{PEER_ZONE}>.*status=deferred \(Server certificate not (verified|trusted)\)",
        before,
    )
    assert len(peer.mail_of("carol")) == mail

    lab.dns.set(PEER_ZONE, "_25._tcp.mx3", "TLSA", f"3 1 1 {key_of(peer)}")
    forget(server, peer)
    server.run("postqueue", "-f")
    peer.wait_for_mail("carol", f"from {server.release}")
