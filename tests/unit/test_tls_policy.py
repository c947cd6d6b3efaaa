"""How mail to a domain is to be encrypted: DANE first, then MTA-STS, and nothing from strangers unread."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.dns.asking import Answer
from backends.dns.policy_check import Fetched
from backends.templates import bare
from backends.tls_policy.deciding import Deciding
from backends.tls_policy.memory import Memory
from backends.tls_policy.policy import BadPolicy, published_id, read_policy
from backends.tls_policy.serving import Decide, answer_all, netstring

GOOD = "version: STSv1\r\nmode: enforce\r\nmx: MX1.example.test\r\nmx: *.example.net\r\nmax_age: 86400\r\n"
SECURE = "secure match=mx1.example.test:.example.net servername=hostname"


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["v=STSv1; id=20260101T000000;"], "20260101T000000"),
        (["v=STSv1;id=1"], "1"),
        (["something else", "v=STSv1; id=2;"], "2"),
        (["v=STSv1; more=words; id=3; and=more"], "3"),
        (["v=STSv1; id=1;", "v=STSv1; id=2;"], ""),
        (["v=STSv1; id=no-dash"], ""),
        (["v=STSv1;"], ""),
        (["v=STSv2; id=1"], ""),
        ([], ""),
    ],
)
def test_the_id_that_is_published(texts: Sequence[str], wanted: str) -> None:
    assert published_id(texts) == wanted


def test_a_policy_is_read_and_said_in_postfix_words() -> None:
    policy = read_policy(GOOD, "1")

    assert policy.hosts == ("mx1.example.test", "*.example.net")
    assert policy.lookup == SECURE
    assert read_policy(GOOD.replace("enforce", "testing"), "1").lookup == ""
    assert read_policy("version: STSv1\nmode: none\nmax_age: 1", "1").lookup == ""
    assert read_policy(GOOD.replace("86400", "99999999"), "1").max_age == 31_557_600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        GOOD.replace("STSv1", "STSv2"),
        GOOD.replace("enforce", "maybe"),
        GOOD.replace("86400", "-1"),
        GOOD.replace("86400", "soon"),
        "version: STSv1\nmode: enforce\nmax_age: 1",
        GOOD.replace("MX1.example.test", "mx1.example.test servername=evil"),
        GOOD.replace("MX1.example.test", "mx1:evil"),
        GOOD.replace("MX1.example.test", "a.*.example.test"),
        GOOD.replace("MX1.example.test", "x" * 300),
        GOOD + "mx: a.example.test\n" * 300,
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(BadPolicy):
        read_policy(text, "1")


@given(st.text(), st.text())
def test_whatever_a_stranger_writes_no_word_of_his_becomes_one_of_postfix(before: str, host: str) -> None:
    text = f"{before}\nversion: STSv1\nmode: enforce\nmx: {host}\nmax_age: 1\n"
    try:
        lookup = read_policy(text, "1").lookup
    except BadPolicy:
        return
    if lookup:
        level, match, name = lookup.split(" ")
        assert (level, name) == ("secure", "servername=hostname")
        bare(match.removeprefix("match="))


class World:
    """A resolver and a web server that know this and no more, and a service that asks them."""

    def __init__(self, memory: Path) -> None:
        self.records: dict[tuple[str, str], Answer] = {}
        self.page = Fetched(problem="nobody is there")
        self.fetched: list[str] = []
        self.said: list[str] = []
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.memory = Memory(memory, lambda: self.now)
        self.service = self.made()

    def made(self, *, has_dane: bool = True) -> Deciding:
        return Deciding(lambda: self, self.fetch, self.memory, has_dane=has_dane, say=self.said.append)

    def know(self, name: str, kind: str, *values: str, is_secure: bool = False, problem: str = "") -> None:
        self.records[name, kind] = Answer(values, is_secure=is_secure, problem=problem)

    def publish(self, text: str = GOOD, policy_id: str = "1") -> None:
        self.know("_mta-sts.example.test", "TXT", f"v=STSv1; id={policy_id};")
        self.know("mta-sts.example.test", "A", "192.0.2.80")
        self.page = Fetched(status=200, content_type="text/plain", body=text)

    async def resolve(self, name: str, kind: str) -> Answer:
        return self.records.get((name, kind), Answer(does_exist=False))

    async def ask(self, server: str, name: str, kind: str) -> Answer:
        raise AssertionError((server, name, kind))

    async def fetch(self, host: str, addresses: Sequence[str]) -> Fetched:
        assert addresses == ("192.0.2.80",)
        self.fetched.append(host)
        await asyncio.sleep(0)
        return self.page

    def decide(self, destination: str = "example.test") -> str:
        return asyncio.run(self.service.decide(destination))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "policies.db")


def test_nothing_is_demanded_of_who_publishes_nothing(world: World) -> None:
    assert world.decide() == ""
    assert world.fetched == []


@pytest.mark.parametrize(
    "next_hop", ["[mail.example.test]", "example.test:26", "[::1]:25", ".example.test", "a b", ""]
)
def test_what_is_no_mail_domain_is_not_looked_up(world: World, next_hop: str) -> None:
    world.publish()

    assert world.decide(next_hop) == ""
    assert world.fetched == []


def test_a_policy_is_fetched_once_and_enforced(world: World) -> None:
    world.publish()

    assert [world.decide("Example.Test"), world.decide("example.test.")] == [SECURE, SECURE]
    assert world.fetched == ["mta-sts.example.test"]


def test_many_at_once_fetch_it_once(world: World) -> None:
    world.publish()

    async def many() -> list[str]:
        return await asyncio.gather(*(world.service.decide("example.test") for _ in range(20)))

    assert set(asyncio.run(many())) == {SECURE}
    assert len(world.fetched) == 1


def test_another_id_means_another_policy(world: World) -> None:
    world.publish()
    world.decide()
    world.publish(GOOD.replace("enforce", "none"), "2")

    assert world.decide() == ""
    assert len(world.fetched) == 2


@pytest.mark.parametrize(
    "page",
    [
        Fetched(problem="refused"),
        Fetched(distrust="certificate has expired"),
        Fetched(status=404, content_type="text/plain", body=GOOD),
        Fetched(status=302, location="https://elsewhere.test/", content_type="text/plain", body=GOOD),
        Fetched(status=200, content_type="text/html", body=GOOD),
        Fetched(status=200, content_type="text/plain", body="hello"),
    ],
)
def test_one_that_cant_be_had_changes_nothing_and_is_not_asked_for_again_at_once(
    world: World, page: Fetched
) -> None:
    world.publish()
    world.decide()
    world.publish(policy_id="2")
    world.page = page

    assert [world.decide(), world.decide()] == [SECURE, SECURE]
    assert len(world.fetched) == 2
    assert "example.test" in world.said[-1]


def test_who_makes_the_record_vanish_does_not_make_it_forgotten(world: World) -> None:
    world.publish()
    world.decide()
    world.records.clear()

    assert world.decide() == SECURE
    world.now += timedelta(seconds=86_401)
    assert world.decide() == ""


def test_it_is_remembered_when_the_service_starts_anew(world: World, tmp_path: Path) -> None:
    world.publish()
    world.decide()
    again = World(tmp_path / "policies.db")

    assert again.decide() == SECURE
    assert again.fetched == []


def test_dane_goes_first(world: World) -> None:
    world.publish()
    world.know("example.test", "MX", "10 mx1.example.test.", "20 mx2.example.test.", is_secure=True)
    world.know("_25._tcp.mx2.example.test.", "TLSA", "3 1 1 00", is_secure=True)

    assert world.decide() == "dane"
    assert world.fetched == []

    world.service = world.made(has_dane=False)
    assert world.decide() == SECURE


def test_records_that_cant_be_had_are_left_to_postfix(world: World) -> None:
    world.know("example.test", "MX", "10 mx1.example.test.", is_secure=True)
    world.know("_25._tcp.mx1.example.test.", "TLSA", problem="SERVFAIL")

    assert world.decide() == "dane"


@pytest.mark.parametrize(("mx", "tlsa"), [(False, True), (True, False)])
def test_records_that_nobody_vouches_for_are_no_dane(world: World, mx: bool, tlsa: bool) -> None:
    world.publish()
    world.know("example.test", "MX", "10 mx1.example.test.", is_secure=mx)
    world.know("_25._tcp.mx1.example.test.", "TLSA", "3 1 1 00", is_secure=tlsa)

    assert world.decide() == SECURE


def test_a_memory_that_cant_be_written_does_not_weaken_it(world: World) -> None:
    world.publish()
    world.memory._connection.execute("PRAGMA query_only = ON")

    assert world.decide() == SECURE
    assert "readonly" in world.said[0]


def test_the_longest_kept_stay_when_there_are_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.tls_policy.memory._MOST", 3)
    for age in range(1, 6):
        world.memory.keep(f"d{age}.test", read_policy(GOOD.replace("86400", str(age * 1000)), "1"))

    assert [world.memory.recall(f"d{age}.test") is not None for age in range(1, 6)] == [
        False,
        False,
        True,
        True,
        True,
    ]


async def spoken(path: Path, raw: bytes, decide: Decide) -> bytes:
    """What the service says to these bytes until it, or the client, ends."""
    server = await asyncio.start_unix_server(lambda r, w: answer_all(r, w, decide), path)
    async with server:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(raw)
        writer.write_eof()
        return await reader.read()


async def found(key: str) -> str:
    if key == "broken.test":
        raise OSError("no")
    return "dane" if key == "dane.test" else ""


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (netstring("domain dane.test"), b"7:OK dane,"),
        (netstring("domain other.test") * 2, b"9:NOTFOUND ," * 2),
        (netstring("domain broken.test"), b"38:TEMP the policy could not be found out,"),
        (b"", b""),
        (b"5:abcde,", b""),
        (b"99999:", b""),
        (b"x" * 100_000, b""),
        (b"10:domain", b""),
        (netstring("domain \xff\x1b[2J"), b"9:NOTFOUND ,"),
    ],
)
async def test_questions_as_postfix_asks_them(tmp_path: Path, asked: bytes, answered: bytes) -> None:
    assert await spoken(tmp_path / "socket", asked, found) == answered
