"""Mail programs set themselves up: fetched from another machine, as they would, on servers that run."""

import http.client
import json
import plistlib
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from tests.e2e.server import (
    ADMIN,
    differences,
    is_settled,
    mailstead,
    secret,
    tree,
    with_clients,
    write_answers,
)
from tests.lab.acme import DIRECTORY, authority, could_not_ask
from tests.lab.endpoint import Endpoint
from tests.lab.lab import Lab
from tests.lab.machine import Machine

HOST = "mail.example.test"
AUTOCONFIG, AUTODISCOVER, POLICY = (
    f"{name}.example.test" for name in ("autoconfig", "autodiscover", "mta-sts")
)
NAMES = (HOST, AUTOCONFIG, AUTODISCOVER, POLICY)
PAGES = {
    (HOST, "/"): "text/html",
    (HOST, "/ca.crt"): "application/x-x509-ca-cert",
    (HOST, "/example.test.mobileconfig"): "application/x-apple-aspen-config",
    (AUTOCONFIG, "/mail/config-v1.1.xml"): "text/xml",
    (AUTOCONFIG, "/.well-known/autoconfig/mail/config-v1.1.xml"): "text/xml",
    (AUTODISCOVER, "/autodiscover/autodiscover.xml"): "text/xml",
    (AUTODISCOVER, "/Autodiscover/Autodiscover.xml"): "text/xml",
    (POLICY, "/.well-known/mta-sts.txt"): "text/plain",
}
PATHS = {path for _host, path in PAGES} | {
    *("/index.html", "/autodiscover.xml", "/mta-sts.txt", "/example.test.xml", "/nginx.conf"),
    *("/autodiscover/autodiscoverxxml", "/..%2f..%2fetc/passwd", "/%00", "/.well-known/"),
}
OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
HOSTILE = '<EMailAddress>"&gt;<script>alert(1)</script>@example.test</EMailAddress>'
ROOT = "/root/acme.pem"
BY_ACME = {
    "source": 'source = "acme"',
    "directory": f'directory = "{DIRECTORY}"',
    "ca_file": f'ca_file = "{ROOT}"',
}
THEIR_SITE = """
server {
    listen 443 ssl;
    server_name theirs.example.test;
    ssl_certificate /root/theirs.pem;
    ssl_certificate_key /root/theirs.key;
    return 200 "theirs";
}
"""


def replay(machine: Machine, answers: str) -> None:
    done = mailstead(machine, "replay", "--answers", answers, timeout=600)
    if could_not_ask(str(done)):
        done = mailstead(machine, "replay", "--answers", answers, timeout=600)
    assert done.is_proven, str(done)


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        for name in NAMES[1:]:
            lab.dns.set("example.test", name, "A", ready.address)
        replay(ready, with_clients(ready))
        yield ready


class Connection(http.client.HTTPSConnection):
    """HTTPS from another machine to a name, whose certificate is judged."""

    def __init__(self, endpoint: Endpoint, name: str, trust: ssl.SSLContext) -> None:
        super().__init__(name, context=trust)
        self._endpoint, self._trust = endpoint, trust

    def connect(self) -> None:
        self.sock = self._trust.wrap_socket(self._endpoint.connect(self.host, 443), server_hostname=self.host)


