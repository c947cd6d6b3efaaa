"""How it stands with records, by what name servers and the resolver say."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from backends.certificates.served import NotServedError
from backends.certificates.settings import tls_files
from backends.dns.asking import Answer
from backends.dns.check import CheckSettings, Probes, check_records
from backends.dns.judging import Judgement, Standing
from backends.dns.mta_sts import policy_text
from backends.dns.pins import pin_of
from backends.dns.policy_check import Fetched
from backends.dns.settings import PROTOCOLS, DnsSettings, Offer
from backends.rspamd import dkim_keys
from tests.issuer import Issuer, pem
from tests.unit.dns_world import NS1, NS2, RESOLVER, ROOT, World, published

HOST = "mail.example.test"
POLICY = Fetched(200, "text/plain; charset=utf-8", "", policy_text(HOST, "testing"))
RIGHT, WRONG, MISSING, PARTIAL, ONLY_RESOLVER, UNASKED = Standing


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    rsa, ed25519 = dkim_keys.new_rsa_key(), dkim_keys.new_ed25519_key()
    for domain in ("example.test", "second.test"):
        (directory / f"{domain}.r1.key").write_bytes(rsa)
        (directory / f"{domain}.e1.key").write_bytes(ed25519)
    _key, certificate = Issuer().issue(HOST)
    chain = Path(tls_files("ecdsa", str(directory)).chain)
    chain.parent.mkdir()
    chain.write_text(pem(certificate))
    (directory / "pin").write_text(pin_of(certificate))
    return directory


@pytest.fixture
def settings(keys: Path) -> CheckSettings:
    records = DnsSettings(
        hostname=HOST,
        domains=("example.test", "second.test"),
        addresses=(ip_address("198.51.100.25"), ip_address("2001:db8::25")),
        reports_to="admin@example.test",
        dkim_directory=str(keys),
        mta_sts="testing",
        pinned=(tls_files("ecdsa", str(keys)),),
        offers=tuple(Offer(each, 993 if each == "imaps" else 0) for each in PROTOCOLS),
        has_client_pages=True,
    )
    return CheckSettings(records, block_lists=("list.test",))


@pytest.fixture
def world(settings: CheckSettings) -> World:
    return published(settings.records)


@pytest.fixture
def probes(keys: Path) -> Probes:
    pin = (keys / "pin").read_text()
    return Probes(fetch=finding(POLICY), served=lambda _host, _port: (pin,))


def finding(fetched: Fetched) -> Callable[[str, Sequence[str], str], Awaitable[Fetched]]:
    async def fetch(_host: str, _addresses: Sequence[str], _ca_file: str) -> Fetched:
        return fetched

    return fetch


async def look(
    settings: CheckSettings, world: World, probes: Probes, name: str, kind: str
) -> list[Judgement]:
    found = await check_records(settings, world, probes=probes)
    chosen = [one for one in found if (one.name, one.type) == (name, kind)]
    assert chosen, [(one.name, one.type) for one in found]
    return chosen


async def one(settings: CheckSettings, world: World, probes: Probes, name: str, kind: str) -> Judgement:
    (found,) = await look(settings, world, probes, name, kind)
    return found


async def test_what_is_published_as_it_should_be_is_right(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    found = await check_records(settings, world, probes=probes)

    assert [each for each in found if each.standing is not RIGHT] == []
    types = {each.type for each in found}
    assert {"MX", "spf", "PTR", "policy", "served", "DNSSEC", "block list list.test", "TLSA", "SRV"} <= types
    assert all(not each.wanted and not each.mend for each in found)


async def test_nothing_is_asked_twice(settings: CheckSettings, world: World, probes: Probes) -> None:
    await check_records(settings, world, probes=probes)
    assert len(world.asked) == len(set(world.asked))
    assert {server for server, _name, _kind in world.asked} == {NS1, NS2, RESOLVER}


async def test_an_empty_zone_lacks_everything_and_says_what_to_publish(
    settings: CheckSettings, probes: Probes
) -> None:
    world = published(settings.records)
    world.held = {key: value for key, value in world.held.items() if key[1] == "NS" or "dns.test" in key[0]}

    found = await check_records(settings, world, probes=probes)

    records = [each for each in found if each.type in {"A", "AAAA", "MX", "TXT", "SRV", "TLSA"}]
    assert {each.standing for each in records} == {MISSING}
    mx = next(each for each in records if each.type == "MX" and each.name == "example.test")
    assert mx.mend == f"publish example.test MX 10 {HOST}."
    assert {each.type for each in found if each.standing is RIGHT} == {"DNSSEC"}


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("example.test", "MX", ["10 other.test."]),
        ("example.test", "MX", [f"10 {HOST}.", "20 backup.test."]),
        ("example.test", "TXT", ["v=spf1 ip4:192.0.2.1 -all"]),
        ("example.test", "TXT", ["v=spf1 +all"]),
        ("example.test", "TXT", ["v=spf1 mx -all", "v=spf1 a -all"]),
        ("_dmarc.example.test", "TXT", ["v=DMARC1; p=none; rua=mailto:admin@example.test"]),
        ("_dmarc.example.test", "TXT", ["v=DMARC1; p=quarantine; pct=50; rua=mailto:admin@example.test"]),
        ("_dmarc.example.test", "TXT", ["v=DMARC1; p=quarantine; rua=mailto:other@example.test"]),
        ("_dmarc.example.test", "TXT", ["v=DMARC1; p=quarantine", "v=DMARC1; p=reject"]),
        ("r1._domainkey.example.test", "TXT", ["v=DKIM1; k=rsa; p=AAAA"]),
        ("r1._domainkey.example.test", "TXT", ["v=DKIM1; p="]),
        ("_mta-sts.example.test", "TXT", ["v=STSv1; id=20200101"]),
        ("mail.example.test", "A", ["203.0.113.9"]),
        ("mail.example.test", "A", ["198.51.100.25", "203.0.113.9"]),
        ("_imaps._tcp.example.test", "SRV", ["0 1 993 imap.other.test."]),
        ("_imaps._tcp.example.test", "SRV", ["0 1 1993 mail.example.test."]),
        ("_pop3s._tcp.example.test", "SRV", ["0 1 995 mail.example.test."]),
        ("_25._tcp.mail.example.test", "TLSA", ["3 1 1 " + "0" * 64]),
        ("mta-sts.example.test", "TXT", ["v=spf1 mx -all"]),
    ],
)
async def test_a_record_that_points_elsewhere_is_wrong(
    settings: CheckSettings, world: World, probes: Probes, name: str, kind: str, values: list[str]
) -> None:
    world.set(name, kind, *values)
    found = await one(settings, world, probes, name, kind)
    assert found.standing is WRONG
    assert all(value in found.seen for value in values)
    assert found.wanted
    assert found.mend.startswith(f"publish {name} {kind} ")


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("example.test", "MX", [f"5 {HOST.upper()}."]),
        ("example.test", "TXT", ["google-site-verification=x", "V=SPF1  mx  -all"]),
        ("example.test", "TXT", ["v=spf1 a:mail.example.test include:news.test -all"]),
        (
            "_dmarc.example.test",
            "TXT",
            ["v=DMARC1;p=quarantine;rua=mailto:a@x.test,mailto:admin@example.test"],
        ),
        ("_imaps._tcp.example.test", "SRV", ["7 7 993 mail.example.test."]),
    ],
)
async def test_other_words_for_the_same_are_right(
    settings: CheckSettings, world: World, probes: Probes, name: str, kind: str, values: list[str]
) -> None:
    world.set(name, kind, *values)
    world.set("news.test", "TXT", "v=spf1 ip4:203.0.113.0/24 -all")
    assert (await one(settings, world, probes, name, kind)).standing is RIGHT


async def test_keys_of_before_and_of_next_time_may_stand_beside_the_served_one(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    name = "_25._tcp.mail.example.test"
    world.set(name, "TLSA", *world.held[name, "TLSA"], "3 1 1 " + "0" * 64)
    assert (await one(settings, world, probes, name, "TLSA")).standing is RIGHT


async def test_a_dkim_record_in_several_words_and_without_version_is_right(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    name = "r1._domainkey.example.test"
    key = world.held[name, "TXT"][0].rpartition("p=")[2]
    world.set(name, "TXT", f"p={key[:100]} {key[100:]}")
    assert (await one(settings, world, probes, name, "TXT")).standing is RIGHT


async def test_a_key_for_testing_protects_nobody(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    name = "r1._domainkey.example.test"
    world.set(name, "TXT", world.held[name, "TXT"][0] + "; t=y")
    assert (await one(settings, world, probes, name, "TXT")).standing is WRONG


async def test_an_mx_may_not_lead_to_an_alias(settings: CheckSettings, world: World, probes: Probes) -> None:
    world.set(HOST, "CNAME", "real.example.test")
    world.set("real.example.test", "A", "198.51.100.25")
    found = await one(settings, world, probes, HOST, "A")
    assert found.standing is WRONG
    assert "real.example.test" in found.seen


async def test_a_web_host_may_be_an_alias_of_the_mail_host(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.set("mta-sts.example.test", "CNAME", HOST)
    for kind in ("A", "MX", "TXT"):
        assert (await one(settings, world, probes, "mta-sts.example.test", kind)).standing is RIGHT


async def test_a_change_that_one_name_server_lacks_is_not_yet_everywhere(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.own[NS2, "example.test", "MX"] = Answer(("10 old.test.",))
    found = await one(settings, world, probes, "example.test", "MX")
    assert found.standing is PARTIAL
    assert found.seen == "ns2.dns.test: 10 old.test."


async def test_a_change_that_the_resolver_has_not_seen_is_not_yet_everywhere(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.own[RESOLVER, "example.test", "MX"] = Answer(())
    found = await one(settings, world, probes, "example.test", "MX")
    assert found.standing is PARTIAL
    assert "resolver" in found.seen


async def test_what_only_the_resolver_still_remembers_is_wrong(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    for server in (NS1, NS2):
        world.own[server, "example.test", "MX"] = Answer(("10 new.test.",))
    found = await one(settings, world, probes, "example.test", "MX")
    assert found.standing is WRONG
    assert found.seen == "10 new.test."


async def test_where_the_network_blocks_questions_it_is_said_once_and_nothing_is_called_right_everywhere(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.unheard |= {NS1, NS2, ROOT}
    found = await check_records(settings, world, probes=probes)

    assert found[0].type == "way out"
    assert [each.type for each in found].count("way out") == 1
    types = {"A", "AAAA", "MX", "TXT", "SRV", "TLSA"}
    records = [each for each in found[1:] if each.type in types]
    assert {each.standing for each in records} == {ONLY_RESOLVER}
    assert all("resolver" in each.seen and each.wanted for each in records)
    assert not any(each.is_amiss for each in found)


async def test_what_the_resolver_alone_does_not_find_is_not_called_missing(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.unheard |= {NS1, NS2, ROOT}
    world.set("example.test", "MX")
    found = await one(settings, world, probes, "example.test", "MX")
    assert (found.standing, found.is_amiss) == (UNASKED, True)
    assert "resolver" in found.seen


async def test_what_points_elsewhere_for_the_resolver_is_wrong_also_where_nobody_else_is_heard(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.unheard |= {NS1, NS2, ROOT}
    world.set("example.test", "MX", "10 other.test.")
    found = await one(settings, world, probes, "example.test", "MX")
    assert (found.standing, found.seen) == (WRONG, "the resolver: 10 other.test.")


@pytest.mark.parametrize("heard", [NS2, ROOT])
async def test_dead_name_servers_are_no_network_that_blocks_them(
    settings: CheckSettings, world: World, probes: Probes, heard: str
) -> None:
    world.unheard |= {NS1, NS2, ROOT} - {heard}
    found = await check_records(settings, world, probes=probes)
    assert "way out" not in {each.type for each in found}
    mx = next(each for each in found if each.type == "MX")
    assert (mx.standing, mx.is_amiss) == (UNASKED, True)


async def test_an_address_inside_is_not_asked_for_and_a_public_one_is_missed_plainly(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    inside = replace(settings.records, addresses=(), inside=(ip_address("10.0.0.5"),))
    found = await check_records(replace(settings, records=inside), world, probes=probes)

    (unknown,) = [each for each in found if (each.name, each.type) == (HOST, "A")]
    assert (unknown.standing, unknown.is_amiss) == (UNASKED, True)
    assert "10.0.0.5" in unknown.seen
    assert "[site] public_addresses" in unknown.mend
    assert not [each for each in found if each.type == "PTR" or each.type.startswith("block list")]
    assert {each.standing for each in found if each.type == "spf"} == {UNASKED}


@pytest.mark.parametrize("who", [NS1, NS2, RESOLVER])
@pytest.mark.parametrize("problem", ["SERVFAIL", "no answer in 4 s"])
async def test_silence_is_never_green(
    settings: CheckSettings, world: World, probes: Probes, who: str, problem: str
) -> None:
    world.own[who, "example.test", "MX"] = Answer(problem=problem)
    found = await one(settings, world, probes, "example.test", "MX")
    assert found.standing is UNASKED
    assert problem in found.seen
    assert found.is_amiss


async def test_with_a_dead_resolver_nothing_is_known(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.silent[RESOLVER] = "SERVFAIL"
    found = await check_records(settings, world, probes=probes)
    assert {each.standing for each in found} == {UNASKED}


async def test_a_name_server_without_an_address_is_told(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.set("ns2.dns.test", "A")
    found = await one(settings, world, probes, "example.test", "MX")
    assert found.standing is UNASKED
    assert "ns2.dns.test" in found.seen


async def test_a_domain_that_is_registered_nowhere_lacks_its_records(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    for key in [key for key in world.held if key[0].endswith("second.test")]:
        del world.held[key]
    found = await one(settings, world, probes, "second.test", "MX")
    assert found.standing is MISSING
    asked = [entry for entry in world.asked if entry[0] != RESOLVER and entry[1].endswith("second.test")]
    assert {name for _server, name, _kind in asked} == {
        "second.test._report._dmarc.example.test"
    } or not asked


async def test_a_part_of_a_domain_may_be_a_zone_of_its_own(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    name = "r1._domainkey.example.test"
    for server in (NS1, NS2):
        world.own[server, name, "TXT"] = Answer(is_referral=True)
    world.set("_domainkey.example.test", "NS", "ns3.dns.test.")
    world.set("ns3.dns.test", "A", "192.0.2.55")
    found = await one(settings, world, probes, name, "TXT")
    assert found.standing is RIGHT
    assert ("192.0.2.55", name, "TXT") in world.asked


async def test_a_server_that_does_not_hold_the_zone_given_to_it_is_told(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    name = "r1._domainkey.example.test"
    for server in (NS1, NS2):
        world.own[server, name, "TXT"] = Answer(is_referral=True)
    world.set("_domainkey.example.test", "NS", "ns1.dns.test.")
    found = await one(settings, world, probes, name, "TXT")
    assert found.standing is UNASKED
    assert "does not hold the zone" in found.seen


async def test_only_one_domain_is_looked_at_on_demand(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    found = await check_records(settings, world, "second.test", probes)
    assert {each.domain for each in found} == {"second.test"}
    assert not [each for each in found if each.type == "PTR"]


async def test_control_characters_of_others_are_made_visible(
    settings: CheckSettings, world: World, probes: Probes
) -> None:
    world.set("example.test", "MX", "10 \x1b[2Jevil.test.")
    world.own[NS1, HOST, "A"] = Answer(problem="\x1b]52;c;\x07")
    found = await check_records(settings, world, probes=probes)
    shown = [text for each in found for text in (each.seen, each.wanted, each.mend, each.name)]
    assert all(text.isprintable() for text in shown)
    assert any("␛[2Jevil" in text for text in shown)


class TestSpf:
    async def test_each_address_passes_and_the_look_ups_are_counted(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        found = await one(settings, world, probes, "example.test", "spf")
        assert found.standing is RIGHT
        assert found.seen == "198.51.100.25: pass, 2001:db8::25: pass; 1 of at most 10 look-ups"

    async def test_an_address_that_does_not_pass_is_named(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        world.set("example.test", "TXT", "v=spf1 ip4:198.51.100.25 -all")
        found = await one(settings, world, probes, "example.test", "spf")
        assert found.standing is WRONG
        assert "2001:db8::25: fail" in found.seen
        assert found.is_amiss

    async def test_too_many_look_ups_are_an_error(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        many = " ".join(f"a:h{number}.test" for number in range(11))
        world.set("example.test", "TXT", f"v=spf1 {many} mx -all")
        for number in range(11):
            world.set(f"h{number}.test", "A", "203.0.113.1")
            world.set(f"h{number}.test", "AAAA", "2001:db8::1")
        found = await one(settings, world, probes, "example.test", "spf")
        assert found.standing is WRONG
        assert "permerror > 10 look-ups" in found.seen

    async def test_a_relays_addresses_are_those_that_must_pass(
        self, settings: CheckSettings, probes: Probes
    ) -> None:
        from dataclasses import replace

        relayed = replace(
            settings, records=replace(settings.records, sends_through_relay="smtp.isp.test", mta_sts="off")
        )
        world = published(relayed.records)
        world.set("smtp.isp.test", "A", "203.0.113.77")
        found = await one(relayed, world, probes, "example.test", "spf")
        assert found.seen.startswith("203.0.113.77: pass")


class TestReverse:
    @pytest.mark.parametrize(
        ("values", "standing"), [((), MISSING), (("other.test.",), WRONG), ((f"{HOST}.",), RIGHT)]
    )
    async def test_an_address_has_the_hosts_name(
        self,
        settings: CheckSettings,
        world: World,
        probes: Probes,
        values: tuple[str, ...],
        standing: Standing,
    ) -> None:
        world.set("25.100.51.198.in-addr.arpa", "PTR", *values)
        found = await one(settings, world, probes, "198.51.100.25", "PTR")
        assert found.standing is standing
        assert found.is_amiss == (standing is not RIGHT)

    async def test_and_the_name_leads_back(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        world.set(HOST, "A", "203.0.113.9")
        found = await one(settings, world, probes, "198.51.100.25", "PTR")
        assert found.standing is WRONG
        assert "203.0.113.9" in found.seen


class TestBlockLists:
    NAME = "25.100.51.198.list.test"

    async def ask(self, settings: CheckSettings, world: World, probes: Probes) -> Judgement:
        return await one(settings, world, probes, "198.51.100.25", "block list list.test")

    async def test_listed_says_why(self, settings: CheckSettings, world: World, probes: Probes) -> None:
        world.set(self.NAME, "A", "127.0.0.4")
        world.set(self.NAME, "TXT", "https://list.test/why")
        found = await self.ask(settings, world, probes)
        assert found.standing is WRONG
        assert found.seen == "listed: 127.0.0.4 https://list.test/why"

    @pytest.mark.parametrize("code", ["127.255.255.252", "127.255.255.254", "127.255.255.255"])
    async def test_a_list_that_refuses_this_resolver_lists_nobody(
        self, settings: CheckSettings, world: World, probes: Probes, code: str
    ) -> None:
        world.set(self.NAME, "A", code)
        found = await self.ask(settings, world, probes)
        assert found.standing is UNASKED
        assert code in found.seen

    async def test_a_list_that_refuses_only_its_test_entry_is_not_believed(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        world.set("2.0.0.127.list.test", "A", "127.255.255.254")
        assert (await self.ask(settings, world, probes)).standing is UNASKED

    async def test_a_dead_list_clears_nobody(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        world.set("2.0.0.127.list.test", "A")
        assert (await self.ask(settings, world, probes)).standing is UNASKED

    async def test_an_answer_outside_the_codes_is_not_a_listing(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        world.set(self.NAME, "A", "203.0.113.80")
        world.set("2.0.0.127.list.test", "A", "203.0.113.80")
        assert (await self.ask(settings, world, probes)).standing is UNASKED


class TestPolicy:
    URL = "https://mta-sts.example.test/.well-known/mta-sts.txt"

    @pytest.mark.parametrize(
        ("fetched", "standing"),
        [
            (POLICY, RIGHT),
            (Fetched(301, "text/html", "https://www.example.test/"), WRONG),
            (Fetched(404, "text/html"), MISSING),
            (Fetched(200, "text/html", "", policy_text(HOST, "testing")), WRONG),
            (Fetched(200, "text/plain", "", policy_text(HOST, "enforce")), WRONG),
            (Fetched(200, "text/plain", "", policy_text("other.test", "testing")), WRONG),
            (Fetched(200, "text/plain", "", "\x1b[2J"), WRONG),
            (Fetched(distrust="self-signed certificate"), WRONG),
            (Fetched(problem="Connection refused"), MISSING),
            (Fetched(problem="no answer in 4 s", is_silent=True), UNASKED),
        ],
    )
    async def test_it_is_what_it_should_be_as_senders_fetch_it(
        self,
        settings: CheckSettings,
        world: World,
        probes: Probes,
        fetched: Fetched,
        standing: Standing,
    ) -> None:
        probes = Probes(fetch=finding(fetched), served=probes.served)
        found = await one(settings, world, probes, self.URL, "policy")
        assert found.standing is standing
        assert found.seen.isprintable()

    async def test_the_order_of_its_lines_does_not_matter(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        turned = "\n".join(reversed(policy_text(HOST, "testing").splitlines()))
        fetched = Fetched(200, "text/plain", "", turned)
        probes = Probes(fetch=finding(fetched), served=probes.served)
        assert (await one(settings, world, probes, self.URL, "policy")).standing is RIGHT

    async def test_without_its_host_nothing_is_fetched(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        world.set("mta-sts.example.test", "A")
        world.set("mta-sts.example.test", "AAAA")
        found = await one(settings, world, probes, self.URL, "policy")
        assert found.standing is MISSING
        assert "no address" in found.seen


class TestServedKeys:
    async def test_a_key_that_is_shown_and_not_named_is_wrong(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        probes = Probes(fetch=probes.fetch, served=lambda _host, _port: ("0" * 64,))
        found = await one(settings, world, probes, f"{HOST}:25", "served")
        assert found.standing is WRONG
        assert not found.is_amiss

    async def test_a_port_that_shows_nothing_could_not_be_asked(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        def refuse(_host: str, _port: int) -> tuple[str, ...]:
            raise NotServedError("port 25 does not answer")

        probes = Probes(fetch=probes.fetch, served=refuse)
        assert (await one(settings, world, probes, f"{HOST}:25", "served")).standing is UNASKED

    @pytest.mark.parametrize(("validates", "standing"), [(True, MISSING), (False, UNASKED)])
    async def test_without_signatures_the_keys_count_for_nothing(
        self,
        settings: CheckSettings,
        world: World,
        probes: Probes,
        validates: bool,
        standing: str,
    ) -> None:
        from dataclasses import replace

        name = "_25._tcp.mail.example.test"
        world.own[RESOLVER, name, "TLSA"] = Answer(world.held[name, "TLSA"], is_secure=False)
        found = await one(replace(settings, validates=validates), world, probes, name, "DNSSEC")
        assert found.standing is standing


class TestReports:
    async def test_somebody_outside_has_to_agree_to_get_them(
        self, settings: CheckSettings, world: World, probes: Probes
    ) -> None:
        text = world.held["_dmarc.example.test", "TXT"][0] + ",mailto:x@watch.test"
        world.set("_dmarc.example.test", "TXT", text)
        name = "example.test._report._dmarc.watch.test"
        assert (await one(settings, world, probes, name, "reports")).standing is MISSING
        world.set(name, "TXT", "v=DMARC1")
        assert (await one(settings, world, probes, name, "reports")).standing is RIGHT
