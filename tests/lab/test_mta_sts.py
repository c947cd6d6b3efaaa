"""MTA-STS (RFC 8461) between a server and another one, which has Debian's postfix-mta-sts-resolver: enforced
both ways, refused when wrong.
"""

import itertools
import re
from collections.abc import Iterator

import pytest

from tests.e2e.server import ADMIN, mailstead, with_clients
from tests.issuer import Issuer, pem
from tests.lab.between_servers import log_of, seen, send
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.remote import Remote

ZONE, PEER_ZONE = "example.test", "peer.test"
HOST, PEER = f"mail.{ZONE}", f"mx3.{PEER_ZONE}"
ASKED = "socketmap:unix:/var/spool/postfix/tls-policy/socket:domain"
RESOLVER = "postfix-mta-sts-resolver"
THEIRS = "socketmap:inet:127.0.0.1:8461:postfix"
NOT_VERIFIED = r"status=deferred \(Server certificate not (verified|trusted)\)"
POLICY = "version: STSv1\nmode: enforce\nmx: {host}\nmax_age: 86400\n"
PAGES = """
import http.server, ssl
class Policy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open("/root/mta-sts.txt", "rb").read()
        is_there = self.path == "/.well-known/mta-sts.txt"
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("0.0.0.0", 443), Policy)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/postfix/tls.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
FORGETFUL = """
host: 127.0.0.1
port: 8461
cache_grace: 0
cache: {type: internal, options: {cache_size: 100}}
default_zone: {strict_testing: false, timeout: 4}
"""
"""The resolver's configuration: nothing is remembered beyond a restart."""
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A server that says by MTA-STS that mail to it must be encrypted, with its records published."""
    lab.dns.clear(ZONE)
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        answers = with_clients(
            ready, mta_sts='mta_sts = "enforce"', dane="dane = false", greylisting="greylisting = false"
        )
        done = mailstead(ready, "replay", "--answers", answers, timeout=600)
        assert done.is_proven, str(done)
        lab.dns.load(ZONE, records(ready))
        yield ready
        lab.dns.load(ZONE, "")


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    """An authority that the server trusts as it does those of the world."""
    return Issuer()


@pytest.fixture(scope="module")
def peer(lab: Lab, server: Machine, issuer: Issuer) -> Iterator[Remote]:
    """The other server: it publishes a policy, and enforces those of others."""
    lab.dns.add_zone(PEER_ZONE)
    with lab.borrowed(lab.boot("bookworm", "mx3", image="remote", domain=PEER_ZONE)) as machine:
        remote = Remote.set_up(machine, lab.dns, PEER_ZONE)
        pair = issuer.pair(PEER, f"mta-sts.{PEER_ZONE}")
        machine.write("/etc/postfix/tls.pem", pair.key + pair.chain, 0o600)
        trust(server, pem(issuer.root))
        trust(machine, server.read("/etc/mailstead/tls/ca/ca.pem"))
        lab.dns.set(PEER_ZONE, "mta-sts", "A", machine.address)
        machine.write("/root/pages.py", PAGES)
        machine.run("systemd-run", "--unit", "pages", "python3", "/root/pages.py")
        machine.run("apt-get", "install", "-y", "--no-install-recommends", RESOLVER, timeout=300)
        machine.write("/etc/mta-sts-daemon.yml", FORGETFUL)
        machine.run("systemctl", "restart", RESOLVER)
        machine.run(
            *("postconf", "-e", f"smtp_tls_policy_maps = {THEIRS}"),
            "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt",
        )
        machine.run("postfix", "reload")
        yield remote


def records(server: Machine) -> str:
    """What the server wants published, for no longer than a moment."""
    return server.run("mailstead", "dns", "records", "--zone").stdout.replace(" 3600 IN ", " 0 IN ")


def trust(machine: Machine, root: str) -> None:
    """Let a machine believe in an authority, as in those that Debian brings."""
    machine.write("/usr/local/share/ca-certificates/tests.crt", root)
    machine.run("update-ca-certificates")


@pytest.fixture
def policy(lab: Lab, server: Machine, peer: Remote) -> "Publish":
    """The other server's right policy, published."""
    publish = Publish(lab, server, peer)
    publish(PEER)
    return publish


class Publish:
    """Publishes a policy of the other server's under a new id, for an smtp(8) that knows of no other."""

    def __init__(self, lab: Lab, server: Machine, peer: Remote) -> None:
        self._lab, self._server, self._peer = lab, server, peer

    def __call__(self, host: str) -> None:
        self._peer.machine.write("/root/mta-sts.txt", POLICY.format(host=host))
        self._lab.dns.set(PEER_ZONE, "_mta-sts", "TXT", f"v=STSv1; id={next(_ids)};")
        self._server.run("postfix", "reload")


