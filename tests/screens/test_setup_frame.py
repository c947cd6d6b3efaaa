"""The wizard's frame: pages, states, keys, files."""

import stat
import time
from pathlib import Path

import pytest
from textual.widgets import Static

from backends.machine.surroundings import Surroundings
from screens.app import MailsteadApp
from screens.setup import looking
from screens.setup.fields.field import Field
from screens.setup.pages import PAGES
from screens.setup.sidebar import Sidebar
from screens.widgets.confirm import Confirm
from screens.widgets.help_screen import HelpScreen
from tests.screens.wizard import (
    BLOCKED,
    begun,
    field_of,
    focus,
    running,
    settled,
    setup_of,
    type_text,
    wizard,
    words_of,
)
from wizard.answers_file import load, save
from wizard.quickstart import quickstart_answers
from wizard.steps import STEPS
from wizard.suggestions import suggested_draft

pytestmark = pytest.mark.usefixtures("_no_answers_in_force")


@pytest.fixture
def _no_answers_in_force(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("wizard.places.ANSWERS_FILE", tmp_path / "in-force.toml")


def sidebar_lines(app: MailsteadApp) -> list[str]:
    return str(app.screen_stack[0].query_one(Sidebar).render()).splitlines()


def test_the_pages_are_the_steps_in_their_order_and_then_review_apply_proof() -> None:
    assert tuple(entry.id for entry in PAGES) == (*STEPS, "review", "apply", "proof")


async def test_ctrl_n_and_ctrl_p_walk_through_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        walked = [setup_of(pilot).page]
        for _step in STEPS[1:]:
            await pilot.press("ctrl+n")
            await settled(pilot)
            walked.append(setup_of(pilot).page)
        assert [page.id for page in walked if page] == list(STEPS)

        await pilot.press("ctrl+p", "f3")
        await settled(pilot)

        page = setup_of(pilot).page
        assert page is not None
        assert page.id == STEPS[-3]


async def test_enter_alone_leads_through_a_step_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        seen: set[str] = set()
        for _press in range(12):
            seen.update(field.key for field in pilot.app.screen.query(Field) if field.has_focus_within)
            if setup_of(pilot).page.id != "site":  # type: ignore[union-attr]
                break
            # in a list of lines enter begins a new one, and goes on from an empty one
            await pilot.press("enter")
            await settled(pilot)
            assert pilot.app.focused is not None

        assert seen >= {
            "site.hostname",
            "site.domains",
            "site.admin",
            "site.expected_mailboxes",
            "site.language",
        }
        assert setup_of(pilot).page.id == "hardware"  # type: ignore[union-attr]
        assert setup_of(pilot).draft.value("site.domains") == ["example.org"]


async def test_escape_leads_to_the_list_of_pages_and_enter_into_any_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await pilot.press("escape", "down", "down", "down", "down", "enter")
        await settled(pilot)

        assert setup_of(pilot).page.id == "accounts"  # type: ignore[union-attr]
        assert pilot.app.focused is not None
        assert not isinstance(pilot.app.focused, Sidebar)


async def test_a_click_in_the_list_of_pages_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await pilot.click(Sidebar, offset=(5, 7))
        await settled(pilot)

        assert setup_of(pilot).page.id == "backups"  # type: ignore[union-attr]


async def test_the_list_tells_the_state_of_each_step_by_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch, BLOCKED)) as pilot:
        await focus(pilot, "site.hostname")
        await type_text(pilot, "!")
        await pilot.press("ctrl+n", "ctrl+n", "ctrl+n")
        await settled(pilot)

        lines = sidebar_lines(wizard_app := pilot.app)  # type: ignore[arg-type]
        assert lines[0].startswith(" !")
        assert lines[1].startswith(" ▲")
        assert lines[2].startswith(" ✓")
        assert lines[3].startswith(">·")

        wizard_app.add_class("-ascii")
        assert sidebar_lines(wizard_app)[2].startswith(" +")  # type: ignore[arg-type]
        assert "\n".join(sidebar_lines(wizard_app)).isascii()  # type: ignore[arg-type]


async def test_the_frame_is_drawn_while_the_machine_is_still_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow() -> looking.FirstLook:
        time.sleep(1)
        return looking.FirstLook(suggested_draft(Surroundings()), Surroundings())

    monkeypatch.setattr(looking, "look", slow)
    app = MailsteadApp("setup")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "Looking at the machine" in str(app.screen.query_one("#looking", Static).content)
        await pilot.press("ctrl+n", "f2", "ctrl+s", "ctrl+o", "f1")
        await settled(pilot)
        await pilot.press("escape")

        await begun(pilot)

        assert not app.screen.query("#looking")


