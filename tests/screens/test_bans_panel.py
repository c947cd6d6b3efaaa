"""The bans panel: who is shut out, why, and letting them in again."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address

import pytest
from textual.pilot import Pilot

from backends.fail2ban.bans import Ban
from screens.console.bans_panel import BansPanel
from tests.screens.conftest import SnapCompare
from tests.screens.console_world import (
    BANS,
    LINE,
    NOW,
    World,
    console,
    hostile_bans,
    notes,
    on_panel,
    on_screen,
    running,
    text_on,
    until,
)
from wizard.ban_list import BanEntry
from wizard.banning import WouldLockOut


async def opened(pilot: Pilot[None]) -> BansPanel:
    """The panel."""
    panel = await on_panel(pilot, "5")
    assert isinstance(panel, BansPanel)
    return panel


def many() -> tuple[BanEntry, ...]:
    """Seven addresses."""
    return tuple(
        BanEntry(Ban(ip_address(f"203.0.113.{n}"), "sshd", NOW - timedelta(hours=n), NOW), None)
        for n in range(1, 8)
    )


@pytest.mark.usefixtures("world")
async def test_each_ban_says_who_why_and_until_when() -> None:
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)

        shown = text_on(app)

    assert "203.0.113.9" in shown
    assert "11:00     12:07       5x auth-worker(anna@example.test,203.0.113.9)" in shown
    assert "2001:db8::66" in shown
    assert "by hand" in shown
    assert "banned 1 time before" in shown
    assert "2 bans" in shown


async def test_u_lets_the_one_under_the_cursor_in(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "203.0.113.9 may come in again." in notes(app))

    assert world.done == [("unban", ip_address("203.0.113.9"))]
    assert world.audit == [(("ban", "remove", "203.0.113.9"), 0)]


async def test_marked_ones_go_together(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("space", "space", "u")
        await until(pilot, lambda: "2 addresses may come in again." in notes(app))

        assert panel.view.marks == set()

    assert {str(address) for _name, address in world.done} == {"203.0.113.9", "2001:db8::66"}
    assert len(world.audit) == 1


async def test_letting_many_in_is_asked_about_with_their_number(world: World) -> None:
    world.bans = many()
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("a", "u")
        await on_screen(pilot, "Confirm")
        assert "Let 7 addresses in again?" in text_on(app)
        await pilot.press("n")
        await on_screen(pilot, "ConsoleScreen")
        assert world.done == []

        await pilot.press("u")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: len(world.done) == 7)


async def test_b_bans_an_address(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("b")
        await on_screen(pilot, "BanForm")
        await pilot.press(*"192.0.2.", "enter")
        await until(pilot, lambda: "! Write an IPv4 or IPv6 address" in text_on(app))
        await pilot.press("7", "enter")
        await until(pilot, lambda: "192.0.2.7 is shut out of every port." in notes(app))

    assert world.done == [("ban", ip_address("192.0.2.7"))]
    assert world.audit == [(("ban", "add", "192.0.2.7"), 0)]


async def test_whoever_would_shut_themselves_out_is_refused_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = WouldLockOut("someone is connected from 192.0.2.7 by SSH, perhaps you")
    monkeypatch.setattr("wizard.banning.ban_by_hand", world.did("ban", refusal))
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("b")
        await on_screen(pilot, "BanForm")
        await pilot.press(*"192.0.2.7", "enter")
        await until(pilot, lambda: any("perhaps you" in note for note in notes(app)))

    assert world.audit == [(("ban", "add", "192.0.2.7"), 1)]


async def test_enter_shows_every_line_that_led_to_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = BANS[0].evidence
    assert evidence is not None
    before = replace(evidence, at=NOW - timedelta(days=3), lines=("an older line",))
    monkeypatch.setattr("backends.fail2ban.evidence.earlier_bans", lambda _address: (evidence, before))
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")
        shown = text_on(app)

    assert LINE[:40] in shown
    assert "2026-11-21 12:00:00  dovecot  5 failures" in shown
    assert "an older line" in shown
    assert world.done == []


@pytest.mark.usefixtures("world")
async def test_the_filter_looks_at_address_jail_and_lines() -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("slash", *"anna@")
        await until(pilot, lambda: len(panel.view.rows) == 1)
        assert "2 bans; the filter shows 1" in text_on(app)
        await pilot.press("escape", "slash", *"!dovecot")
        await until(pilot, lambda: [entry.ban.jail for entry in panel.view.rows] == ["recidive"])


async def test_bans_come_and_go_by_themselves(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("space")

        world.bans = ()

        await until(pilot, lambda: "Nobody is banned." in text_on(app))
        assert panel.view.marks == set()
        await pilot.press("u", "enter", "space", "a")
        await pilot.pause()

    assert world.done == []


async def test_hostile_log_lines_are_only_text(world: World) -> None:
    world.bans = hostile_bans()
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        shown = text_on(app)
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")
        shown += text_on(app)

    assert "[/x][bold]" in shown
    assert "\x1b" not in shown
    assert "\x9b" not in shown


@pytest.mark.usefixtures("world")
def test_looks_of_the_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)

    assert snap_compare(console(), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
def test_looks_of_a_ban_by_hand(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("b")
        await on_screen(pilot, "BanForm")
        await pilot.press(*"192.0.2.7")
        await pilot.pause(0.3)

    assert snap_compare(console(), terminal_size=size, run_before=look)
