"""What `mailstead dns check` says of a real server's records, in DNS that is right, wrong, slow and dead."""

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from ipaddress import ip_address
from typing import Any

import pytest

from tests.e2e.server import mailstead, write_answers
from tests.lab import network
from tests.lab.dns import UNBLOCKING
from tests.lab.lab import Lab
from tests.lab.machine import Machine

ZONE, LIST = "example.test", "list.other.test"
HOST = f"mail.{ZONE}"
CA = "/etc/mailstead/tls/ca/ca.pem"
ANSWERS = "/etc/mailstead/answers.toml"


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A server that asks the root itself, in a signed zone; its own authority is trusted there."""
    lab.dns.clear(ZONE)  # of what others left: one more MX with a TTL of 0, and none would be remembered
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        ready.write("/etc/mailstead/override/unbound/unbound.conf", UNBLOCKING)
        answers = write_answers(
            ready,
            forward_to="forward_to = []",
            dnssec="dnssec = true",
            block_lists=f'block_lists = ["{LIST}"]',
        )
        ready.run("sed", "-i", r"/^\[clients\]/,/^\[/s/^enabled = false/enabled = true/", answers)
        done = mailstead(ready, "replay", "--answers", answers, timeout=600)
        assert done.is_proven, str(done)
        ready.run("cp", CA, "/usr/local/share/ca-certificates/mailstead.crt")
        ready.run("update-ca-certificates")
        lab.dns.sign(ZONE)
        lab.dns.set("other.test", "2.0.0.127.list", "A", "127.0.0.2")
        yield ready
        lab.dns.unsign(ZONE)
        lab.dns.load(ZONE, "")
        lab.dns.remove("other.test", "2.0.0.127.list", "A")


@pytest.fixture
def zone(lab: Lab, server: Machine) -> str:
    """The right records, published, with nothing remembered of what was there before."""
    text = server.run("mailstead", "dns", "records", "--zone").stdout.replace(" 3600 IN ", " 0 IN ")
    publish(lab, server, text)
    return text


def publish(lab: Lab, server: Machine, text: str) -> None:
    lab.dns.load(ZONE, text)
    server.run("unbound-control", "flush_zone", ".")


def changed(text: str, name: str, kind: str, *values: str, ttl: int = 0) -> str:
    """The zone with other records under that name and type."""
    kept = [line for line in text.splitlines() if not re.match(rf"{re.escape(name)}\. \d+ IN {kind} ", line)]
    assert len(kept) < len(text.splitlines())
    return "\n".join([*kept, *(f"{name}. {ttl} IN {kind} {value}" for value in values)]) + "\n"


def check(server: Machine) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """The exit status, and each judgement by name and type (of several, one that is not right)."""
    done = server.run("mailstead", "dns", "check", "--json", check=False)
    found = json.loads(done.stdout)["checks"]
    found.sort(key=lambda one: one["status"] != "right")
    return done.returncode, {(one["name"], one["type"]): one for one in found}


def test_what_is_published_is_right(server: Machine, zone: str) -> None:
    status, found = check(server)

    assert zone
    assert {name: one for name, one in found.items() if one["status"] != "right"} == {}
    assert status == 0
    types = {kind for _name, kind in found}
    assert {"MX", "TLSA", "SRV", "spf", "PTR", "policy", "served", "DNSSEC", f"block list {LIST}"} <= types
    assert server.run("mailstead", "dns", "check").stdout.endswith(f"all {len(found) + 1} are right\n")


def test_required_records_that_are_not_as_they_should_be_are_told_and_fail(
    lab: Lab, server: Machine, zone: str
) -> None:
    faults = {
        (ZONE, "MX"): ([f"10 elsewhere.{ZONE}."], "wrong"),
        (ZONE, "TXT"): (['"v=spf1 ip4:192.0.2.1 -all"'], "wrong"),
        (f"_dmarc.{ZONE}", "TXT"): ([], "missing"),
        (f"r1._domainkey.{ZONE}", "TXT"): (['"v=DKIM1; k=rsa; p=AAAA"'], "wrong"),
    }
    text = zone
    for (name, kind), (values, _status) in faults.items():
        text = changed(text, name, kind, *values)
    publish(lab, server, text)

    code, found = check(server)

    assert code == 1
    assert {key: found[key]["status"] for key in faults} == {key: faults[key][1] for key in faults}
    for name, kind in faults:
        assert found[name, kind]["mend"].startswith(f"publish {name} {kind} ")


def test_a_key_that_is_not_the_served_one_is_told_and_mail_does_not_hang_on_it(
    lab: Lab, server: Machine, zone: str
) -> None:
    name = f"_25._tcp.{HOST}"
    publish(lab, server, changed(zone, name, "TLSA", "3 1 1 " + "0" * 64))
    code, found = check(server)
    assert code == 0
    assert found[name, "TLSA"]["status"] == "wrong"
    assert found[f"{HOST}:25", "served"]["status"] == "wrong"


def test_a_change_that_is_still_remembered_otherwise_is_not_yet_everywhere(
    lab: Lab, server: Machine, zone: str
) -> None:
    publish(lab, server, changed(zone, ZONE, "MX", f"10 old.{ZONE}.", ttl=300))
    assert check(server)[1][ZONE, "MX"]["status"] == "wrong"
    lab.dns.load(ZONE, zone)
    code, found = check(server)
    assert (code, found[ZONE, "MX"]["status"]) == (1, "not yet everywhere")
    assert f"old.{ZONE}" in found[ZONE, "MX"]["seen"]


def test_a_server_that_does_not_know_its_zone_is_no_good_news(lab: Lab, server: Machine, zone: str) -> None:
    without = changed(changed(zone, f"r1._domainkey.{ZONE}", "TXT"), f"e1._domainkey.{ZONE}", "TXT")
    publish(lab, server, f"{without}_domainkey.{ZONE}. 0 IN NS ns.lab.test.\n")
    code, found = check(server)
    assert (code, found[f"r1._domainkey.{ZONE}", "TXT"]["status"]) == (1, "could not be asked")
    seen = found[f"r1._domainkey.{ZONE}", "TXT"]["seen"]
    assert "SERVFAIL" in seen or "does not hold the zone" in seen


def test_silence_is_no_good_news(lab: Lab, server: Machine, zone: str) -> None:
    assert zone
    with lab.dns.silent():
        server.run("unbound-control", "flush_zone", ".")
        code, found = check(server)
    assert code == 1
    of_dns = [one for one in found.values() if one["type"] != "policy"]
    assert {one["status"] for one in of_dns} == {"could not be asked"}


def test_what_one_name_server_does_not_have_yet_is_not_yet_everywhere(
    lab: Lab, server: Machine, zone: str
) -> None:
    on_both = f"{zone}{ZONE}. 3600 IN NS ns2.lab.test.\n"
    lab.dns.load(ZONE, changed(on_both, ZONE, "MX", f"10 old.{ZONE}."))
    with lab.dns.second():
        publish(lab, server, on_both)
        code, found = check(server)
    assert (code, found[ZONE, "MX"]["status"]) == (1, "not yet everywhere")
    assert found[ZONE, "MX"]["seen"].startswith(f"ns2.lab.test: 10 old.{ZONE}.")
    assert found[f"r1._domainkey.{ZONE}", "TXT"]["status"] == "right"


def test_a_name_server_that_fails_or_is_dead_is_no_good_news(lab: Lab, server: Machine, zone: str) -> None:
    seen = {}
    lab.dns.load(ZONE, f"{zone}{ZONE}. 3600 IN NS ns2.lab.test.\n")
    with lab.dns.second(is_empty=True):
        for name, silence in (
            ("failing", nullcontext()),
            ("dead", lab.dns.silent(network.SECOND_AUTHORITATIVE)),
        ):
            with silence:
                server.run("unbound-control", "flush_zone", ".")
                code, found = check(server)
            seen[name] = (code, found[ZONE, "MX"]["status"], found[ZONE, "MX"]["seen"])
            assert "way out" not in {one["type"] for one in found.values()}
    assert seen == {
        "failing": (1, "could not be asked", "ns2.lab.test: SERVFAIL"),
        "dead": (1, "could not be asked", "ns2.lab.test: no answer in 4 s"),
    }


def test_a_network_that_blocks_questions_is_named_and_only_the_resolver_is_believed(
    lab: Lab, server: Machine, zone: str
) -> None:
    publish(lab, server, changed(zone, f"r1._domainkey.{ZONE}", "TXT"))
    with network.only_its_resolver(lab.name):
        server.run("unbound-control", "forward_add", ".", network.GATEWAY)
        try:
            code, found = check(server)
        finally:
            server.run("unbound-control", "forward_remove", ".")
    assert [one["type"] for one in found.values()].count("way out") == 1
    assert found["53", "way out"]["status"] == "could not be asked"
    for key in ((HOST, "A"), (ZONE, "MX"), (ZONE, "TXT"), (f"_dmarc.{ZONE}", "TXT")):
        assert found[key]["status"] == "right for the resolver"
        assert found[key]["seen"].startswith("the resolver: ")
    dkim = found[f"r1._domainkey.{ZONE}", "TXT"]
    assert (code, dkim["status"]) == (1, "could not be asked")
    assert dkim["seen"] == "the resolver: there is none"


def test_behind_a_router_its_address_is_published_and_checked_and_no_private_one(
    lab: Lab, server: Machine
) -> None:
    with network.behind_a_router(lab.name, server.namespace, server.number) as (inside, public):
        unknown = server.run("mailstead", "dns", "records", "--zone")
        publish(lab, server, unknown.stdout.replace(" 3600 IN ", " 0 IN "))
        code, found = check(server)
        server.run("sed", "-i", f's/^public_addresses = .*/public_addresses = ["{public}"]/', ANSWERS)
        try:
            known = server.run("mailstead", "dns", "records", "--zone")
            publish(lab, server, known.stdout.replace(" 3600 IN ", " 0 IN "))
            code_behind, behind = check(server)
        finally:
            server.run("sed", "-i", "s/^public_addresses = .*/public_addresses = []/", ANSWERS)
    assert " IN A " not in unknown.stdout
    assert f"reaches this machine: {inside}" in unknown.stderr
    assert (code, found[HOST, "A"]["status"]) == (1, "could not be asked")
    assert "[site] public_addresses" in found[HOST, "A"]["mend"]
    assert f"{HOST}. 3600 IN A {public}" in known.stdout
    assert inside not in known.stdout
    assert known.stderr == ""
    assert {name: one for name, one in behind.items() if one["status"] != "right"} == {}
    assert code_behind == 0
    assert behind[public, "PTR"]["seen"] == f"{HOST}, and back"


def test_listed_is_told_from_refused(lab: Lab, server: Machine, zone: str) -> None:
    assert zone
    answers = {
        server.address: ("127.0.0.4", "wrong"),
        server.address6: ("127.255.255.254", "could not be asked"),
    }
    entries = {each: f"{ip_address(each).reverse_pointer.rsplit('.', 2)[0]}.list" for each in answers}
    for address, entry in entries.items():
        lab.dns.set("other.test", entry, "A", answers[address][0])
    try:
        found = check(server)[1]
    finally:
        for entry in entries.values():
            lab.dns.remove("other.test", entry, "A")
    for address, (answer, status) in answers.items():
        seen = found[str(ip_address(address)), f"block list {LIST}"]
        assert seen["status"] == status
        assert answer in seen["seen"]
