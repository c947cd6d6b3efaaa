"""The mailboxes panel: domains, mailboxes and aliases, and what is done to them."""

import time
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from backends.accounts.errors import AlreadyThere
from backends.text import clean
from screens.console.mailboxes_panel import MailboxesPanel
from tests.screens.conftest import SnapCompare
from tests.screens.console_world import (
    ENTRIES,
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
from wizard.mailbox_list import Entry


async def opened(pilot: Pilot[None], name: str = "") -> MailboxesPanel:
    """The panel, the cursor on the entry of this name."""
    panel = await on_panel(pilot, "4")
    assert isinstance(panel, MailboxesPanel)
    await until(pilot, lambda: bool(panel.view.rows))
    if name:
        panel.view.go_to([entry.name for entry in panel.view.rows].index(name))
        await pilot.pause()
    return panel


@pytest.mark.usefixtures("world")
async def test_each_domain_has_its_mailboxes_and_aliases_below() -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)

        shown = text_on(app)

    assert "example.test  3 mailboxes, 1 alias" in shown
    assert "500 MB  suspended" in shown
    assert "no limit" in shown
    assert "info@example.test → anna@example.test, bob@example.test" in shown
    assert "2 domains, 3 mailboxes, 1 alias" in shown


@pytest.mark.usefixtures("world")
async def test_where_the_cursor_rests_use_and_last_login_are_shown() -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot, "anna@example.test")

        await until(pilot, lambda: "used: 3 MB of 2 GB, 12 messages" in text_on(app))

        assert "last login: 11:40 by imap from 203.0.113.50" in text_on(app)


async def test_s_suspends_and_lets_in_again(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot, "anna@example.test")
        await pilot.press("s")
        await until(pilot, lambda: len(world.audit) == 1)
        panel.view.go_to(2)
        await pilot.press("s")
        await until(pilot, lambda: len(world.audit) == 2)
        await until(pilot, lambda: any("can log in again" in note for note in notes(app)))

        assert any("anna@example.test is suspended" in note for note in notes(app))

    assert world.done == [("suspend", "anna@example.test"), ("enable", "bob@example.test")]
    assert world.audit == [
        (("account", "disable", "anna@example.test"), 0),
        (("account", "enable", "bob@example.test"), 0),
    ]


async def test_a_new_mailbox_takes_a_bare_name_and_shows_its_password_once(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot, "carol@example.test")
        await pilot.press("n")
        await on_screen(pilot, "NewEntryForm")
        await pilot.press(*"dora")
        await until(pilot, lambda: "dora@example.test: a password is made" in text_on(app))
        await pilot.press("enter")
        await on_screen(pilot, "CopyScreen")

        assert "made-by-the-machine" in text_on(app)
        await pilot.press("escape")
        await on_screen(pilot, "ConsoleScreen")
        assert "made-by-the-machine" not in text_on(app) + "".join(notes(app))

    assert world.done == [("make mailbox", "dora@example.test", "made-by-the-machine", 2 << 30)]
    assert world.audit == [(("account", "add", "dora@example.test", "--quota", "2G"), 0)]


