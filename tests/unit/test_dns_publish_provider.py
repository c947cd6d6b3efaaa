"""Publishing at a DNS provider: what is asked of lexicon, and what is made of its answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from backends.dns import provider_text
from backends.dns.publish import Key, RecordSet, SetChange, record_set
from backends.dns.publish_provider import Provider
from backends.dns.publish_refusals import ChangedInBetween, NotPublished, UpdateRefused, UpdateUnknown
from backends.dns.record import txt_strings
from backends.errors import CommandFailed

ZONE = "example.test"
LONG = "v=DKIM1; k=rsa; p=" + "Ab/9" * 100
SECRET = "t0ken/+="


@dataclass
class Account:
    """A provider that keeps rows; `spoil` is what it makes of a content, raising where it takes none."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    spoil: Callable[[str, str], str] = lambda _kind, content: content
    stops_at: str = ""
    error: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What inside.py would answer."""
        self.asked.append(request)
        if self.error:
            return dict(self.error)
        if "names" in request:
            zones = {name: ZONE for name in request["names"] if f".{name}".endswith(f".{ZONE}")}
            return {"zones": zones, "records": [row for row in self.rows if row["name"] in zones]}
        results = []
        for change in request["changes"]:
            if change["type"] == self.stops_at:
                results.append({"kind": "refused", "words": f"403 for key={SECRET}"})
                break
            try:
                for one in change["add"]:
                    self.set(change["name"], change["type"], self.spoil(change["type"], one["content"]))
                for one in change["remove"]:
                    self.rows = [row for row in self.rows if row["id"] != one["id"]]
            except ValueError as problem:
                results.append({"kind": "elsewhere", "words": str(problem)})
            else:
                results.append({"kind": "", "words": ""})
        return {"results": results}

    def set(self, name: str, kind: str, content: str) -> None:
        """One more row."""
        row = {"name": name, "type": kind, "ttl": 300, "content": content, "id": len(self.asked) * 100}
        self.rows.append({**row, "id": f"{row['id']}-{len(self.rows)}"})

    def contents(self) -> list[tuple[str, str, str]]:
        """What is there."""
        return sorted((row["name"], row["type"], row["content"]) for row in self.rows)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def provider(account: Account) -> Provider:
    return Provider("example", {"auth_token": SECRET}, account.ask)


def added(kind: str, value: str, name: str = ZONE) -> SetChange:
    return SetChange(None, record_set(name, kind, 300, [value]))


def seen(provider: Provider, *keys: Key) -> dict[Key, RecordSet]:
    return dict(provider.look(keys).held)


@pytest.mark.parametrize(
    ("kind", "shown", "value"),
    [
        ("TXT", "v=spf1 mx -all", '"v=spf1 mx -all"'),
        ("TXT", '"v=spf1 mx -all"', '"v=spf1 mx -all"'),
        ("TXT", 'abc" "def', '"abcdef"'),
        ("TXT", r"say \"so\"", r'"say \"so\""'),
        ("TXT", LONG, txt_strings(LONG)),
        ("MX", "10 Mail.example.test", "10 mail.example.test."),
        ("MX", "mail.example.test", "10 mail.example.test."),
        ("SRV", "0 1 993 mail.example.test.", "0 1 993 mail.example.test."),
        ("CAA", '0 issue "letsencrypt.org"', '0 issue "letsencrypt.org"'),
        ("A", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_values_are_read_however_a_provider_shows_them(kind: str, shown: str, value: str) -> None:
    assert provider_text.read(kind, shown) == value


@pytest.mark.parametrize(("kind", "shown"), [("MX", "10 mail"), ("A", "auto"), ("TXT", '"half')])
def test_what_can_not_be_read_for_sure_is_not_guessed(kind: str, shown: str) -> None:
    with pytest.raises(ValueError, match=kind):
        provider_text.read(kind, shown)


def test_a_long_text_is_given_in_strings_and_a_short_one_plain() -> None:
    assert provider_text.given("powerdns", "TXT", txt_strings(LONG)) == (txt_strings(LONG), None)
    assert provider_text.given("powerdns", "TXT", '"v=spf1 -all"') == ("v=spf1 -all", None)


def test_where_the_preference_stands_apart_it_is_given_so() -> None:
    assert provider_text.given("cloudflare", "MX", "10 mail.example.test.") == ("mail.example.test", "10")
    assert provider_text.given("netcup", "MX", "10 mail.example.test.") == ("mail.example.test", 10)
    assert provider_text.given("powerdns", "MX", "10 mail.example.test.") == ("10 mail.example.test.", None)


def test_changes_are_made_beside_what_others_have_and_can_be_undone(
    provider: Provider, account: Account
) -> None:
    account.set(ZONE, "TXT", "token")
    account.set(ZONE, "TXT", "v=spf1 -all")
    first = account.contents()
    before = seen(provider, (ZONE, "TXT"))[ZONE, "TXT"]
    change = SetChange(before, record_set(ZONE, "TXT", 300, ['"token"', '"v=spf1 mx -all"']))
    dkim = added("TXT", txt_strings(LONG), f"r1._domainkey.{ZONE}")

    assert provider.apply(ZONE, [change, dkim]) == ()

    assert {row[2] for row in account.contents()} == {"token", "v=spf1 mx -all", txt_strings(LONG)}
    assert provider.apply(ZONE, [dkim.back, change.back]) == ()
    assert account.contents() == first


def test_names_of_other_zones_are_told(provider: Provider) -> None:
    found = provider.look([(ZONE, "MX"), ("other.test", "MX")])

    assert found.zones == {ZONE: ZONE}
    assert "example holds no zone" in found.elsewhere["other.test"]


def test_what_is_not_clear_is_shown_as_it_is(provider: Provider, account: Account) -> None:
    account.set(ZONE, "MX", "5 mx")
    account.set(ZONE, "TXT", '"half')

    found = provider.look([(ZONE, "MX"), (ZONE, "TXT")])

    assert found.unclear == {(ZONE, "MX"): ("5 mx",), (ZONE, "TXT"): ('"half',)}


def test_what_was_changed_in_between_is_left(provider: Provider, account: Account) -> None:
    account.set(ZONE, "MX", "5 mx.other.test.")

    with pytest.raises(ChangedInBetween):
        provider.apply(ZONE, [added("MX", "10 mail.example.test.")])

    assert [one for one in account.asked if "changes" in one] == []


def no_tlsa(kind: str, content: str) -> str:
    if kind == "TLSA":
        raise ValueError("422 type is not one of A, MX")
    return content


def shortened(kind: str, content: str) -> str:
    return content[:255] if kind == "TXT" else content


@pytest.mark.parametrize(
    ("spoil", "change", "why"),
    [
        (no_tlsa, added("TLSA", f"3 1 1 {'ab' * 32}", f"_25._tcp.{ZONE}"), "422 type is not one of A, MX"),
        (shortened, added("TXT", txt_strings(LONG)), "does not do this TXT record"),
    ],
)
def test_a_record_that_is_refused_or_spoiled_is_taken_back_and_told_and_the_rest_stands(
    provider: Provider, account: Account, spoil: Callable[[str, str], str], change: SetChange, why: str
) -> None:
    account.spoil = spoil

    left = provider.apply(ZONE, [change, added("MX", "10 mail.example.test.")])

    assert [(one.name, one.type) for one in left] == [change.key]
    assert why in left[0].why
    assert "by hand" in left[0].why
    assert account.contents() == [(ZONE, "MX", "10 mail.example.test.")]


def test_an_mx_that_could_not_be_brought_back_is_left_to_a_person(account: Account) -> None:
    provider = Provider("cloudflare", {}, account.ask)
    account.set(ZONE, "MX", "mx.other.test")
    before = seen(provider, (ZONE, "MX"))[ZONE, "MX"]

    left = provider.apply(ZONE, [SetChange(before, record_set(ZONE, "MX", 300, ["10 mail.example.test."]))])

    assert "which preference" in left[0].why
    assert account.contents() == [(ZONE, "MX", "mx.other.test")]


def test_a_refusal_before_anything_was_made_is_one(provider: Provider, account: Account) -> None:
    account.stops_at = "MX"

    with pytest.raises(UpdateRefused, match="refuses these credentials") as refusal:
        provider.apply(ZONE, [added("MX", "10 mail.example.test."), added("A", "192.0.2.1")])

    assert SECRET not in refusal.value.describe()
    assert account.contents() == []


def test_a_refusal_in_the_midst_is_told_as_such(provider: Provider, account: Account) -> None:
    account.stops_at = "MX"

    with pytest.raises(UpdateUnknown, match="in the midst"):
        provider.apply(ZONE, [added("A", "192.0.2.1"), added("MX", "10 mail.example.test.")])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unknown", "lexicon knows no provider example"),
        ("incomplete", r"\[\[dns.credentials\]\]"),
        ("refused", "refuses these credentials"),
        ("silent", "can't be reached"),
        ("elsewhere", "none of these domains"),
        ("failed", "does not show what is there"),
    ],
)
def test_why_nothing_can_be_done_is_told_without_the_secret(
    provider: Provider, account: Account, kind: str, words: str
) -> None:
    account.error = {"error": kind, "words": "GET https://dns.test/?key=t0ken%2F%2B%3D failed\x1b[2J"}

    with pytest.raises(NotPublished, match=words) as refusal:
        provider.look([(ZONE, "MX")])

    told = refusal.value.describe()
    assert "key=… failed" in told
    assert "\x1b" not in told


def test_a_lexicon_that_is_not_there_is_for_a_replay() -> None:
    def fails(_request: dict[str, Any]) -> dict[str, Any]:
        raise CommandFailed("python failed", seen=f"Traceback\nModuleNotFoundError {SECRET}")

    with pytest.raises(UpdateRefused, match="not installed") as refusal:
        Provider("example", {"auth_token": SECRET}, fails).look([(ZONE, "MX")])

    assert "mailstead replay" in refusal.value.next_step
    assert SECRET not in refusal.value.describe()
