"""The DNS panel: how each record stands, copying, publishing, and the keys that sign mail."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from backends.dns.judging import Standing
from backends.dns.publish_refusals import NotPublished
from backends.dns.rotation import Leaving, Rotation
from backends.text import clean
from screens.console.dns_panel import DnsPanel
from tests.screens.conftest import SnapCompare
from tests.screens.console_world import (
    HOSTILE,
    NOW,
    World,
    console,
    notes,
    on_panel,
    on_screen,
    running,
    text_on,
    until,
)
from tests.screens.names_world import BY_HAND, NOTHING_TO_PUBLISH, SEEN, coming, judged, publication
from wizard.dns_publishing import Publication


async def opened(pilot: Pilot[None]) -> DnsPanel:
    """The panel, when the name servers have answered."""
    panel = await on_panel(pilot, "7")
    assert isinstance(panel, DnsPanel)
    await until(pilot, lambda: "asking the name servers" not in panel.status_text)
    return panel


def prepares(world: World, *, foreign_mail: bool = False) -> Callable[..., Publication]:
    """Stands for what asks the primary servers; other servers' MX are left until they may be replaced."""

    def prepare(_environment: object, *, may_replace_mail: bool) -> Publication:
        world.did("prepare")(may_replace_mail)
        return publication(foreign_mail=foreign_mail and not may_replace_mail)

    return prepare


