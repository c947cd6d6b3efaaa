"""Questions over real sockets, to name servers on the loopback."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import dns.rcode
import pytest

from backends.dns.asking import Network
from backends.dns.check import CheckSettings, Probes, check_records
from backends.dns.judging import Standing
from backends.dns.looking import Look
from backends.dns.mta_sts import policy_text
from backends.dns.policy_check import Fetched
from backends.dns.settings import PROTOCOLS, DnsSettings, Offer
from backends.rspamd import dkim_keys
from tests.unit import dns_world
from tests.unit.dns_server import Servers, serving

RESOLVER, FIRST, SECOND = "127.0.0.1", "127.0.0.2", "127.0.0.3"
HOST = "mail.d0.test"


@pytest.fixture
def servers() -> Iterator[Servers]:
    with serving(RESOLVER, FIRST, SECOND) as running:
        yield running


def network(servers: Servers, patience: float = 5.0) -> Network:
    return Network((RESOLVER,), servers.port, patience, patience)


async def test_texts_come_in_one_piece_and_names_in_lower_case(servers: Servers) -> None:
    servers.held = {("a.test", "TXT"): ("x" * 300, "\x1b[2J"), ("a.test", "MX"): ("10 MAIL.a.test.",)}
    asker = network(servers)
    assert (await asker.resolve("a.test.", "MX")).values == ("10 mail.a.test.",)
    assert (await asker.ask(FIRST, "a.test.", "TXT")).values == ("x" * 300, "␛[2J")


async def test_a_name_that_is_not_there_is_no_problem(servers: Servers) -> None:
    answer = await network(servers).resolve("nothing.test.", "A")
    assert (answer.values, answer.problem, answer.does_exist) == ((), "", False)


async def test_an_alias_is_followed_as_far_as_the_answer_goes(servers: Servers) -> None:
    servers.held = {("a.test", "CNAME"): ("b.test.",), ("b.test", "A"): ("192.0.2.1",)}
    answer = await network(servers).resolve("a.test.", "A")
    assert (answer.values, answer.alias) == (("192.0.2.1",), "b.test")


async def test_a_refusal_is_told_by_its_name(servers: Servers) -> None:
    servers.refusing[FIRST] = dns.rcode.SERVFAIL
    assert (await network(servers).ask(FIRST, "a.test.", "A")).problem == "SERVFAIL"


async def test_silence_is_told_from_a_refusal(servers: Servers) -> None:
    servers.refusing[FIRST] = dns.rcode.SERVFAIL
    servers.silent.add(SECOND)
    asker = network(servers, patience=0.2)
    refused, silent = await asyncio.gather(*(asker.ask(one, "a.test.", "A") for one in (FIRST, SECOND)))
    assert (refused.is_silence, silent.is_silence) == (False, True)


async def test_an_address_that_is_silent_does_not_hold_up_the_other_of_the_same_server(
    servers: Servers,
) -> None:
    servers.silent.add(FIRST)
    servers.held = {
        ("a.test", "NS"): ("ns.a.test.",),
        ("ns.a.test", "A"): (FIRST, SECOND),
        ("a.test", "MX"): ("10 mail.a.test.",),
    }
    began = time.monotonic()
    said = await Look(network(servers)).everyone("a.test", "MX", "a.test")
    assert [one.answer.values for one in said] == [("10 mail.a.test.",)] * 2
    assert time.monotonic() - began < 4


async def test_a_silent_server_is_waited_for_once_and_asked_nothing_more(servers: Servers) -> None:
    servers.silent.add(FIRST)
    asker = network(servers, patience=0.2)
    await asker.ask(FIRST, "first.test.", "A")
    answers = await asyncio.gather(*(asker.ask(FIRST, f"{number}.test.", "A") for number in range(50)))
    assert {answer.problem for answer in answers} == {"no answer in 0.4 s"}
    assert servers.unheard == 2


async def test_a_server_that_is_slow_with_one_name_is_asked_for_the_others(servers: Servers) -> None:
    servers.silent.add("slow.test")
    servers.held = {("a.test", "A"): ("192.0.2.1",)}
    asker = network(servers, patience=0.5)
    slow = asyncio.create_task(asker.resolve("slow.test.", "A"))
    while not slow.done():
        assert (await asker.resolve("a.test.", "A")).values == ("192.0.2.1",)
    assert (await slow).problem
    assert (await asker.resolve("a.test.", "A")).values == ("192.0.2.1",)


async def test_a_server_that_can_not_say_it_all_is_a_problem(servers: Servers) -> None:
    servers.truncating.add(FIRST)
    assert (await network(servers).ask(FIRST, "a.test.", "A")).problem


async def test_without_a_resolver_nothing_is_found() -> None:
    assert "resolv.conf" in (await Network(()).resolve("a.test.", "A")).problem


@pytest.mark.parametrize("name", ["x" * 64 + ".test.", "a..test.", "\udc80.test."])
async def test_what_is_no_name_is_not_asked(servers: Servers, name: str) -> None:
    assert (await network(servers).resolve(name, "A")).problem == "it is not a name"
    assert not servers.asked


async def test_ten_domains_are_asked_all_at_once(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds of work at most, and the waits beside one another: 900 answers of 0.05 s each."""
    settings = ten_domains(tmp_path)
    monkeypatch.setattr(dns_world, "NS1", FIRST)
    monkeypatch.setattr(dns_world, "NS2", SECOND)
    world = dns_world.published(settings)
    for domain in settings.domains:
        world.set(domain, "NS", "ns1.dns.test.", "ns2.dns.test.")
    servers.held, servers.delay = world.held, 0.05

    async def fetch(_host: str, _addresses: Sequence[str], _ca_file: str) -> Fetched:
        return Fetched(200, "text/plain", "", policy_text(HOST, "testing"))

    began, worked = time.monotonic(), time.thread_time()

    found = await check_records(
        CheckSettings(settings, ("list.test",)), network(servers), probes=Probes(fetch)
    )

    worked, took = time.thread_time() - worked, time.monotonic() - began
    assert {one.standing for one in found} == {Standing.RIGHT}
    assert len(servers.asked) > 900
    assert worked < 2
    assert took < len(servers.asked) * servers.delay / 4


def ten_domains(directory: Path) -> DnsSettings:
    domains = tuple(f"d{number}.test" for number in range(10))
    rsa, ed25519 = dkim_keys.new_rsa_key(), dkim_keys.new_ed25519_key()
    for domain in domains:
        (directory / f"{domain}.r1.key").write_bytes(rsa)
        (directory / f"{domain}.e1.key").write_bytes(ed25519)
    return DnsSettings(
        hostname=HOST,
        domains=domains,
        addresses=(ip_address("198.51.100.25"), ip_address("2001:db8::25")),
        reports_to="admin@d0.test",
        dkim_directory=str(directory),
        mta_sts="testing",
        offers=tuple(Offer(each, 993 if each == "imaps" else 0) for each in PROTOCOLS),
        has_client_pages=True,
    )