async def test_a_weak_password_is_refused_while_it_is_typed(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot, "anna@example.test")
        await pilot.press("p")
        await on_screen(pilot, "PasswordForm")
        await pilot.press(*"hunter2")
        await until(pilot, lambda: "! the password is too easy to guess" in text_on(app))

        await pilot.press("enter")
        await pilot.pause(0.2)
        assert type(app.screen).__name__ == "PasswordForm"
        assert "hunter2" not in text_on(app)

        await pilot.press(*"-and-three-more")
        await until(pilot, lambda: "Strong enough." in text_on(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(world.audit) == 1)

    assert world.done == [("password", "anna@example.test", "hunter2-and-three-more")]
    assert world.audit == [(("account", "passwd", "anna@example.test"), 0)]


async def test_another_quota_is_written_like_everywhere(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot, "anna@example.test")
        await pilot.press("u")
        await on_screen(pilot, "QuotaForm")
        assert "2G" in text_on(app)
        await pilot.press("backspace", "x")
        await until(pilot, lambda: "! The quota is no size" in text_on(app))
        await pilot.press("backspace", "0", "0", "M", "enter")
        await until(pilot, lambda: len(world.audit) == 1)

    assert world.done == [("quota", "anna@example.test", 200 << 20)]


async def test_an_alias_and_a_domain_are_made_in_the_same_form(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "NewEntryForm")
        await pilot.press("up", "down", "space", "down", "down", *"sales", "down", *"anna bob", "enter")
        await until(pilot, lambda: len(world.audit) == 1)
        await on_screen(pilot, "ConsoleScreen")
        await pilot.press("n")
        await on_screen(pilot, "NewEntryForm")
        await pilot.press("up", "down", "down", "space", "down", *"example.net", "enter")
        await until(pilot, lambda: len(world.audit) == 2)

    assert world.done == [
        ("add alias", "sales@example.test", "anna@example.test"),
        ("add alias", "sales@example.test", "bob@example.test"),
        ("add domain", "example.net"),
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("anna", "anna@example.test is here already"),
        ("dora@example.com", "example.com is no domain of this server"),
        ("dora+x", "is no address that works here"),
        ("dora@", "is no mail domain"),
    ],
)
async def test_what_can_not_be_made_is_said_while_it_is_typed(world: World, typed: str, said: str) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "NewEntryForm")
        await pilot.press(*typed)
        await until(pilot, lambda: said in " ".join(text_on(app).replace("│", " ").split()))
        await pilot.press("enter")
        await pilot.pause(0.2)

        assert type(app.screen).__name__ == "NewEntryForm"

    assert world.done == []


async def test_deleting_names_the_address_and_what_stays(world: World) -> None:
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot, "anna@example.test")
        await pilot.press("d")
        await on_screen(pilot, "Confirm")
        shown = text_on(app)
        assert "Delete the mailbox anna@example.test?" in shown
        assert "Its mail stays in /var/vmail/example.test/anna." in shown
        assert "Mail for info@example.test goes nowhere then" in shown
        assert "The answers name it: the next replay makes it again." in shown

        await pilot.press("enter")
        await on_screen(pilot, "ConsoleScreen")
        assert world.done == []

        await pilot.press("d")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: len(world.audit) == 1)

    assert world.done == [("delete mailbox", "anna@example.test")]
    assert world.audit == [(("account", "remove", "anna@example.test"), 0)]


async def test_an_alias_and_an_empty_domain_can_go_too(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot, "info@example.test")
        for name in ("info@example.test", "example.org"):
            panel.view.go_to([entry.name for entry in panel.view.rows].index(name))
            await pilot.press("d")
            await on_screen(pilot, "Confirm")
            await pilot.press("y")
            await on_screen(pilot, "ConsoleScreen")
        await until(pilot, lambda: len(world.audit) == 2)

    assert world.done == [("remove alias", "info@example.test"), ("remove domain", "example.org")]


async def test_a_domain_in_use_is_not_even_asked_about(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot, "example.test")
        await pilot.press("d")
        await until(pilot, lambda: any("delete these first" in note for note in notes(app)))

        assert type(app.screen).__name__ == "ConsoleScreen"

    assert world.audit == []


async def test_keys_that_do_not_fit_the_row_are_not_offered(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot, "example.test")
        assert "s Suspend" not in text_on(app)
        await pilot.press("s", "p", "u")
        await pilot.pause()
        assert type(app.screen).__name__ == "ConsoleScreen"

    assert world.done == []


async def test_what_fails_is_told_and_written_down_as_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = AlreadyThere("dora@example.test has a mailbox already")
    monkeypatch.setattr("wizard.mailbox_changes.make_mailbox", world.did("make mailbox", taken))
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "NewEntryForm")
        await pilot.press(*"dora", "enter")
        await until(pilot, lambda: any("has a mailbox already" in note for note in notes(app)))
        await pilot.pause(0.1)

        assert type(app.screen).__name__ == "ConsoleScreen"
        assert "made-by-the-machine" not in text_on(app)

    assert world.audit == [(("account", "add", "dora@example.test", "--quota", "2G"), 1)]


