"""What each port of a running server speaks under both policies: by sslscan, openssl, testssl.sh."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.e2e.server import mailstead, with_clients
from tests.lab.lab import Lab
from tests.lab.machine import Machine

STARTTLS = {
    25: "smtp",
    587: "smtp",
    465: "",
    143: "imap",
    993: "",
    110: "pop3",
    995: "",
    4190: "sieve",
    443: "",
}
FOR_PEOPLE = {port: protocol for port, protocol in STARTTLS.items() if port != 25}
OLD = ("-tls1", "-tls1_1")
GROUPS = {"x25519", "secp256r1", "secp384r1"}
"""And X25519MLKEM768 on Debian 13, which sslscan does not know yet."""
SCANNED = [port for port, protocol in STARTTLS.items() if protocol != "sieve"]
"""sslscan does not know ManageSieve; openssl does."""

ATTACKED: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("bookworm", "intermediate"): (25, 993),
    ("bookworm", "modern"): (465, 443),
    ("trixie", "intermediate"): (587, 143),
    ("trixie", "modern"): (995, 110),
}
"""testssl.sh takes a quarter of a minute a port, so it is let at each port once, under one policy of one
release; the others see all of them everywhere. It does not know ManageSieve."""
CHECKS = (
    *("--protocols", "--standard", "--heartbleed", "--ccs-injection", "--robot", "--renegotiation"),
    *("--compression", "--poodle"),
)
"""What else it looks for follows from the versions and ciphers that are offered."""
NOT_OFFERED = (
    *("SSLv2", "SSLv3", "TLS1", "TLS1_1"),
    *("cipherlist_NULL", "cipherlist_aNULL", "cipherlist_EXPORT", "cipherlist_LOW", "cipherlist_3DES_IDEA"),
)
NOT_VULNERABLE = ("heartbleed", "CCS", "ROBOT", "secure_client_renego", "CRIME_TLS", "POODLE_SSL")
BAD = frozenset({"MEDIUM", "HIGH", "CRITICAL", "FATAL"})


@pytest.fixture(scope="module", params=["intermediate", "modern"])
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(lab: Lab, release: str, policy: str) -> Iterator[Machine]:
    """A server with every protocol and the pages for mail programs, under one policy."""
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        answers = with_clients(
            ready,
            tls=f'tls = "{policy}"',
            imap="imap = { enabled = true, port = 143, allow = [] }",
            pop3="pop3 = { enabled = true, port = 110, allow = [] }",
            pop3s="pop3s = { enabled = true, port = 995, allow = [] }",
        )
        done = mailstead(ready, "replay", "--answers", answers)
        assert done.is_proven, str(done)
        yield ready


def near(server: Machine, *argv: str) -> subprocess.CompletedProcess[str]:
    """A program of this machine at the server's own loopback, where nobody counts connections."""
    command = ["ip", "netns", "exec", server.namespace, *argv]
    return subprocess.run(command, check=False, capture_output=True, text=True, input="", timeout=200)


def shakes_hands(server: Machine, port: int, *options: str) -> bool:
    """Whether a client of openssl with these options comes to TLS."""
    starttls = ["-starttls", STARTTLS[port]] if STARTTLS[port] else []
    done = near(server, "openssl", "s_client", *starttls, "-connect", f"127.0.0.1:{port}", *options)
    return "Cipher is (NONE)" not in done.stdout and "Cipher is" in done.stdout


def scan(server: Machine, port: int) -> ElementTree.Element:
    starttls = [f"--starttls-{STARTTLS[port]}"] if STARTTLS[port] else []
    done = near(server, "sslscan", "--xml=-", "--no-colour", *starttls, f"127.0.0.1:{port}")
    found = ElementTree.fromstring(done.stdout[done.stdout.index("<?xml") :]).find("ssltest")
    assert found is not None, done.stdout + done.stderr
    return found


def attack(server: Machine, port: int, directory: Path) -> dict[str, tuple[str, str]]:
    """What testssl.sh finds, by the name of each check: how bad it is, and in words."""
    report = directory / f"{port}.json"
    starttls = ["--starttls", STARTTLS[port]] if STARTTLS[port] else []
    quiet = ("--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--jsonfile", str(report))
    done = near(server, "testssl", *quiet, *CHECKS, *starttls, f"127.0.0.1:{port}")
    assert report.exists(), done.stdout + done.stderr
    return {one["id"]: (one["severity"], one["finding"]) for one in json.loads(report.read_text())}


def versions(policy: str, port: int) -> set[str]:
    return {"1.3"} if policy == "modern" and port != 25 else {"1.2", "1.3"}


@pytest.mark.parametrize("port", SCANNED)
def test_only_new_versions_and_only_sound_ciphers_are_spoken(server: Machine, policy: str, port: int) -> None:
    found = scan(server, port)

    spoken = {each.get("version") for each in found.iter("protocol") if each.get("enabled") == "1"}
    ciphers = {str(each.get("cipher")) for each in found.iter("cipher")}
    assert spoken == versions(policy, port)
    assert ciphers
    for cipher in ciphers:
        assert cipher.startswith(("TLS_", "ECDHE-")), cipher
        assert cipher.endswith(
            ("GCM-SHA256", "GCM-SHA384", "CHACHA20-POLY1305", "GCM_SHA256", "GCM_SHA384", "POLY1305_SHA256")
        ), cipher
    assert {str(each.get("name")).split()[0] for each in found.iter("group")} <= GROUPS
    assert [each.get("supported") for each in found.iter("renegotiation")] == ["0"]


@pytest.mark.parametrize("port", STARTTLS)
def test_each_version_is_spoken_or_refused_to_openssl(server: Machine, policy: str, port: int) -> None:
    weak = ("-cipher", "ALL:@SECLEVEL=0")
    for old in OLD:
        assert not shakes_hands(server, port, old, *weak), old
    assert shakes_hands(server, port, "-tls1_2") is ("1.2" in versions(policy, port))
    assert shakes_hands(server, port, "-tls1_3")


@pytest.mark.parametrize("port", STARTTLS)
def test_neither_cbc_nor_key_transport_nor_sha1_is_taken(server: Machine, port: int) -> None:
    for ciphers in ("ECDHE+AES:!AESGCM:!AESCCM", "kRSA", "DHE", "aNULL"):
        assert not shakes_hands(server, port, "-tls1_2", "-cipher", f"{ciphers}:@SECLEVEL=0"), ciphers
    sha1 = ("-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-sigalgs", "RSA+SHA1:ECDSA+SHA1")
    assert not shakes_hands(server, port, *sha1)


def test_testssl_finds_nothing_to_attack(server: Machine, release: str, policy: str, tmp_path: Path) -> None:
    ports = ATTACKED[release, policy]
    with ThreadPoolExecutor(2) as at_once:
        found = dict(zip(ports, at_once.map(lambda port: attack(server, port, tmp_path), ports), strict=True))

    bad = [(port, *each) for port in ports for each in found[port].items() if each[1][0] in BAD]
    assert bad == []
    for port in ports:
        assert {name: found[port].get(name, ("", ""))[1] for name in NOT_OFFERED} == dict.fromkeys(
            NOT_OFFERED, "not offered"
        )
        how = {name: found[port].get(name, ("not looked for", ""))[0] for name in NOT_VULNERABLE}
        assert how == dict.fromkeys(NOT_VULNERABLE, "OK"), port
        assert found[port]["TLS1_3"][0] == "OK"
        assert found[port]["TLS1_2"][1].startswith("offered") is ("1.2" in versions(policy, port))