async def test_answers_in_force_that_cant_be_read_are_told_and_the_machine_suggests(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "answers.toml"
    broken.write_text("schema = 1\n[site]\nhostname = 'x'\n")
    monkeypatch.setattr("wizard.answers_in_force.ANSWERS_FILE", broken)
    monkeypatch.setattr("backends.machine.surroundings.look_around", Surroundings)

    found = looking.look()

    assert "hostname" in found.problem
    assert found.draft.mistakes() == {}


async def test_the_wizard_begins_with_the_answers_in_force(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_force = tmp_path / "answers.toml"
    save(quickstart_answers("mx.other.example"), in_force)
    monkeypatch.setattr("wizard.answers_in_force.ANSWERS_FILE", in_force)
    monkeypatch.setattr("backends.machine.surroundings.look_around", Surroundings)

    assert looking.look().draft.value("site.hostname") == "mx.other.example"


async def test_help_is_about_the_question_with_the_focus_and_names_its_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await focus(pilot, "site.hostname")
        await pilot.press("f1")
        await settled(pilot)

        assert isinstance(pilot.app.screen, HelpScreen)
        words = "\n".join(str(each.content) for each in pilot.app.screen.query(Static))
        assert "Host name" in words
        assert "RFC 5321" in words
        assert "site.hostname" in words


async def test_the_other_view_shows_every_question_and_keeps_the_focus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await setup_of(pilot).go_to("antispam")
        await settled(pilot)
        before, simple = pilot.app.focused, len(pilot.app.screen.query("StepPage#antispam Field"))

        await pilot.press("f2")
        await settled(pilot)

        assert pilot.app.focused is before
        assert len(pilot.app.screen.query("StepPage#antispam Field")) > simple
        await pilot.press("ctrl+t")
        await settled(pilot)
        assert len([f for f in pilot.app.screen.query("StepPage#antispam Field") if f.display]) == simple


async def test_answers_are_saved_for_root_alone_and_loaded_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    monkeypatch.setattr("screens.setup.answers_files.SUGGESTED_PATH", str(path))
    async with running(wizard(monkeypatch)) as pilot:
        await focus(pilot, "site.expected_mailboxes")
        await type_text(pilot, "0")
        await pilot.press("ctrl+s")
        await settled(pilot)
        await pilot.press("enter")
        while not path.exists():
            await pilot.pause(0.02)
        assert load(path).site.expected_mailboxes == 250
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

        await focus(pilot, "site.expected_mailboxes")
        await type_text(pilot, "0")
        await pilot.press("ctrl+o")
        await settled(pilot)
        await pilot.press("enter")
        while not isinstance(pilot.app.screen, Confirm):
            await pilot.pause(0.02)
        await pilot.press("y")
        while setup_of(pilot).draft.value("site.expected_mailboxes") != 250:
            await pilot.pause(0.02)
        await settled(pilot)

        assert field_of(pilot, "site.expected_mailboxes").query_one("SafeInput").value == "250"  # type: ignore[attr-defined]


async def test_a_file_is_not_written_over_without_asking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("precious")
    monkeypatch.setattr("screens.setup.answers_files.SUGGESTED_PATH", str(path))
    async with running(wizard(monkeypatch)) as pilot:
        await pilot.press("ctrl+s")
        await settled(pilot)
        await pilot.press("enter")
        while not isinstance(pilot.app.screen, Confirm):
            await pilot.pause(0.02)

        await pilot.press("n")
        await settled(pilot)

        assert path.read_text() == "precious"


async def test_answers_with_a_mistake_are_not_saved_and_the_mistake_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await focus(pilot, "site.hostname")
        await type_text(pilot, "!")
        await pilot.press("ctrl+s")
        while not isinstance(pilot.app.screen, HelpScreen):
            await pilot.pause(0.02)

        words = "\n".join(str(each.content) for each in pilot.app.screen.query(Static))
        assert "Site, Host name" in words


async def test_a_file_that_isnt_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("screens.setup.answers_files.SUGGESTED_PATH", str(tmp_path / "none.toml"))
    async with running(wizard(monkeypatch)) as pilot:
        await pilot.press("ctrl+o")
        await settled(pilot)
        await pilot.press("enter")
        while not isinstance(pilot.app.screen, HelpScreen):
            await pilot.pause(0.02)

        assert "No such file" in "\n".join(str(each.content) for each in pilot.app.screen.query(Static))


async def test_leaving_asks_only_where_answers_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(app := wizard(monkeypatch)) as pilot:
        await focus(pilot, "site.hostname")
        await type_text(pilot, "x")
        await pilot.press("ctrl+q")
        while not isinstance(app.screen, Confirm):
            await pilot.pause(0.02)
        await pilot.press("n")
        await settled(pilot)
        assert app.is_running

        await pilot.press("backspace")
        await settled(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()

        assert not app.is_running


async def test_a_resize_in_the_middle_keeps_focus_and_text(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.admin")
        await type_text(pilot, "x")
        for size in ((40, 12), (120, 40), (20, 5), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)

        assert field.has_focus_within
        await pilot.press("backspace")
        await settled(pilot)
        assert setup_of(pilot).draft.value("site.admin") == "admin@example.org"


async def test_a_step_tells_its_mistakes_only_once_it_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = suggested_draft(BLOCKED).with_value("site.admin", "nobody")
    async with running(wizard(monkeypatch, draft=draft)) as pilot:
        field = field_of(pilot, "site.admin")
        assert "!" not in words_of(field)

        await pilot.press("ctrl+n", "ctrl+p")
        await settled(pilot)

        assert "! " in words_of(field)
        assert field.has_focus_within, "whoever comes back is led to the mistake"


async def test_leaving_from_a_dialog_asks_too_and_asked_twice_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(app := wizard(monkeypatch)) as pilot:
        await focus(pilot, "site.hostname")
        await type_text(pilot, "x")
        await pilot.press("f1")
        await settled(pilot)
        await pilot.press("ctrl+q")
        while not isinstance(app.screen, Confirm):
            await pilot.pause(0.02)

        await pilot.press("ctrl+q")
        await pilot.pause()

        assert not app.is_running


@pytest.mark.parametrize(
    ("key", "parts"),
    [("f1", ("Host name", "escape closes this")), ("ctrl+s", ("Save the answers", "Cancel"))],
)
async def test_a_dialog_is_whole_in_ten_lines_of_forty_columns(
    monkeypatch: pytest.MonkeyPatch, key: str, parts: tuple[str, ...]
) -> None:
    async with running(app := wizard(monkeypatch), (40, 10)) as pilot:
        await pilot.press(key)
        await settled(pilot)
        await settled(pilot)

        shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert all(part in shown for part in parts), shown
        assert "/root/mailstead-answers.toml" in shown or key == "f1"
