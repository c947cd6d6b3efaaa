"""The page Review: what would change, what is in the way, and the last question."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from backends.resources import Action
from screens.setup import review_page
from screens.setup.apply_page import ApplyPage
from screens.setup.file_dialog import FileDialog
from screens.setup.review_page import ReviewPage, Row
from screens.setup.setup_screen import SetupScreen
from screens.widgets.confirm import Confirm
from screens.widgets.copy_screen import CopyScreen
from screens.widgets.diff_view import DiffScreen, DiffView
from screens.widgets.line_view import LineView
from tests.screens.conftest import SnapCompare
from tests.screens.last_pages import (
    CHANGES,
    DRAFT,
    HOSTILE,
    REFUSED,
    Made,
    app,
    change,
    made,
    on_page,
    quiet,
    until,
)
from wizard import installing
from wizard.answers_file import save
from wizard.draft import Draft
from wizard.errors import SecretUnavailable
from wizard.installing import Installation
from wizard.request import Request
from wizard.review import Review

__all__ = ["made"]

WIDE = (100, 30)


@pytest.fixture(autouse=True)
def _begins_here(made: Made) -> None:
    made.first = "review"


def rows(pilot: Pilot[None]) -> list[str]:
    view: LineView[Row] = pilot.app.screen.query_one("#review-lines", LineView)
    return [row.text for row in view.rows]


def heading(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(ReviewPage).query_one(".page-heading", Static).content)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Draft, bool]]:
    """What was said yes to: the draft, and whether files that were changed by hand may be overwritten."""
    said: list[tuple[Draft, bool]] = []

    def ready(draft: Draft, *, may_overwrite: bool) -> Installation:
        said.append((draft, may_overwrite))
        return Installation(Path("/nowhere/1"), Request("replay", "1"))

    monkeypatch.setattr(installing, "installation", ready)
    monkeypatch.setattr(ApplyPage, "begin", lambda _page, _ready: None)
    return said


async def test_changes_are_grouped_by_step_and_kind_in_the_order_of_the_steps() -> None:
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")

        found = rows(pilot)
        assert found[:3] == ["Site (2)", " Packages", "   install 19 packages and what they need"]
        assert [text.partition(" (")[0] for text in found if not text.startswith(" ")] == [
            "Site",
            "Certificates and DNS",
            "Protocols and ports",
            "Accounts",
        ]
        assert heading(pilot).startswith("7 changes\npackages · 3 files · 1 account · firewall · 1 service")


async def test_what_stays_when_a_run_is_taken_back_and_what_someone_changed_is_said_in_words() -> None:
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")

        view: LineView[Row] = pilot.app.screen.query_one("#review-lines", LineView)
        marks = {row.change.key: row.mark for row in view.rows if row.change}
        assert marks["packages:needed"] == "stays"
        assert marks["file:/etc/postfix/main.cf"] == "changed by hand"
        assert marks["service:postfix.service"] == ""


async def test_enter_shows_the_diff_and_left_and_right_go_through_the_changes() -> None:
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("down", "down", "down", "down", "enter")

        shown = pilot.app.screen
        assert isinstance(shown, DiffScreen)
        lines = shown.query_one(DiffView).rows
        assert (lines[3][1], lines[3][2]) == ("+", "# Written by Mailstead.")
        assert (lines[5][1], lines[5][2]) == ("-", "smtpd_banner = old")
        assert (lines[0][1], lines[1][1]) == ("@", "@")

        await pilot.press("left")
        assert [line[2] for line in pilot.app.screen.query_one(DiffView).rows] == [
            " postfix",
            " dovecot-core",
        ]
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, SetupScreen)


async def test_a_diff_of_a_hundred_thousand_lines_opens_at_once(made: Made) -> None:
    long = change(
        "site", "file:/etc/long", "write /etc/long", "\n".join(f"+line {n}" for n in range(100_000))
    )
    made.review = Review((long,))
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("down", "down", "enter", "end")
        await pilot.pause()

        assert pilot.app.screen.query_one(DiffView).row == (99_999, "+", "line 99999")


async def test_lines_that_are_too_long_are_folded_with_their_mark(made: Made) -> None:
    made.review = Review((change("site", "file:/etc/x", "write /etc/x", "+" + "件" * 100),))
    async with app().run_test(size=(80, 24)) as pilot:
        await on_page(pilot, "review")
        await pilot.press("down", "down", "enter")
        await pilot.pause()

        lines = pilot.app.screen.query_one(DiffView).rows
        assert {mark for _place, mark, _text in lines} == {"+"}
        assert "".join(text for _place, _mark, text in lines) == "件" * 100


async def test_mistakes_stand_in_the_way_and_enter_goes_to_their_step(made: Made) -> None:
    made.draft = DRAFT.with_value("protocols.smtp.port", 99999)
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")

        (text,) = rows(pilot)
        assert text.startswith("Protocols and ports: ")
        await pilot.press("i")
        assert isinstance(pilot.app.screen, SetupScreen)
        await pilot.press("enter")
        await quiet(pilot)
        assert pilot.app.screen.page is not None
        assert pilot.app.screen.page.id == "protocols"


async def test_obstacles_on_the_machine_stand_first_and_nothing_can_be_installed(
    made: Made, begun: list[tuple[Draft, bool]]
) -> None:
    made.review = REFUSED
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")

        assert rows(pilot)[0] == "exim4-daemon-light is installed; Postfix takes its place"
        assert heading(pilot).startswith("This machine is not ready")
        await pilot.press("i")
        await quiet(pilot)
        assert not isinstance(pilot.app.screen, Confirm)
        assert begun == []


async def test_the_plan_is_made_anew_when_something_else_was_answered(made: Made) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        assert len(rows(pilot)) > 5
        made.review = Review(())
        await on_page(pilot, "site")
        assert isinstance(pilot.app.screen, SetupScreen)
        pilot.app.screen.change(lambda draft: draft.with_value("site.expected_mailboxes", 30))
        await on_page(pilot, "review")

        assert rows(pilot) == []
        assert heading(pilot).startswith("Nothing would change")


async def test_nothing_is_begun_before_yes(begun: list[tuple[Draft, bool]]) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("i")
        await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("n")
        await quiet(pilot)

        assert begun == []
        assert isinstance(pilot.app.screen, SetupScreen)


async def test_yes_begins_the_run_and_shows_it(begun: list[tuple[Draft, bool]]) -> None:
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("i")
        await pilot.pause(0.1)
        await pilot.press("y")
        await quiet(pilot)

        assert isinstance(pilot.app.screen, SetupScreen)
        assert [may_overwrite for _draft, may_overwrite in begun] == [True]
        assert pilot.app.screen.page is not None
        assert pilot.app.screen.page.id == "apply"
        assert not pilot.app.screen.is_changed


async def test_a_run_that_overwrites_nothing_of_others_is_not_told_that_it_may(
    made: Made, begun: list[tuple[Draft, bool]]
) -> None:
    made.review = Review(CHANGES[:2])
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("i")
        await pilot.pause(0.1)
        await pilot.press("y")
        await quiet(pilot)

        assert [may_overwrite for _draft, may_overwrite in begun] == [False]


async def test_a_secret_that_is_missing_is_told_and_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:

    def missing(_draft: Draft, **_more: Any) -> Installation:
        raise SecretUnavailable("RELAY_PASSWORD is not set")

    monkeypatch.setattr(installing, "installation", missing)
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("i")
        await pilot.pause(0.1)
        await pilot.press("y")
        await quiet(pilot)

        assert [n.message for n in pilot.app._notifications] == ["RELAY_PASSWORD is not set"]
        assert isinstance(pilot.app.screen, SetupScreen)
        assert pilot.app.screen.page is not None
        assert pilot.app.screen.page.id == "review"


async def test_a_console_that_only_looks_installs_nothing(begun: list[tuple[Draft, bool]]) -> None:
    looking_only = app()
    looking_only.is_read_only = True
    async with looking_only.run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        await pilot.press("i")
        await quiet(pilot)

        assert begun == []
        assert isinstance(pilot.app.screen, SetupScreen)


async def test_the_command_that_does_the_same_names_the_file_in_which_the_answers_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("wizard.places.ANSWERS_FILE", tmp_path / "in-force.toml")
    path = tmp_path / "my answers.toml"
    monkeypatch.setattr("screens.setup.answers_files.SUGGESTED_PATH", str(path))
    async with app().run_test(size=(80, 24)) as pilot:
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await on_page(pilot, "review")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileDialog))
        await pilot.press("enter")
        await until(pilot, path.exists)
        await until(pilot, lambda: isinstance(pilot.app.screen, SetupScreen))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CopyScreen))
        await pilot.press("c")

        assert copied == [f"mailstead replay --answers '{path}'"]


async def test_answers_in_force_need_not_be_saved_for_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_force = tmp_path / "in-force.toml"
    save(DRAFT.answers(), in_force)
    monkeypatch.setattr("wizard.places.ANSWERS_FILE", in_force)
    async with app().run_test(size=(80, 24)) as pilot:
        await on_page(pilot, "review")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, CopyScreen))

        words = "\n".join(str(each.content) for each in pilot.app.screen.query(Static))
        assert f"mailstead replay --answers {in_force}" in words


async def test_without_a_file_the_command_has_to_wait(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("wizard.places.ANSWERS_FILE", tmp_path / "none.toml")
    async with app().run_test(size=(80, 24), notifications=True) as pilot:
        await on_page(pilot, "review")
        await pilot.press("c")
        await until(pilot, lambda: bool(pilot.app._notifications))

        assert isinstance(pilot.app.screen, SetupScreen)
        assert "s saves them" in next(iter(pilot.app._notifications)).message


async def test_s_asks_where_to_save_the_answers() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await on_page(pilot, "review")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, FileDialog))


async def test_hostile_text_in_summaries_diffs_and_obstacles_is_only_text(made: Made) -> None:
    hostile = change("site", f"file:/etc/{HOSTILE}", HOSTILE, f"+{HOSTILE}\n{HOSTILE}", action=Action.MODIFY)
    made.review = Review((hostile,), (review_obstacle(),))
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        assert all(text.isprintable() for text in rows(pilot))
        await pilot.press("down", "down", "down", "down", "enter")
        await pilot.pause()

        assert isinstance(pilot.app.screen, DiffScreen)
        drawn = [strip.text for strip in pilot.app.screen._compositor.render_strips()]
        assert all(line.isprintable() for line in drawn)
        assert any("[/nope] [bold]x" in line for line in drawn)


def review_obstacle() -> Any:
    from wizard.preflight import Obstacle

    return Obstacle("", HOSTILE, HOSTILE)


async def test_the_ascii_marks_need_no_colour(made: Made) -> None:
    """Without colours a mistake is told by its mark."""
    made.draft = DRAFT.with_value("protocols.smtp.port", 99999)
    async with app().run_test(size=WIDE) as pilot:
        await on_page(pilot, "review")
        row: Row = pilot.app.screen.query_one("#review-lines", LineView).rows[0]

        assert review_page._draw(row, 40).plain.startswith("! ")


def test_picture_of_a_plan(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await on_page(pilot, "review")

    assert snap_compare(app(), terminal_size=size, run_before=show)


def test_picture_of_a_diff(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await on_page(pilot, "review")
        await pilot.press("down", "down", "down", "down", "enter")
        await pilot.pause()

    assert snap_compare(app(), terminal_size=size, run_before=show)


def test_picture_of_obstacles(made: Made, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    made.review = REFUSED

    async def show(pilot: Pilot[None]) -> None:
        await on_page(pilot, "review")

    assert snap_compare(app(), terminal_size=size, run_before=show)


def test_picture_of_the_last_question(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await on_page(pilot, "review")
        await pilot.press("i")
        await pilot.pause(0.2)

    assert snap_compare(app(), terminal_size=size, run_before=show)