@pytest.mark.usefixtures("world")
async def test_the_filter_takes_words_and_their_opposite() -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("slash", *"suspended")
        await until(pilot, lambda: [entry.name for entry in panel.view.rows] == ["bob@example.test"])
        assert "the filter shows 1" in text_on(app)
        await pilot.press("escape")
        await pilot.press("slash", *"mailbox !bob")
        await until(
            pilot,
            lambda: [entry.name for entry in panel.view.rows] == ["anna@example.test", "carol@example.test"],
        )


async def test_what_others_change_comes_in_by_itself_and_the_cursor_stays(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot, "carol@example.test")

        world.entries = (ENTRIES[0], Entry("mailbox", "aaron@example.test", True, 0, NOW), *ENTRIES[1:])

        await until(pilot, lambda: len(panel.view.rows) == len(ENTRIES) + 1)
        assert panel.view.row is not None
        assert panel.view.row.name == "carol@example.test"


async def test_twenty_thousand_mailboxes_stay_quick(world: World) -> None:
    many = tuple(Entry("mailbox", f"user{n:05d}@example.test", True, 2 << 30, NOW) for n in range(20_000))
    world.entries = (replace(ENTRIES[0], mailboxes=20_000), *many)
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("end", "pageup", "slash", *"user1")
        began = time.process_time()
        await pilot.press(*"9999")
        took = time.process_time() - began
        await until(pilot, lambda: len(panel.view.rows) == 1)

    assert took < 0.6


async def test_a_colon_goes_to_an_address(world: World) -> None:
    many = tuple(Entry("mailbox", f"user{n:05d}@example.test", True, 2 << 30, NOW) for n in range(20_000))
    world.entries = (ENTRIES[0], *many, *ENTRIES[1:])
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("colon", *"carol@ex")
        await until(pilot, lambda: "carol@example.test" in text_on(app))
        await pilot.press("enter")
        await pilot.pause(0.2)
        await pilot.press("enter")
        await until(pilot, lambda: panel.view.row is not None and panel.view.row.name == "carol@example.test")


async def test_hostile_names_are_only_text(world: World) -> None:
    world.entries = (*ENTRIES, Entry("alias", clean(HOSTILE), goes_to=(clean(HOSTILE),)))
    app = console()
    async with running(app, (120, 40)) as pilot:
        panel = await opened(pilot)
        panel.view.go_to(len(ENTRIES))
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")
        shown = text_on(app)
        await pilot.press("escape", "d")
        await on_screen(pilot, "Confirm")
        shown += text_on(app)

    assert "[/x][bold]" in shown
    assert "\x1b" not in shown
    assert "\x9b" not in shown


@pytest.mark.usefixtures("world")
async def test_what_is_pasted_into_the_filter_can_not_reach_the_terminal() -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("slash")
        app.screen.focused.insert_text_at_cursor(HOSTILE)  # type: ignore[union-attr]
        await until(pilot, lambda: any("Not taken" in note for note in notes(app)))

        assert "\x1b" not in text_on(app)


@pytest.mark.usefixtures("world")
def test_looks_of_the_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot, "bob@example.test")
        await until(pilot, lambda: "12 " in text_on(pilot.app))  # type: ignore[arg-type]

    assert snap_compare(console(), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
def test_looks_of_a_new_mailbox(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "NewEntryForm")
        await pilot.press(*"dora")
        await until(pilot, lambda: "dora@example.test: " in text_on(pilot.app))  # type: ignore[arg-type]

    assert snap_compare(console(), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
def test_looks_of_a_deletion(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot, "anna@example.test")
        await until(pilot, lambda: "12 " in text_on(pilot.app))  # type: ignore[arg-type]
        await pilot.press("d")
        await on_screen(pilot, "Confirm")

    assert snap_compare(console(), terminal_size=size, run_before=look)
