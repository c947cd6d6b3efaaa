"""What receivers make of SPF records, by the rules of RFC 7208."""

from ipaddress import ip_address

import pytest

from backends.dns.asking import Answer
from backends.dns.spf import Verdict, evaluate
from tests.unit.dns_world import World

OURS, OURS6 = ip_address("192.0.2.3"), ip_address("2001:db8::cb01")
WORLD = {
    ("example.com", "A"): ("192.0.2.10", "192.0.2.3"),
    ("example.com", "AAAA"): ("2001:db8::cb01",),
    ("example.com", "MX"): ("10 mail-a.example.com.", "20 mail-b.example.com."),
    ("mail-a.example.com", "A"): ("192.0.2.129",),
    ("mail-a.example.com", "AAAA"): ("2001:db8::a",),
    ("mail-b.example.com", "A"): ("192.0.2.3",),
    ("mail-b.example.com", "AAAA"): ("2001:db8::cb01",),
    ("ours.test", "TXT"): ("v=spf1 ip4:192.0.2.0/29 -all",),
    ("soft.test", "TXT"): ("v=spf1 ~all",),
    ("plain.test", "TXT"): ("something else",),
    ("two.test", "TXT"): ("v=spf1 -all", "v=spf1 +all"),
    ("loop.test", "TXT"): ("v=spf1 include:loop.test -all",),
    ("3.2.0.192.in-addr._spf.example.com", "A"): ("127.0.0.2",),
    ("192.0.2.3._spf.example.com", "A"): ("127.0.0.2",),
    ("joe.lp._spf.example.com", "A"): ("127.0.0.2",),
    ("null.test", "MX"): ("0 .",),
}


async def verdict(text: str, address: str = "192.0.2.3", **changes: Answer) -> Verdict:
    world = World(dict(WORLD))
    for name, answer in changes.items():
        world.own["resolver", name.replace("_", "."), "A"] = answer
    return await evaluate(
        "example.com", ip_address(address), world.resolve, sender="joe@example.com", text=text
    )


@pytest.mark.parametrize(
    ("text", "result", "lookups"),
    [
        ("v=spf1 -all", "fail", 0),
        ("v=spf1 ~all", "softfail", 0),
        ("v=spf1 ?all", "neutral", 0),
        ("v=spf1", "neutral", 0),
        ("v=spf1 all", "pass", 0),
        ("v=spf1 a -all", "pass", 1),
        ("v=spf1 A -ALL", "pass", 1),
        ("v=spf1 mx -all", "pass", 1),
        ("v=spf1 -mx +all", "fail", 1),
        ("v=spf1 a:mail-a.example.com -all", "fail", 1),
        ("v=spf1 a:mail-a.example.com/24 -all", "pass", 1),
        ("v=spf1 mx/30 -all", "pass", 1),
        ("v=spf1 ip4:192.0.2.3 -all", "pass", 0),
        ("v=spf1 ip4:192.0.2.0/28 -all", "pass", 0),
        ("v=spf1 ip6:2001:db8::/32 -all", "fail", 0),
        ("v=spf1 include:ours.test -all", "pass", 1),
        ("v=spf1 include:soft.test -all", "fail", 1),
        ("v=spf1 redirect=ours.test", "pass", 1),
        ("v=spf1 redirect=ours.test mx -all", "pass", 1),
        ("v=spf1 redirect=soft.test", "softfail", 1),
        ("v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all", "pass", 1),
        ("v=spf1 exists:%{i}._spf.%{d} -all", "pass", 1),
        ("v=spf1 exists:%{l}.lp._spf.%{o} -all", "pass", 1),
        ("v=spf1 ptr -all", "fail", 1),
        ("v=spf1 mx:null.test -all", "fail", 1),
        ("v=spf1 unknown-modifier=x mx -all", "pass", 1),
    ],
)
async def test_the_first_match_decides(text: str, result: str, lookups: int) -> None:
    found = await verdict(text)
    assert (found.result, found.lookups) == (result, lookups)


async def test_ipv6_has_its_own_lengths() -> None:
    assert (await verdict("v=spf1 a//64 -all", "2001:db8::ffff")).result == "pass"
    assert (await verdict("v=spf1 a/24 -all", "2001:db8::ffff")).result == "fail"
    assert (await verdict("v=spf1 mx -all", "2001:db8::cb01")).result == "pass"
    assert (await verdict("v=spf1 ip6:2001:db8::/64 -all", "2001:db8::1")).result == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 mxx -all",
        "v=spf1 include: -all",
        "v=spf1 ip4 -all",
        "v=spf1 ip4:300.0.0.1 -all",
        "v=spf1 include:plain.test -all",
        "v=spf1 include:two.test -all",
        "v=spf1 redirect=plain.test",
        "v=spf1 include:loop.test -all",
        "v=spf1 a:x1.test a:x2.test a:x3.test a:x4.test -all",
        "v=spf1 exists:%{z}.test -all",
        "v=spf1 exists:%(d).test -all",
    ],
)
async def test_a_mistake_is_an_error_of_the_record(text: str) -> None:
    found = await verdict(text)
    assert found.result == "permerror"
    assert found.reason


async def test_no_more_than_ten_look_ups_are_made() -> None:
    ten = "v=spf1 " + " ".join(["include:soft.test"] * 10) + " -all"
    assert await verdict(ten) == Verdict("fail", 10)
    eleven = "v=spf1 " + " ".join(["include:soft.test"] * 11) + " -all"
    assert (await verdict(eleven)).result == "permerror"


async def test_silence_of_the_dns_passes_nobody() -> None:
    found = await verdict("v=spf1 a +all", example_com=Answer(problem="SERVFAIL"))
    assert (found.result, found.reason) == ("temperror", "example.com A: SERVFAIL")


async def test_the_published_record_is_what_counts() -> None:
    world = World(dict(WORLD))
    assert (await evaluate("ours.test", OURS, world.resolve)).result == "pass"
    assert (await evaluate("ours.test", OURS6, world.resolve)).result == "fail"
    assert (await evaluate("plain.test", OURS, world.resolve)).result == "none"
    assert (await evaluate("two.test", OURS, world.resolve)).result == "permerror"