@pytest.fixture
def steps(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Steps of a change of keys are only written down."""

    def take(step: str, _environment: object) -> tuple[str, ...]:
        world.did("step")(step)
        return ("new keys: r2 + e2",) if step == "begin" else ()

    monkeypatch.setattr("wizard.dkim_next_step.take_step", take)
    return world.done


@pytest.mark.usefixtures("world")
async def test_each_record_says_how_it_stands_below_its_domain() -> None:
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        lines = text_on(app).splitlines()

    def has(*words: str) -> bool:
        return any(all(word in line for word in words) for line in lines)

    assert has("example.test  2 of 6 are right")
    assert has("example.org  0 of 1 are right")
    assert has("right", "MX", "10 mail.example.test.")
    assert has("WRONG", "TXT", "v=spf1 a:old.example.test -all")
    assert has("NOT YET EVERYWHERE", "r1._domainkey.example.test", "ns2.example.test: there is none")
    assert has("MISSING", "_smtp._tls.example.test")
    assert has("WRONG", "SPF", "192.0.2.25: fail")
    assert has("COULD NOT BE ASKED", "example.org")
    assert has("5 of 7 are not right, 4 of these are required; asked at 12:00")


async def test_keys_work_while_the_name_servers_are_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer = threading.Event()

    def look(_environment: object) -> object:
        assert may_answer.wait(10)
        return world.seen

    monkeypatch.setattr("wizard.dns_list.look_at_records", look)
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, "7")
        shown = text_on(app)
        await pilot.press("down", "enter")
        await on_screen(pilot, "RecordScreen")
        assert "192.0.2.25" in text_on(app)
        await pilot.press("escape")
        await on_panel(pilot, "5")
        await on_panel(pilot, "7")
        assert "asking the name servers" in panel.status_text
        may_answer.set()
        await until(pilot, lambda: "asked at" in panel.status_text)

    assert "not looked at yet" in shown
    assert "6 records; asking the name servers" in shown


async def test_r_asks_anew_and_coming_back_does_not(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        world.seen = replace(SEEN, entries=SEEN.entries[:1])
        await on_panel(pilot, "5")
        await on_panel(pilot, "7")
        assert len(panel.view.rows) == 9
        await pilot.press("r")
        await until(pilot, lambda: len(panel.view.rows) == 2)

        assert "all 1 are right" in panel.status_text


async def test_the_filter_takes_states_types_and_values(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("slash", *"wrong txt")
        await until(pilot, lambda: len(panel.view.rows) == 2)
        assert "the filter shows 1" in panel.status_text
        assert "example.test  2 of 6 are right" in text_on(app)
        await pilot.press("escape", "slash", *"old.example")
        await until(pilot, lambda: len(panel.view.rows) == 2)

    assert world.audit == []


async def test_enter_shows_a_record_whole_and_y_copies_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console()
    monkeypatch.setattr(app, "copy_to_clipboard", lambda text: world.done.append(("copy", text)))
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "down", "enter")
        await on_screen(pilot, "RecordScreen")
        shown = text_on(app)
        await pilot.press("y")
        await on_screen(pilot, "CopyScreen")
        await pilot.press("c")
        await until(pilot, lambda: bool(world.done))

    assert "y copies it" in shown
    assert "WRONG · required" in shown
    assert "Receivers know which servers send the domain's mail." in shown
    assert "v=spf1 mx -all" in shown
    assert "v=spf1 a:old.example.test -all" in shown
    assert "mend:" in shown
    assert world.done == [("copy", "example.test\nTXT\nv=spf1 mx -all")]


@pytest.mark.usefixtures("world")
async def test_y_copies_from_the_list_and_a_domain_has_no_record() -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        assert panel.check_action("copy", ()) is False
        await pilot.press("down", "y")
        await on_screen(pilot, "CopyScreen")

        assert "192.0.2.25" in text_on(app)


@pytest.mark.usefixtures("world")
async def test_z_shows_the_zone_file_of_the_domain_under_the_cursor() -> None:
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("z")
        await on_screen(pilot, "CopyScreen")
        shown = text_on(app)

    assert "Zone file of example.test" in shown
    assert 'example.test. 3600 IN TXT "v=spf1 mx -all"' in shown
    assert "example.org" not in shown.partition("Zone file")[2].partition("Lines to add")[0]


async def test_publishing_shows_the_difference_first_and_leaves_its_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.dns_list.prepare", prepares(world))
    monkeypatch.setattr("wizard.dns_publishing.publish", world.did("publish", ()))
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("p")
        await on_screen(pilot, "DifferenceScreen")
        shown = text_on(app)
        await pilot.press("n")
        await on_screen(pilot, "ConsoleScreen")
        assert world.done == [("prepare", False)]

        await pilot.press("p")
        await on_screen(pilot, "DifferenceScreen")
        await pilot.press("y")
        await until(pilot, lambda: "The records are published." in notes(app))

    assert "Publish this through 192.0.2.53?" in shown
    assert "-    v=spf1 a:old.example.test -all" in shown
    assert "+    v=spf1 mx -all" in shown
    assert "add  _smtp._tls.example.test  TXT" in shown
    assert [name for name, *_rest in world.done] == ["prepare", "prepare", "publish"]
    assert world.audit == [(("dns", "publish", "--yes"), 0)]


async def test_other_servers_mail_is_asked_about_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.dns_list.prepare", prepares(world, foreign_mail=True))
    monkeypatch.setattr("wizard.dns_publishing.publish", world.did("publish", ()))
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("p")
        await on_screen(pilot, "Confirm")
        assert "10 mx.example.net." in text_on(app)
        await pilot.press("n")
        await on_screen(pilot, "DifferenceScreen")
        assert "left as it is: example.org  MX" in text_on(app)
        await pilot.press("n")
        await on_screen(pilot, "ConsoleScreen")
        await pilot.press("p")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")
        await on_screen(pilot, "DifferenceScreen")
        await pilot.press("y")
        await until(pilot, lambda: "The records are published." in notes(app))

    assert world.audit == [(("dns", "publish", "--yes", "--replace-mx"), 0)]


async def test_where_all_is_there_nothing_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.dns_list.prepare", lambda *_one, **_two: NOTHING_TO_PUBLISH)
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "Nothing to publish: all of it is there." in notes(app))

    assert world.audit == []


async def test_a_refusal_of_the_primary_server_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.dns_list.prepare", prepares(world))
    refusal = NotPublished("192.0.2.53 refuses", seen="REFUSED", next_step="look at its key")
    monkeypatch.setattr("wizard.dns_publishing.publish", world.did("publish", refusal))
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("p")
        await on_screen(pilot, "DifferenceScreen")
        await pilot.press("y")
        await until(pilot, lambda: any("192.0.2.53 refuses" in note for note in notes(app)))
        await until(pilot, lambda: panel.check_action("publish", ()) is True)

    assert world.audit == [(("dns", "publish", "--yes"), 1)]


async def test_nothing_is_published_by_hand_or_read_only(world: World) -> None:
    read_only = console(is_read_only=True)
    async with running(read_only) as pilot:
        panel = await opened(pilot)
        assert panel.check_action("publish", ()) is False
        assert panel.check_action("keys", ()) is False

    world.seen = BY_HAND
    by_hand = console()
    async with running(by_hand) as pilot:
        panel = await opened(pilot)
        await pilot.press("p")
        await pilot.pause()
        assert panel.check_action("publish", ()) is False

    assert world.done == world.audit == []


async def test_d_begins_a_change_of_keys_after_asking(world: World, steps: list[tuple[Any, ...]]) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("d")
        await on_screen(pilot, "Confirm")
        shown = text_on(app)
        await pilot.press("y")
        await until(pilot, lambda: "new keys: r2 + e2" in notes(app))

    assert "Make new DKIM keys?" in shown
    assert "r1 + e1 sign" in shown
    assert steps == [("step", "begin")]
    assert world.audit == [(("dkim", "rotate", "--yes"), 0)]


@pytest.mark.parametrize(
    ("rotation", "question", "step"),
    [
        (coming(NOW), "Look whether the new DKIM keys are seen everywhere?", "look"),
        (coming(NOW, is_held=True), "Let the change to the new DKIM keys go on?", "go on"),
        (coming(NOW, seen_hours_ago=2), "Let the new DKIM keys sign?", "switch"),
        (
            Rotation(2, leaving=(Leaving(1, NOW.replace(day=10)),), last=2),
            "Delete the old DKIM keys?",
            "delete",
        ),
        (Rotation(2, gone=(1,), last=2), "Look whether the records of the old DKIM keys", "look away"),
    ],
)
async def test_d_takes_the_next_step_of_a_change_of_keys(
    world: World, steps: list[tuple[Any, ...]], rotation: Rotation, question: str, step: str
) -> None:
    world.seen = replace(SEEN, rotation=rotation)
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("d")
        await on_screen(pilot, "Confirm")
        assert question in text_on(app)
        await pilot.press("y")
        await until(pilot, lambda: "Looked at; nothing is due yet." in notes(app))

    assert steps == [("step", step)]
    assert [status for _command, status in world.audit] == [0]


@pytest.mark.parametrize(
    ("rotation", "words"),
    [
        (coming(NOW, seen_hours_ago=0.5), "sign from 2026-11-24 12:30:00 on"),
        (Rotation(2, leaving=(Leaving(1, NOW),), last=2), "stay until 2026-12-01 12:00:00"),
    ],
)
async def test_what_only_time_does_is_told_and_not_offered(
    world: World, rotation: Rotation, words: str
) -> None:
    world.seen = replace(SEEN, rotation=rotation)
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("d")
        await on_screen(pilot, "HelpScreen")
        shown = " ".join(text_on(app).replace("│", " ").split())

    assert words in shown
    assert "A timer" in shown
    assert world.audit == []


async def test_answers_of_the_dns_are_only_text(world: World) -> None:
    evil = judged("example.test", "example.test", "MX", Standing.WRONG, clean(HOSTILE))
    entries = tuple(
        replace(one, judgement=evil) if (one.name, one.type) == ("example.test", "MX") else one
        for one in SEEN.entries
    )
    world.seen = replace(SEEN, entries=entries)
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("down", "down")
        shown = text_on(app)
        await pilot.press("enter")
        await on_screen(pilot, "RecordScreen")
        shown += text_on(app)

    assert shown.count("[/x][bold]") >= 3
    assert "\x1b" not in shown
    assert "\x9b" not in shown


async def test_a_look_that_fails_leaves_the_records_in_sight(world: World) -> None:
    world.problem = OSError("no sockets left")
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, "7")
        await until(pilot, lambda: panel.is_trouble)
        shown = text_on(app)
        await pilot.press("slash", *"mx !txt")
        await until(pilot, lambda: "6 records; not looked at yet; the filter shows 2" in panel.status_text)

    assert "no sockets left" in shown
    assert "not looked at yet" in shown


@pytest.mark.usefixtures("world")
def test_looks_of_the_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("down", "down", "down")

    assert snap_compare(console(), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
def test_looks_of_a_record(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("down", "down", "down", "enter")
        await on_screen(pilot, "RecordScreen")

    assert snap_compare(console(), terminal_size=size, run_before=look)


def test_looks_of_the_difference(
    snap_compare: SnapCompare, size: tuple[int, int], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.dns_list.prepare", prepares(world))

    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("p")
        await on_screen(pilot, "DifferenceScreen")

    assert snap_compare(console(), terminal_size=size, run_before=look)


def test_looks_of_the_keys(snap_compare: SnapCompare, size: tuple[int, int], world: World) -> None:
    world.seen = replace(BY_HAND, rotation=coming(NOW))

    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("d")
        await on_screen(pilot, "Confirm")

    assert snap_compare(console(), terminal_size=size, run_before=look)
