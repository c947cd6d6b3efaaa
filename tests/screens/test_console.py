"""The console's frame: going from panel to panel, the palette, the help, read-only, and trouble."""

import subprocess
import sys
from pathlib import Path

import pytest
from textual.command import Command, CommandList, CommandPalette
from textual.pilot import Pilot

from screens.app import MailsteadApp
from screens.console.console_screen import ConsoleScreen
from screens.console.panel import Panel
from screens.console.panels import PANELS
from tests.screens.conftest import SnapCompare
from tests.screens.console_world import World, console, notes, on_panel, on_screen, running, text_on, until

ROOT = Path(__file__).parents[2]
KNOWN = (("1", "overview"), ("4", "mailboxes"), ("5", "bans"), ("6", "certificates"), ("7", "dns"))
"""Panels that a frozen world stands behind."""


def frame(app: MailsteadApp) -> ConsoleScreen:
    """The console's screen, wherever it is in the stack."""
    return next(screen for screen in app.screen_stack if isinstance(screen, ConsoleScreen))


def offered_by_palette(app: MailsteadApp) -> list[str]:
    """What the palette offers so far."""
    if not isinstance(app.screen, CommandPalette):
        return []
    lists = app.screen.query(CommandList)
    return [str(command.hit.text) for one in lists for command in one.options if isinstance(command, Command)]


def has_focus(panel: Panel) -> bool:
    """Whether the focus is in it."""
    return panel.has_focus_within


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("key", "name"), KNOWN)
async def test_a_number_shows_its_panel_and_gives_it_the_focus(key: str, name: str) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, key)

        assert panel.id == name
        assert panel.has_focus_within
        assert f"[{key} {next(entry.title for entry in PANELS if entry.id == name)}]" in text_on(app)
        assert [one.id for one in frame(app).query(Panel) if one.display] == [name]


@pytest.mark.usefixtures("world")
async def test_going_back_finds_a_panel_as_it_was_left() -> None:
    app = console()
    async with running(app) as pilot:
        mailboxes = await on_panel(pilot, "4")
        await pilot.press("down", "down")
        bans = await on_panel(pilot, "5")
        assert not has_focus(mailboxes)

        again = await on_panel(pilot, "4")

        assert again is mailboxes
        assert has_focus(mailboxes)
        assert not [worker for worker in bans.workers if worker.node is bans and worker.is_running]
        assert "bob@example.test: suspended" in text_on(app)


@pytest.mark.usefixtures("world")
async def test_a_click_on_a_tab_shows_its_panel() -> None:
    app = console()
    async with running(app) as pilot:
        await on_panel(pilot, "1")
        place = text_on(app).splitlines()[0].index("5 Bans")

        await pilot.click("#tabs", offset=(place, 0))

        await until(pilot, lambda: frame(app)._current == "bans")


@pytest.mark.usefixtures("world")
async def test_a_colon_goes_to_a_panel_by_any_of_its_names() -> None:
    app = console()
    async with running(app) as pilot:
        await on_panel(pilot, "1")
        await pilot.press("colon", *"fail2ban")
        await until(pilot, lambda: "Bans" in text_on(app))
        await pilot.pause(0.4)
        await pilot.press("enter")
        await pilot.pause(0.3)
        if isinstance(app.screen, CommandPalette):
            await pilot.press("enter")

        await until(pilot, lambda: frame(app)._current == "bans")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("key", "name"), KNOWN)
async def test_every_action_of_a_panel_is_in_the_palette_and_in_the_help(key: str, name: str) -> None:
    app = console()
    async with running(app, (120, 60)) as pilot:
        panel = await on_panel(pilot, key)
        assert panel.id == name
        if panel.id in {"mailboxes", "dns"}:
            await pilot.press("down")
        offered = [active.binding.description for active in frame(app).actions()]
        await pilot.press("ctrl+p")
        await until(pilot, lambda: set(offered) <= set(offered_by_palette(app)))
        await pilot.press("escape")
        await on_screen(pilot, "ConsoleScreen")
        await pilot.press("question_mark")
        await on_screen(pilot, "HelpScreen")
        help_text = " ".join(
            "".join(str(line) for line in widget.render_lines(widget.region.reset_offset))
            for widget in app.screen.query(".help-keys")
        )

        for description in offered:
            assert description in help_text
    assert {"Filter", "Go to", "Refresh", "Help", "Quit"} <= set(offered)
    wanted = {one.description for one in type(panel).BINDINGS if one.action != "mend"}  # type: ignore[union-attr]
    assert wanted <= set(offered)


