"""A change of DKIM keys: nothing signs that the world has not seen, and nothing goes too early."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.checks import Status
from backends.dns.asking import Answer
from backends.dns.dkim_check import dkim_checks
from backends.dns.looking import Look
from backends.dns.record import DnsRecord, Need
from backends.dns.records import records_for
from backends.dns.rotation import (
    KEPT,
    Coming,
    Leaving,
    Rotation,
    Sight,
    begun,
    due_to_retire,
    forgotten,
    is_switch_due,
    looked,
    not_switched,
    retired,
    signs_from,
    switching,
    taken_up,
)
from backends.dns.rotation_check import judged
from backends.dns.rotation_file import load_rotation, save_rotation
from backends.dns.rotation_sight import sight_of, still_published
from backends.dns.settings import DnsSettings
from backends.errors import MailsteadError
from backends.resources import File, GeneratedFile, Service
from backends.rspamd import dkim_keys, signing_pair
from backends.rspamd.adapter import Rspamd
from backends.rspamd.settings import RspamdSettings, selectors
from backends.rspamd.signing_pair import PairState, SigningPair
from tests.unit.dns_world import NS1, NS2, World

T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE = Sight(True, ttl=3600)
BROKEN = Sight(False, words="r2._domainkey.example.test: missing")


def after(hours: float) -> datetime:
    return T0 + hours * HOUR


def seen_for(hours: float) -> Rotation:
    """New keys that every server has shown for that long."""
    return looked(looked(begun(Rotation(), T0), WHOLE, T0), WHOLE, after(hours))


def switched() -> Rotation:
    return taken_up(switching(seen_for(2)), 2, after(2))


def test_new_keys_are_made_and_the_old_ones_go_on_signing() -> None:
    found = begun(Rotation(), T0)

    assert (found.signing, found.wanted, found.further) == (1, 1, (2,))
    assert not is_switch_due(found, after(10_000))


def test_a_second_change_does_not_begin_while_one_is_under_way() -> None:
    with pytest.raises(MailsteadError, match=r"r2 \+ e2"):
        begun(begun(Rotation(), T0), T0)


@pytest.mark.parametrize(("hours", "is_due"), [(0, False), (0.9, False), (1, True), (48, True)])
def test_new_keys_sign_once_caches_have_forgotten_that_there_were_none(hours: float, is_due: bool) -> None:
    assert is_switch_due(seen_for(hours), after(hours)) is is_due


def test_the_longest_time_to_live_that_was_seen_counts() -> None:
    longer = looked(seen_for(0), Sight(True, ttl=86400), after(1))

    assert signs_from(looked(longer, WHOLE, after(2))) == after(24)


def test_a_break_begins_the_waiting_anew_and_says_why() -> None:
    broken = looked(seen_for(0.9), BROKEN, after(0.95))

    assert broken.coming
    assert broken.coming.waits_for == BROKEN.words
    assert not is_switch_due(broken, after(100))
    again = looked(broken, WHOLE, after(100))
    assert not is_switch_due(again, after(100.5))
    assert is_switch_due(again, after(101))


def test_a_clock_that_was_set_back_proves_nothing() -> None:
    back = looked(seen_for(0), WHOLE, after(-5))

    assert signs_from(back) == after(-4)


def test_the_run_makes_the_new_keys_sign_and_keeps_the_old_ones() -> None:
    assert switching(seen_for(2)).wanted == 2
    found = switched()

    assert (found.signing, found.wanted, found.further) == (2, 2, (1,))
    assert found.coming is None
    assert found.leaving == (Leaving(1, after(2)),)


def test_a_run_that_failed_leaves_them_waiting() -> None:
    found = not_switched(switching(seen_for(2)), "no")

    assert found.wanted == 1
    assert found.coming
    assert found.coming.waits_for == "no"
    assert not_switched(Rotation(), "no") == Rotation()


def test_a_sight_that_breaks_off_calls_the_switch_off() -> None:
    assert looked(switching(seen_for(2)), BROKEN, after(3)).wanted == 1


def test_a_switch_that_was_taken_back_waits_for_a_person() -> None:
    back = taken_up(switched(), 1, after(3))

    assert (back.signing, back.further, back.leaving) == (1, (2,), ())
    back = looked(looked(back, WHOLE, after(3)), WHOLE, after(50))
    assert not is_switch_due(back, after(50))
    assert signs_from(back) is None
    on = begun(back, after(50))
    assert on.coming
    assert on.coming.pair == 2
    assert is_switch_due(on, after(50))


def test_keys_that_are_deleted_can_not_be_brought_back() -> None:
    gone = retired(switched(), (1,))

    with pytest.raises(MailsteadError, match="are deleted"):
        taken_up(gone, 1, after(200))


def test_old_keys_stay_for_seven_days() -> None:
    found = switched()

    assert due_to_retire(found, after(2) + KEPT - timedelta(seconds=1)) == ()
    assert due_to_retire(found, after(2) + KEPT) == (1,)
    assert timedelta(days=7) <= KEPT
    gone = retired(found, (1,))
    assert (gone.leaving, gone.further, gone.gone) == ((), (), (1,))
    assert forgotten(gone, (1,)).is_idle


def test_a_number_never_comes_twice() -> None:
    found = forgotten(retired(switched(), (1,)), (1,))

    assert begun(found, after(300)).further == (3,)


@dataclass
class Story:
    """What happens to keys, with the time that passes in between, and what was seen of them."""

    state: Rotation = field(default_factory=Rotation)
    now: datetime = T0
    seen_since: dict[int, datetime] = field(default_factory=lambda: {1: T0 - timedelta(days=30)})
    deleted: set[int] = field(default_factory=set)

    def begin(self) -> None:
        if self.state.coming is None or self.state.coming.is_held:
            self.state = begun(self.state, self.now)

    def whole(self) -> None:
        if self.state.coming:
            self.seen_since.setdefault(self.state.coming.pair, self.now)
            self.state = looked(self.state, WHOLE, self.now)

    def broken(self) -> None:
        if self.state.coming:
            self.seen_since.pop(self.state.coming.pair, None)
            self.state = looked(self.state, BROKEN, self.now)

    def switch(self) -> None:
        if self.state.coming and is_switch_due(self.state, self.now):
            pair = self.state.coming.pair
            assert self.now - self.seen_since[pair] >= timedelta(seconds=WHOLE.ttl)
            self.state = taken_up(switching(self.state), pair, self.now)

    def back(self) -> None:
        if self.state.leaving:
            self.state = taken_up(self.state, self.state.leaving[-1].pair, self.now)

    def fail(self) -> None:
        self.state = not_switched(self.state, "failed")

    def retire(self) -> None:
        due = due_to_retire(self.state, self.now)
        self.deleted.update(due)
        self.state = retired(self.state, due)

    def forget(self) -> None:
        self.state = forgotten(self.state, self.state.gone)


_EVENTS = ("begin", "whole", "broken", "switch", "back", "fail", "retire", "forget")


@given(st.lists(st.tuples(st.sampled_from(_EVENTS), st.integers(0, 9000)), max_size=40))
def test_nothing_signs_that_was_not_seen_for_its_time_to_live(events: list[tuple[str, int]]) -> None:
    story = Story()
    for event, minutes in events:
        story.now += timedelta(minutes=minutes)
        getattr(story, event)()

        state = story.state
        assert not story.deleted & {state.signing, *state.further}
        assert len({state.wanted, *state.further}) == 1 + len(state.further)


@pytest.mark.parametrize(
    ("state", "hours", "status"),
    [
        (looked(begun(Rotation(), T0), BROKEN, T0), 1, Status.OK),
        (looked(begun(Rotation(), T0), BROKEN, T0), 25, Status.WARN),
        (seen_for(0), 0.5, Status.OK),
        (seen_for(0), 26, Status.WARN),
        (taken_up(switched(), 1, after(3)), 4, Status.WARN),
        (Rotation(), 4, Status.OK),
    ],
)
def test_a_change_that_does_not_go_on_is_no_secret(state: Rotation, hours: float, status: Status) -> None:
    found = judged(state, after(hours))

    assert found.status is status
    assert bool(found.mend) is (status is Status.WARN)


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "rotation.json"
    whole = replace(switched(), coming=Coming(3, T0, after(1), 60, "why", True, True), gone=(7,), last=8)
    for state in (Rotation(), seen_for(1), whole):
        save_rotation(state, path)
        assert load_rotation(path) == state
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"signing": 1, "coming": {}, "leaving": [], "gone": []}'])
def test_a_broken_file_is_no_reason_to_sign_with_other_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rotation.json"
    path.write_text(text)

    with pytest.raises(MailsteadError, match="can't be read"):
        load_rotation(path)


NAMES = tuple(f"{selector}._domainkey.example.test" for selector in selectors(2))
RECORDS = tuple(DnsRecord(name, "TXT", f"v=DKIM1; k=rsa; p={name[:2]}AA") for name in NAMES)


def world() -> World:
    found = World()
    found.set("example.test", "NS", "ns1.dns.test.", "ns2.dns.test.")
    found.set("ns1.dns.test", "A", NS1)
    found.set("ns2.dns.test", "A", NS2)
    for record in RECORDS:
        found.set(record.name, "TXT", record.value)
    return found


async def test_keys_that_every_server_shows_are_seen() -> None:
    assert (await sight_of(Look(world()), RECORDS)).is_whole


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(), "not yet everywhere: ns2.dns.test: there is none"),
        (Answer(("v=DKIM1; k=rsa; p=LIES",)), "p=LIES"),
        (Answer((RECORDS[0].value, "v=DKIM1; p=TWO")), "several"),
        (Answer(problem="SERVFAIL"), "SERVFAIL"),
        (Answer(problem="no answer in 4 s"), "no answer in 4 s"),
    ],
)
async def test_one_server_that_says_otherwise_is_enough_to_wait(answer: Answer, words: str) -> None:
    found = world()
    found.own[NS2, NAMES[0], "TXT"] = answer

    sight = await sight_of(Look(found), RECORDS)

    assert not sight.is_whole
    assert NAMES[0] in sight.words
    assert words in sight.words


async def test_what_only_a_resolver_shows_is_not_seen() -> None:
    found = world()
    found.set("example.test", "NS")

    assert not (await sight_of(Look(found), RECORDS)).is_whole


async def test_without_any_record_nothing_is_seen() -> None:
    assert not (await sight_of(Look(world()), ())).is_whole


async def test_the_longest_time_to_live_of_all_servers_is_told() -> None:
    found = world()
    found.own[NS2, NAMES[1], "TXT"] = Answer((RECORDS[1].value,), ttl=7200)

    assert (await sight_of(Look(found), RECORDS)).ttl == 7200


async def test_old_records_count_as_published_until_no_server_shows_them() -> None:
    found = world()
    assert await still_published(Look(found), (2, 1), ("example.test",)) == (2,)

    for name in NAMES:
        found.set(name, "TXT", "v=DKIM1; p=")
    assert await still_published(Look(found), (2,), ("example.test",)) == ()
    found.silent[NS1] = "no answer"
    assert await still_published(Look(found), (2,), ("example.test",)) == (2,)


def made(directory: Path, *pairs: int) -> None:
    for pair in pairs:
        rsa, ed25519 = selectors(pair)
        (directory / f"example.test.{rsa}.key").write_bytes(dkim_keys.new_rsa_key())
        (directory / f"example.test.{ed25519}.key").write_bytes(dkim_keys.new_ed25519_key())


def test_all_keys_of_a_change_are_published_and_only_mail_hangs_on_those_that_sign(tmp_path: Path) -> None:
    made(tmp_path, 1, 2)
    settings = DnsSettings(
        "mail.example.test",
        ("example.test",),
        (ip_address("192.0.2.25"),),
        dkim_directory=str(tmp_path),
        dkim_pair=2,
        further_pairs=(1,),
    )

    found = {r.name.partition(".")[0]: r.need for r in records_for(settings) if "_domainkey" in r.name}

    assert found == {
        "r2": Need.REQUIRED,
        "e2": Need.RECOMMENDED,
        "r1": Need.RECOMMENDED,
        "e1": Need.RECOMMENDED,
    }
    checked = [check.id for check in dkim_checks(settings)]
    assert checked == [f"dkim.record-{selector}.example.test" for selector in ("r2", "e2", "r1", "e1")]


def test_the_filter_signs_with_the_pair_it_is_told_and_keeps_the_others() -> None:
    settings = RspamdSettings(
        "mail.example.test", ("example.test",), "trixie", dkim_pair=2, further_pairs=(1, 3)
    )
    found = list(Rspamd(settings).resources())
    texts = {r.path: (r.content or b"").decode() for r in found if isinstance(r, File)}
    keys = [r.path for r in found if isinstance(r, GeneratedFile)]
    (service,) = (r for r in found if isinstance(r, Service) and r.unit == "rspamd.service")
    read = {r.key for r in service.restart_on}

    signing = texts["/etc/rspamd/local.d/dkim_signing.conf"]
    assert '"r2"' in signing
    assert '"e2"' in signing
    assert "r1" not in signing
    assert "example.test.r2.key" in texts["/etc/rspamd/local.d/arc.conf"]
    assert [key.rsplit("/", 1)[1].split(".")[2] for key in keys] == ["r2", "e2", "r1", "e1", "r3", "e3"]
    assert f"generated:{keys[0]}" in read
    assert f"generated:{keys[2]}" not in read, "keys that do not sign are no reason to restart"
    assert SigningPair(2) in found


def test_the_signing_pair_is_changed_and_taken_back_like_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rotation.json"
    monkeypatch.setattr(signing_pair, "load_rotation", lambda: load_rotation(path))
    monkeypatch.setattr(signing_pair, "save_rotation", lambda state: save_rotation(state, path))
    save_rotation(switching(seen_for(2)), path)
    resource = SigningPair(2)
    (before,) = SigningPair.look([resource])
    kept = before.record(lambda _content: "")

    resource.put(resource.wanted(before))
    assert SigningPair.look([resource]) == [PairState(2)]
    assert "r2 + e2 instead of r1 + e1" in resource.describe(before, PairState(2)).summary

    SigningPair.from_identity({}).put(SigningPair.state_from_record(kept, lambda _digest: b""))
    assert load_rotation(path).signing == 1
    coming = load_rotation(path).coming
    assert coming
    assert (coming.pair, coming.is_held, coming.seen_since) == (2, True, None)