@dataclass(frozen=True)
class Reader:
    """A person's machine, on which the server's own authority was installed; it trusts nobody else."""

    endpoint: Endpoint
    trust: ssl.SSLContext

    def ask(
        self, host: str, path: str, method: str = "GET", body: str = "", **headers: str
    ) -> tuple[int, str, bytes]:
        """Status, media type and content."""
        connection = Connection(self.endpoint, host, self.trust)
        try:
            connection.request(method, path, body.encode() or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get_content_type(), answer.read()
        finally:
            connection.close()


@pytest.fixture
def reader(lab: Lab, server: Machine) -> Reader:
    """Somebody while the pages are served with the own authority's certificate."""
    in_force = server.read("/etc/mailstead/answers.toml")
    if "\n[clients]\nenabled = true" not in in_force or 'source = "own-ca"' not in in_force:
        replay(server, with_clients(server))
    authority_pem = server.read("/etc/mailstead/tls/ca/ca.pem")
    return Reader(lab.outsider("reader"), ssl.create_default_context(cadata=authority_pem))


def test_each_page_is_served_to_clients_that_trust_the_own_authority(reader: Reader) -> None:
    answered = {(host, path): reader.ask(host, path) for host, path in PAGES}

    assert {page: (status, kind) for page, (status, kind, _) in answered.items()} == {
        page: (200, kind) for page, kind in PAGES.items()
    }
    assert all(content for _, _, content in answered.values())


def test_whatever_else_is_asked_for_does_not_exist(reader: Reader) -> None:
    others = {(host, path) for host in NAMES for path in PATHS} - set(PAGES)

    answered = {(host, path): reader.ask(host, path)[0] for host, path in sorted(others)}

    assert {page: status for page, status in answered.items() if status not in {400, 404}} == {}


def test_a_name_that_is_not_of_these_finds_nothing(reader: Reader) -> None:
    assert reader.ask(HOST, "/", Host="other.example.test")[0] == 404


def test_thunderbird_and_outlook_are_told_ports_that_are_open(reader: Reader) -> None:
    thunderbird = ElementTree.fromstring(reader.ask(AUTOCONFIG, "/mail/config-v1.1.xml")[2])
    outlook = ElementTree.fromstring(reader.ask(AUTODISCOVER, "/autodiscover/autodiscover.xml")[2])

    told = {(server.findtext("hostname"), server.findtext("port")) for server in thunderbird[0][3:]}
    also = {
        (each.findtext(f"{OUTLOOK}Server"), each.findtext(f"{OUTLOOK}Port"))
        for each in outlook.iter(f"{OUTLOOK}Protocol")
    }
    assert told == {(HOST, port) for port in ("993", "465", "587")}
    assert also == {(HOST, port) for port in ("993", "465")}
    for name, port in told:
        assert reader.endpoint.can_connect(str(name), int(str(port)))


def test_outlook_may_send_what_it_likes_and_gets_the_same_as_everybody(reader: Reader) -> None:
    got = reader.ask(AUTODISCOVER, "/autodiscover/autodiscover.xml")

    assert reader.ask(AUTODISCOVER, "/AutoDiscover/AutoDiscover.xml", "POST", HOSTILE) == got
    assert reader.ask(AUTODISCOVER, "/autodiscover/autodiscover.xml", "PUT", HOSTILE)[0] == 403
    assert reader.ask(AUTODISCOVER, "/autodiscover/autodiscover.xml", "POST", "x" * 99_999)[0] == 413


def test_the_authority_and_the_profile_hold_what_signs_the_server(server: Machine, reader: Reader) -> None:
    authority_pem = reader.ask(HOST, "/ca.crt")[2].decode()
    profile = plistlib.loads(reader.ask(HOST, "/example.test.mobileconfig")[2])

    assert authority_pem == server.read("/etc/mailstead/tls/ca/ca.pem")
    assert profile["PayloadContent"][1]["PayloadContent"] == ssl.PEM_cert_to_DER_cert(authority_pem)


def test_other_servers_read_a_policy_that_names_this_one(reader: Reader) -> None:
    policy = reader.ask(POLICY, "/.well-known/mta-sts.txt")[2].decode()

    assert policy.splitlines()[:3] == ["version: STSv1", "mode: testing", f"mx: {HOST}"]


def test_old_tls_is_refused_and_new_spoken(server: Machine) -> None:
    def speaks(*options: str) -> bool:
        command = ["ip", "netns", "exec", server.namespace, "openssl", "s_client", *options]
        done = subprocess.run(
            [*command, "-connect", "127.0.0.1:443"], check=False, capture_output=True, text=True, input=""
        )
        return "Cipher is" in done.stdout and "Cipher is (NONE)" not in done.stdout

    weak = ("-cipher", "ALL:@SECLEVEL=0")
    assert [speaks("-tls1", *weak), speaks("-tls1_1", *weak)] == [False, False]
    assert [speaks("-tls1_2"), speaks("-tls1_3")] == [True, True]
    assert not speaks("-tls1_2", "-cipher", "ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0")
    assert not speaks("-tls1_2", *weak, "-sigalgs", "RSA+SHA1:ECDSA+SHA1")


def test_it_is_checked_and_settled_and_nothing_is_served_on_port_80(server: Machine, reader: Reader) -> None:
    report = json.loads(server.run("mailstead", "check", "--json", check=False).stdout)["checks"]
    found = {each["id"]: each["status"] for each in report if each["id"].startswith("nginx.")}
    ports = json.loads(server.run("mailstead", "cert", "status", "--json").stdout)["ports"]

    assert found == dict.fromkeys(
        ("nginx.service", "nginx.certificate-443", "nginx.pages", "nginx.names"), "ok"
    )
    assert [each["is_right"] for each in ports if each["port"] == 443] == [True]
    assert is_settled(server)
    assert server.run("systemctl", "is-active", "nginx.service", check=False).stdout == "inactive\n"
    assert server.run("systemctl", "is-enabled", "nginx.service", check=False).stdout == "disabled\n"
    assert not reader.endpoint.can_connect(HOST, 80)
    exposure = server.run("systemd-analyze", "security", "--no-pager", "mailstead-web.service").stdout
    assert float(exposure.splitlines()[-1].split("mailstead-web.service: ")[1].split()[0]) < 4


def test_the_sheet_and_the_profile_of_a_mailbox_have_everything_but_its_password(server: Machine) -> None:
    server.run("mailstead", "clients", "sheet", ADMIN, "--html", "/root/sheet.html")
    server.run("mailstead", "clients", "profile", ADMIN, "-o", "/root/admin.mobileconfig")
    told = server.run("mailstead", "clients", "sheet", ADMIN).stdout
    plain = server.run("mailstead", "clients", "sheet", ADMIN, env={"TERM": "linux"}).stdout
    page, profile = server.read("/root/sheet.html"), server.read("/root/admin.mobileconfig")

    for text in (told, plain, page):
        assert ADMIN in text
        assert f"https://{HOST}/" in text
        assert "port 993" in text
    assert max(map(len, (*told.splitlines(), *plain.splitlines()))) <= 80
    assert "█" in told
    assert plain.isascii()
    assert "##" in plain
    assert "<svg" in page
    mail = plistlib.loads(profile.encode())["PayloadContent"][0]
    assert mail["IncomingMailServerUsername"] == mail["EmailAddress"] == ADMIN
    password = secret(server, f"mailbox-{ADMIN}")
    assert not [text for text in (told, plain, page, profile) if password in text]
    stranger = server.run("mailstead", "clients", "sheet", "nobody@example.test", check=False)
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert "there is no mailbox nobody@example.test" in stranger.stderr


def test_after_a_reboot_it_is_there_again_and_debians_own_page_is_not(
    server: Machine, reader: Reader
) -> None:
    server.reboot()
    server.wait_for("systemctl", "is-active", "mailstead-web.service")

    assert reader.ask(AUTOCONFIG, "/mail/config-v1.1.xml")[0] == 200
    listening = server.run("ss", "-Hltnp").stdout
    assert {line.split()[3] for line in listening.splitlines() if "nginx" in line} == {
        "0.0.0.0:443",
        "[::]:443",
    }


def test_an_acme_authority_proves_every_name_while_the_pages_are_served(server: Machine, lab: Lab) -> None:
    with authority(lab) as acme:
        server.write(ROOT, acme.root)
        replay(server, with_clients(server, **BY_ACME))

    shown = server.run("openssl", "s_client", "-connect", "127.0.0.1:443", input="").stdout
    issuer = server.run("openssl", "x509", "-noout", "-issuer", input=shown).stdout
    names = server.run("openssl", "x509", "-noout", "-ext", "subjectAltName", input=shown).stdout
    assert "Pebble" in issuer
    assert {f"DNS:{name}" for name in NAMES} == set(names.split("\n", 1)[1].replace(",", " ").split())
    assert is_settled(server)


def test_switched_off_nothing_of_it_is_left_running_or_open(server: Machine, lab: Lab) -> None:
    switch_off(server)

    assert not lab.outsider("reader").can_connect(HOST, 443)
    assert server.run("systemctl", "is-active", "mailstead-web.service", check=False).stdout == "inactive\n"
    assert not server.exists("/etc/mailstead/nginx.conf")
    assert is_settled(server)


def test_another_web_server_keeps_the_port_and_is_left_as_it_is(server: Machine) -> None:
    switch_off(server)
    subject = ("-subj", "/CN=theirs.example.test", "-days", "2")
    files = ("-keyout", "/root/theirs.key", "-out", "/root/theirs.pem")
    server.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files)
    server.write("/etc/nginx/sites-enabled/theirs", THEIR_SITE)
    server.run("systemctl", "start", "nginx.service")
    answers = with_clients(server)
    before = tree(server)

    refused = server.run("mailstead", "replay", "--answers", answers, check=False)

    assert refused.returncode == 1
    assert "port 443, which [clients] needs, is held by nginx" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert differences(before, tree(server)) == []
    shown = server.run("openssl", "s_client", "-connect", "127.0.0.1:443", input="").stdout
    assert "theirs.example.test" in shown
    server.run("systemctl", "stop", "nginx.service")


def switch_off(server: Machine) -> None:
    if server.exists("/etc/mailstead/nginx.conf"):
        replay(server, write_answers(server))