@pytest.mark.usefixtures("world")
async def test_an_action_chosen_in_the_palette_is_done(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await on_panel(pilot, "5")
        await pilot.press("ctrl+p", *"unban")
        await pilot.pause(0.4)
        await pilot.press("enter")
        await pilot.pause(0.3)
        if isinstance(app.screen, CommandPalette):
            await pilot.press("enter")
        await until(pilot, lambda: len(world.done) == 1)


@pytest.mark.usefixtures("world")
async def test_help_says_what_is_here_and_closes_again() -> None:
    app = console()
    async with running(app) as pilot:
        await on_panel(pilot, "5")
        await pilot.press("question_mark")
        await on_screen(pilot, "HelpScreen")
        assert "Who is shut out now" in text_on(app)

        await pilot.press("escape")
        await on_screen(pilot, "ConsoleScreen")


@pytest.mark.usefixtures("world")
async def test_q_leaves() -> None:
    app = console()
    async with running(app) as pilot:
        await on_panel(pilot, "5")
        await pilot.press("q")
        await pilot.pause()

        assert not app.is_running or app._exit


@pytest.mark.usefixtures("world")
async def test_q_in_a_field_is_a_letter() -> None:
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, "4")
        await pilot.press("slash", "q", "1")
        await pilot.pause()

        assert app.is_running
        assert frame(app).panel is panel


@pytest.mark.usefixtures("world")
async def test_a_read_only_console_says_so() -> None:
    app = console(is_read_only=True)
    async with running(app) as pilot:
        await on_panel(pilot, "4")

        assert "read-only" in text_on(app).splitlines()[0]
        assert "d Delete" not in text_on(app)


@pytest.mark.parametrize(("key", "name"), KNOWN)
async def test_trouble_that_nobody_thought_of_stands_in_the_last_line(
    world: World, key: str, name: str
) -> None:
    world.problem = ZeroDivisionError("a mistake of ours [/x]")
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, key)
        assert panel.id == name
        await until(pilot, lambda: panel.is_trouble)
        assert "! ZeroDivisionError: a mistake of ours [/x]" in text_on(app)

        world.problem = None
        await pilot.press("ctrl+r")

        await until(pilot, lambda: not panel.is_trouble)


async def test_a_key_that_meets_a_mistake_of_ours_tells_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_address: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("backends.fail2ban.bans.unban", broken)
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, "5")
        await pilot.press("u")
        await until(pilot, lambda: "ZeroDivisionError" in panel.status_text)

        assert app.is_running

    assert world.audit == [(("ban", "remove", "203.0.113.9"), 1)]


async def test_a_change_is_written_down_even_when_the_person_looks_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    may_end = Event()
    monkeypatch.setattr("backends.fail2ban.bans.unban", lambda _address: may_end.wait(10))
    app = console()
    async with running(app) as pilot:
        await on_panel(pilot, "5")
        await pilot.press("u")
        await pilot.pause(0.2)
        await on_panel(pilot, "4")
        assert world.audit == []

        may_end.set()

        await until(pilot, lambda: world.audit == [(("ban", "remove", "203.0.113.9"), 0)])
        assert notes(app) == []


def test_the_first_paint_waits_for_no_floor_below() -> None:
    """What the machine is asked with loads in a thread: here, that the modules of the first panel don't."""
    heavy = ("pydantic", "cryptography", "psutil", "sh", "dns", "jinja2", "sqlite3", "zxcvbn", "nacl")
    program = (
        "import sys, screens.app, screens.console.console_screen, screens.console.overview_panel;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )

    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "[]"


@pytest.mark.usefixtures("world")
def test_looks_of_the_help(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await on_panel(pilot, "4")
        await pilot.press("question_mark")
        await on_screen(pilot, "HelpScreen")

    assert snap_compare(console(), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
def test_looks_of_read_only(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await on_panel(pilot, "5")

    assert snap_compare(console(is_read_only=True), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
async def test_on_a_narrow_screen_the_panel_that_is_shown_is_still_named() -> None:
    app = console()
    async with running(app, (40, 10)) as pilot:
        await on_panel(pilot, "5")

        assert text_on(app).splitlines()[0].startswith(" 1  2  3  4 [5 Bans]")
        await pilot.click("#tabs", offset=(10, 0))
        await until(pilot, lambda: frame(app).panel.id == "mailboxes")


@pytest.mark.usefixtures("world")
async def test_threads_that_ask_checks_leave_a_key_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    monkeypatch.setattr("sys.setswitchinterval", given.append)
    async with running(console()) as pilot:
        await on_panel(pilot, "1")

        assert given
        assert given[-1] <= 0.001
