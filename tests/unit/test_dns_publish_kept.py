"""Publishing from the answers: what is shown is what is made, kept, and taken back."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from click.testing import CliRunner, Result

from backends.dns import publish_kept
from backends.dns.publish import Key, Left, RecordSet, SetChange, ZoneChanges, record_set
from backends.dns.publish_provider import Provider
from backends.dns.publish_refusals import ChangedInBetween, UpdateRefused, UpdateUnknown
from backends.dns.publish_update import Primary, Seen
from backends.dns.rotation import Rotation
from backends.dns.settings import DnsSettings
from backends.errors import MailsteadError
from backends.machine.facts import MachineFacts
from backends.rspamd import dkim_keys
from screens.commands import dns_publish as command
from wizard import dns_publishing as publishing
from wizard.answers import Answers, Credential, Dns, Rfc2136
from wizard.dns_publishing import Publication, PublishedByHand, publisher_of
from wizard.dns_settings import is_automatic
from wizard.errors import SecretUnavailable
from wizard.quickstart import quickstart_answers
from wizard.secrets import SecretReference

DOMAIN, SECOND, HOST = "example.test", "second.test", "mail.example.test"
NO_MACHINE = cast(MachineFacts, None)


@dataclass
class Zones:
    """A name server in memory that keeps to its prerequisites, and refuses in zones as it is told to."""

    held: dict[Key, RecordSet] = field(default_factory=dict)
    zones: tuple[str, ...] = (DOMAIN, SECOND)
    refusing: dict[str, MailsteadError] = field(default_factory=dict)
    updates: list[str] = field(default_factory=list)
    impossible: tuple[str, ...] = ()
    name: str = "memory"

    def look(self, keys: Collection[Key]) -> Seen:
        """What is there."""
        found = {name: zone for name, _kind in keys for zone in self.zones if f".{name}".endswith(f".{zone}")}
        elsewhere = {name: "held elsewhere" for name, _kind in keys if name not in found}
        return Seen({key: self.held[key] for key in keys if key in self.held}, found, elsewhere)

    def apply(self, zone: str, changes: Sequence[SetChange]) -> tuple[Left, ...]:
        """All of these, or none; only what is `impossible` is left out."""
        if zone in self.refusing:
            raise self.refusing[zone]
        for change in changes:
            if self.held.get(change.key) != change.before:
                raise ChangedInBetween("changed in between")
        self.updates.append(zone)
        for change in changes:
            if change.key[1] in self.impossible:
                continue
            self.held.pop(change.key, None)
            if change.after:
                self.held[change.key] = change.after
        return tuple(Left(*one.key, (), "not here") for one in changes if one.key[1] in self.impossible)

    def set(self, name: str, kind: str, *values: str) -> None:
        """What somebody else does."""
        self.held[name, kind] = record_set(name, kind, 300, values)


@pytest.fixture
def zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zones:
    rsa, ed25519 = dkim_keys.new_rsa_key(), dkim_keys.new_ed25519_key()
    for domain in (DOMAIN, SECOND):
        (tmp_path / f"{domain}.r1.key").write_bytes(rsa)
        (tmp_path / f"{domain}.e1.key").write_bytes(ed25519)
    settings = DnsSettings(HOST, (DOMAIN, SECOND), (ip_address("192.0.2.25"),), dkim_directory=str(tmp_path))
    zones, kept = Zones(), tmp_path / "dns"
    monkeypatch.setattr(publishing, "dns_settings", lambda _answers, _machine: settings)
    monkeypatch.setattr(publishing, "publisher_of", lambda _answers, _environment: zones)
    monkeypatch.setattr(publishing, "LOCK", tmp_path / "lock")
    for name in ("keep", "forget", "save_ours"):
        write = getattr(publish_kept, name)
        monkeypatch.setattr(publishing, name, lambda value, write=write: write(value, kept))
    monkeypatch.setattr(publishing, "newest", lambda: publish_kept.newest(kept))
    monkeypatch.setattr(publishing, "load_ours", lambda: publish_kept.load_ours(kept))
    monkeypatch.setattr("wizard.answers_in_force.answers_in_force", SimpleNamespace)
    return zones


def prepared(zones: Zones, *, mail: bool = False) -> Publication:
    return publishing.prepare_publication(cast(Answers, None), NO_MACHINE, zones, may_replace_mail=mail)


def take_back() -> object:
    return publishing.take_back(cast(Answers, None), {}, lambda _zones: True)


def test_each_zone_gets_one_update_and_a_second_time_none(zones: Zones) -> None:
    publishing.publish(prepared(zones))

    assert sorted(zones.updates) == [DOMAIN, SECOND]
    assert prepared(zones).zones == ()


def test_publications_are_taken_back_one_after_the_other_to_what_was_there(zones: Zones) -> None:
    zones.set(DOMAIN, "MX", "5 mx.other.test.")
    zones.set(DOMAIN, "TXT", '"token"', '"v=spf1 -all"')
    first = dict(zones.held)
    publishing.publish(prepared(zones))
    second = dict(zones.held)
    publishing.publish(prepared(zones, mail=True))

    assert take_back()
    assert zones.held == second
    assert take_back()
    assert zones.held == first
    assert take_back() is None


@pytest.mark.parametrize(("signing", "is_refused"), [(1, False), (2, True)])
def test_keys_that_came_to_sign_are_not_taken_out_of_the_dns(
    zones: Zones, monkeypatch: pytest.MonkeyPatch, signing: int, is_refused: bool
) -> None:
    publishing.publish(prepared(zones))
    name = f"r2._domainkey.{DOMAIN}"
    added = SetChange(None, record_set(name, "TXT", 300, ['"v=DKIM1; p=AAAA"']))
    changes = ZoneChanges(DOMAIN, (added,))
    publishing.publish(Publication(zones, (changes,), (), {}))
    monkeypatch.setattr(publishing, "load_rotation", lambda: Rotation(signing=signing))

    if is_refused:
        with pytest.raises(MailsteadError, match="keys that sign mail now"):
            take_back()
    else:
        take_back()

    assert ((name, "TXT") in zones.held) is is_refused


def test_what_was_changed_since_is_not_taken_back(zones: Zones) -> None:
    publishing.publish(prepared(zones))
    zones.set(SECOND, "MX", "5 mx.other.test.")
    now = dict(zones.held)

    with pytest.raises(ChangedInBetween, match=r"second\.test MX was changed since"):
        take_back()
    assert zones.held == now


def test_a_change_between_showing_and_saying_yes_is_not_overwritten(zones: Zones) -> None:
    shown = prepared(zones)
    zones.set(DOMAIN, "TXT", '"token"')

    with pytest.raises(ChangedInBetween):
        publishing.publish(shown)
    assert (DOMAIN, "MX") not in zones.held


def test_of_a_zone_that_refused_nothing_is_taken_back(zones: Zones) -> None:
    zones.refusing[SECOND] = UpdateRefused("no")
    with pytest.raises(UpdateRefused):
        publishing.publish(prepared(zones))
    assert zones.updates == [DOMAIN]

    zones.refusing.clear()
    assert take_back()
    assert zones.held == {}
    assert take_back() is None


@pytest.mark.parametrize("was_made", [True, False])
def test_an_update_without_an_answer_can_be_taken_back_if_it_was_made(zones: Zones, was_made: bool) -> None:
    shown = prepared(zones)
    if was_made:
        for zone in shown.zones:
            zones.apply(zone.zone, zone.changes)
    zones.refusing = {zone: UpdateUnknown("silence") for zone in zones.zones}
    after = dict(zones.held)
    with pytest.raises(UpdateUnknown):
        publishing.publish(shown)
    zones.refusing.clear()
    first = shown.zones[0]

    take_back()

    gone = {change.key for change in first.changes}
    assert zones.held == {key: one for key, one in after.items() if key not in gone}


def test_records_of_a_zone_that_is_held_elsewhere_are_told_and_the_rest_published(zones: Zones) -> None:
    zones.zones = (DOMAIN,)

    found = prepared(zones)

    assert [zone.zone for zone in found.zones] == [DOMAIN]
    assert {one.name for one in found.left if one.why == "held elsewhere"} >= {SECOND, f"_dmarc.{SECOND}"}


def test_what_is_chosen_leaves_what_was_published_otherwise_alone(zones: Zones) -> None:
    publishing.publish(prepared(zones))
    zones.set(DOMAIN, "MX", "5 mx.other.test.")
    del zones.held[f"r1._domainkey.{DOMAIN}", "TXT"]

    only = publishing.prepare_publication(
        cast(Answers, None), NO_MACHINE, zones, chosen=lambda key: "._domainkey." in key[0]
    )
    publishing.publish(only)

    assert [change.key[0] for zone in only.zones for change in zone.changes] == [f"r1._domainkey.{DOMAIN}"]
    assert (DOMAIN, "MX") in only.ours


def test_without_a_public_address_what_led_here_before_stays(
    zones: Zones, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: DnsSettings = vars(publishing)["dns_settings"](None, None)
    publishing.publish(prepared(zones))
    inside = replace(settings, addresses=(), inside=(ip_address("10.0.0.5"),))
    monkeypatch.setattr(publishing, "dns_settings", lambda _answers, _machine: inside)

    found = prepared(zones)

    assert found.zones == ()
    assert zones.held[HOST, "A"].values == ("192.0.2.25",)
    assert (HOST, "A") in found.ours
    (left,) = found.left
    assert "10.0.0.5" in left.why


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.publish, arguments)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.machine.facts.gather_facts", lambda _connection: None)


@pytest.mark.usefixtures("machine")
def test_without_a_yes_nothing_is_done_and_the_difference_is_shown(zones: Zones) -> None:
    dry, unasked = run("--dry-run"), run()

    assert (dry.exit_code, unasked.exit_code) == (3, 2)
    assert "add  example.test  MX" in dry.stdout
    assert "say --yes" in unasked.stderr
    assert zones.updates == []


@pytest.mark.usefixtures("machine")
def test_with_a_yes_it_is_done_and_scripts_read_what(zones: Zones) -> None:
    zones.set(DOMAIN, "TXT", '"v=spf1 -all"')

    told = json.loads(run("--yes", "--json").stdout)

    assert told["published"] is True
    changes = {(one["name"], one["type"]): one for zone in told["zones"] for one in zone["changes"]}
    assert changes[DOMAIN, "TXT"] == {
        "name": DOMAIN,
        "type": "TXT",
        "action": "change",
        "before": ["v=spf1 -all"],
        "after": ["v=spf1 mx -all"],
    }
    assert run("--yes").stdout == "nothing to publish: all of it is there\n"
    assert run("--take-back", "--yes").exit_code == 0
    assert zones.held == {(DOMAIN, "TXT"): record_set(DOMAIN, "TXT", 300, ['"v=spf1 -all"'])}


@pytest.mark.usefixtures("machine")
def test_mail_that_goes_elsewhere_needs_a_word_of_its_own(zones: Zones) -> None:
    zones.set(DOMAIN, "MX", "5 mx.other.test.")

    cautious = run("--yes")

    assert cautious.exit_code == 1
    assert "left as it is: example.test  MX" in cautious.stdout
    assert zones.held[DOMAIN, "MX"].values == ("5 mx.other.test.",)
    assert run("--yes", "--replace-mx").exit_code == 0
    assert zones.held[DOMAIN, "MX"].values == (f"10 {HOST}.",)


def answers(publish: str, **rfc2136: object) -> Answers:
    base = quickstart_answers(HOST)
    return base.model_copy(update={"dns": Dns(publish=publish, rfc2136=Rfc2136(**rfc2136))})  # type: ignore[arg-type]


def test_by_hand_it_is_said_what_to_do() -> None:
    with pytest.raises(PublishedByHand) as refusal:
        publisher_of(answers("by-hand"), {})

    assert "mailstead dns records" in refusal.value.next_step
    assert not is_automatic(answers("by-hand"))
    with pytest.raises(PublishedByHand, match="no credentials for cloudflare"):
        publisher_of(answers("cloudflare"), {})
    assert not is_automatic(answers("cloudflare"))


def test_a_provider_gets_each_secret_by_its_name_and_shows_none(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("t0ken\n")
    secret.chmod(0o600)
    token = Credential(name="auth_token", secret=SecretReference("file", str(secret)))
    wanted = quickstart_answers(HOST).model_copy(
        update={"dns": Dns(publish="cloudflare", credentials=(token,))}
    )

    found = publisher_of(wanted, {})

    assert is_automatic(wanted)
    assert isinstance(found, Provider)
    assert (found.name, found.credentials) == ("cloudflare", {"auth_token": "t0ken"})
    assert "t0ken" not in repr(found)


def test_what_is_not_possible_there_is_told_and_counts_as_published_nowhere(
    zones: Zones, tmp_path: Path
) -> None:
    zones.impossible = ("MX",)

    left = publishing.publish(prepared(zones))

    assert {one.type for one in left} == {"MX"}
    assert not [key for key in publish_kept.load_ours(tmp_path / "dns") if key[1] == "MX"]
    assert {change.key[1] for zone in prepared(zones).zones for change in zone.changes} == {"MX"}
    assert take_back()
    assert zones.held == {}


@pytest.mark.usefixtures("machine")
def test_of_what_is_not_possible_the_command_says_why_and_that_it_is_not_all(zones: Zones) -> None:
    zones.impossible = ("MX",)

    told = run("--yes")

    assert told.exit_code == 1
    assert "left as it is: example.test  MX\n      not here" in told.stdout


def test_the_key_comes_from_where_the_answers_say_and_is_shown_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("c2VjcmV0\n")
    secret.chmod(0o600)
    wanted = answers(
        "rfc2136", server="192.0.2.53", key_name="update", key_secret=SecretReference("file", str(secret))
    )

    found = publisher_of(wanted, {})

    assert isinstance(found, Primary)
    assert (found.server, found.key.name, found.key.secret) == ("192.0.2.53", "update", "c2VjcmV0")
    assert "c2VjcmV0" not in repr(found)


def test_without_the_key_nothing_is_asked() -> None:
    missing = SecretReference("env", "MAILSTEAD_NO_SUCH_KEY")
    with pytest.raises(SecretUnavailable):
        publisher_of(answers("rfc2136", server="192.0.2.53", key_name="update", key_secret=missing), {})