def asked(server: Machine, domain: str) -> str:
    """What the server's Postfix is told of a domain."""
    return server.run("postmap", "-q", domain, ASKED, check=False).stdout.strip()


@pytest.mark.usefixtures("policy")
def test_the_other_servers_policy_is_enforced(server: Machine, peer: Remote) -> None:
    assert asked(server, PEER_ZONE) == f"secure match={PEER} servername=hostname"
    assert asked(server, "other.test") == ""
    before = log_of(server)

    send(server, f"bob@{PEER_ZONE}")

    seen(lambda: log_of(server), rf"Verified TLS connection established to {PEER}\[", before)
    peer.wait_for_mail("bob", f"from {server.release}")


def test_a_server_that_is_not_in_its_policy_gets_no_mail(
    server: Machine, peer: Remote, policy: Publish
) -> None:
    policy("elsewhere.test")
    before, mail = log_of(server), len(peer.mail_of("carol"))

    send(server, f"carol@{PEER_ZONE}")

    seen(lambda: log_of(server), rf"to=<carol@{PEER_ZONE}>.*{NOT_VERIFIED}", before)
    assert len(peer.mail_of("carol")) == mail

    policy(PEER)
    server.run("postqueue", "-f")
    peer.wait_for_mail("carol", f"from {server.release}")


@pytest.mark.usefixtures("policy")
def test_a_policy_that_was_seen_is_not_forgotten_when_it_vanishes(lab: Lab, server: Machine) -> None:
    assert asked(server, PEER_ZONE)
    lab.dns.remove(PEER_ZONE, "_mta-sts", "TXT")
    server.run("systemctl", "restart", "mailstead-tls-policy")
    server.wait_for("mailstead", "check", "tls_policy.answers")

    assert asked(server, PEER_ZONE) == f"secure match={PEER} servername=hostname"


@pytest.mark.usefixtures("policy")
def test_mail_waits_while_nobody_answers_and_the_check_says_so(server: Machine, peer: Remote) -> None:
    server.run("systemctl", "stop", "mailstead-tls-policy")
    check = server.run("mailstead", "check", "tls_policy.answers", check=False)
    assert check.returncode == 1
    assert "mail to others waits" in check.stdout
    before, mail = log_of(server), len(peer.mail_of("bob"))
    send(server, f"bob@{PEER_ZONE}")
    seen(lambda: log_of(server), rf"to=<bob@{PEER_ZONE}>.*status=deferred", before)
    assert len(peer.mail_of("bob")) == mail

    server.run("mailstead", "mend", "tls_policy.answers")
    server.wait_for("mailstead", "check", "tls_policy.answers")
    server.run("postqueue", "-f")
    seen(lambda: log_of(server), rf"to=<bob@{PEER_ZONE}>.*status=sent", before)


def test_the_other_server_enforces_this_ones_policy(peer: Remote) -> None:
    policy = peer.machine.wait_for("postmap", "-q", ZONE, THEIRS).stdout
    assert policy.strip() == f"secure match={HOST} servername=hostname"
    before = peer.log()

    peer.send(f"bob@{PEER_ZONE}", ADMIN, "hello")

    seen(peer.log, rf"Verified TLS connection established to {HOST}\[", before)
    seen(peer.log, rf"to=<{ADMIN}>.*status=sent", before)


def test_the_other_server_sends_nothing_where_the_policy_names_another_one(
    lab: Lab, server: Machine, peer: Remote
) -> None:
    server.write("/var/lib/mailstead/web/mta-sts.txt", POLICY.format(host="elsewhere.test"))
    lab.dns.load(ZONE, re.sub(r"(v=STSv1; *id=)[a-z0-9]+", rf"\g<1>{next(_ids)}", records(server)))
    peer.machine.run("systemctl", "restart", RESOLVER)
    peer.machine.run("postfix", "reload")
    told = peer.machine.wait_for("postmap", "-q", ZONE, THEIRS).stdout
    assert "match=elsewhere.test" in told
    before = peer.log()

    peer.send(f"bob@{PEER_ZONE}", ADMIN, "not here")

    seen(peer.log, rf"to=<{ADMIN}>.*{NOT_VERIFIED}", before)
    peer.machine.run("postsuper", "-d", "ALL")
