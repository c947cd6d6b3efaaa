"""Each kind of field: what is typed reaches the draft, what is wrong stands below it."""

from collections.abc import Iterator

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, Static

from screens.setup.fields.rows_field import RowList, RowsField, _shared
from screens.setup.row_dialog import RowDialog
from screens.widgets.choice_list import ChoiceList
from screens.widgets.safe_input import SafeInput
from screens.widgets.text_lines import TextLines
from screens.widgets.toggle import Toggle
from tests.screens.wizard import (
    BLOCKED,
    field_of,
    focus,
    running,
    settled,
    setup_of,
    type_text,
    wizard,
    words_of,
)
from wizard.readiness import accepted_ids
from wizard.suggestions import suggested_draft

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J",
    "\x9b2J",
    "a\u202eb",
    "a\u2028b",
    "x\x00y",
    "\ud800",
)


def paste(pilot: Pilot[None], text: str) -> None:
    assert pilot.app.focused is not None
    pilot.app.focused.post_message(events.Paste(text))


def shown(pilot: Pilot[None]) -> Iterator[str]:
    """Every character that is on the screen."""
    for strip in pilot.app.screen._compositor.render_strips():
        yield from strip.text


async def test_a_mistake_stands_at_its_field_while_it_is_typed_and_goes_when_it_is_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.hostname")
        assert "!" not in words_of(field)

        await type_text(pilot, "!")
        assert '! "mail.example.org!" has "!" in it' in words_of(field)

        await pilot.press("backspace")
        await settled(pilot)
        assert "!" not in words_of(field)
        assert setup_of(pilot).draft.mistakes() == {}


async def test_suggestions_follow_what_is_typed_until_they_are_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        host = await focus(pilot, "site.hostname")
        assert "found on this machine" in str(host._label.content)
        await pilot.press("ctrl+u")
        await type_text(pilot, "mx.other.example")

        draft = setup_of(pilot).draft
        assert draft.value("site.domains") == ["other.example"]
        assert field_of(pilot, "site.admin").query_one(SafeInput).value == "admin@other.example"
        assert "found on this machine" not in str(host._label.content)

        await focus(pilot, "site.admin")
        await type_text(pilot, "x")
        await focus(pilot, "site.hostname")
        await type_text(pilot, "x")
        assert setup_of(pilot).draft.value("site.admin") == "admin@other.examplex"


async def test_fast_typing_loses_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.hostname")
        line = field.query_one(SafeInput)
        line.put("")
        for character in "abcdefghijklmnopqrstuvwxyz.example.org":
            line.post_message(events.Key(character if character != "." else "full_stop", character))
        await settled(pilot)

        assert line.value == "abcdefghijklmnopqrstuvwxyz.example.org"
        assert setup_of(pilot).draft.value("site.hostname") == line.value


async def test_a_question_comes_with_the_answer_that_needs_it_and_the_focus_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await setup_of(pilot).go_to("certificates")
        await settled(pilot)
        field = await focus(pilot, "certificates.source")
        await pilot.press("down", "space")
        await settled(pilot)

        assert setup_of(pilot).draft.value("certificates.source") == "acme"
        assert field_of(pilot, "certificates.acme.email").display
        assert field.has_focus_within

        await pilot.press("up", "space")
        await settled(pilot)
        assert not field_of(pilot, "certificates.acme.email").display


async def test_a_field_that_is_shown_only_because_it_is_wrong_stays_until_the_focus_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft = suggested_draft(BLOCKED).with_value("accounts.passwords.min_length", 3)
    async with running(wizard(monkeypatch, draft=draft)) as pilot:
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        field = await focus(pilot, "accounts.passwords.min_length")
        await type_text(pilot, "0")
        assert setup_of(pilot).draft.mistakes() == {}
        assert field.display
        assert field.has_focus_within

        await pilot.press("up")
        await settled(pilot)

        assert not field.display


async def test_a_list_has_an_entry_in_each_line_and_a_mistake_names_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.domains")
        await pilot.press("enter")
        await type_text(pilot, "b@d")

        assert setup_of(pilot).draft.value("site.domains") == ["example.org", "b@d"]
        assert "! line 2: " in words_of(field)


async def test_a_word_that_is_no_number_is_a_mistake_and_stays_as_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.expected_mailboxes")
        await type_text(pilot, "x")

        assert field.query_one(SafeInput).value == "25x"
        assert "! must be a whole number" in words_of(field)


async def test_a_choice_is_taken_by_space_or_enter_and_only_looked_at_by_arrows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.language")
        await pilot.press("down")
        await settled(pilot)
        assert setup_of(pilot).draft.value("site.language") == "en"

        await pilot.press("enter")
        await settled(pilot)
        assert setup_of(pilot).draft.value("site.language") == "ja"
        assert field.has_focus_within


async def test_a_click_takes_a_choice_and_turns_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch), (80, 50)) as pilot:
        choices = field_of(pilot, "site.language").query_one(ChoiceList)
        await pilot.click(choices, offset=(3, 1))
        await settled(pilot)
        assert setup_of(pilot).draft.value("site.language") == "ja"

        await setup_of(pilot).go_to("antispam")
        await settled(pilot)
        await pilot.click(field_of(pilot, "antispam.greylisting").target, offset=(2, 0))
        await settled(pilot)
        assert setup_of(pilot).draft.value("antispam.greylisting") is False


async def test_a_typed_secret_is_masked_judged_while_typed_and_never_in_the_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        await pilot.press("e")
        await settled(pilot)
        field = field_of(pilot, "accounts.mailboxes.0.password")
        field.target.focus()
        await pilot.press("down", "space")
        await settled(pilot)
        assert "! is empty" in words_of(field)
        await type_text(pilot, "short")
        assert "! the password is too short" in words_of(field)
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert isinstance(pilot.app.screen, RowDialog), "a weak password is not taken"

        await type_text(pilot, "-plum-tractor-owl")
        assert "!" not in words_of(field)
        assert "plum" not in "".join(shown(pilot))
        await pilot.press("ctrl+s")
        await settled(pilot)

        draft = setup_of(pilot).draft
        assert draft.is_typed("accounts.mailboxes.0.password")
        assert list(draft.typed.values()) == ["short-plum-tractor-owl"]
        assert "plum" not in repr(draft)


async def test_a_row_is_added_edited_and_removed_by_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        await focus(pilot, "accounts.mailboxes")
        await pilot.press("a")
        await settled(pilot)
        await type_text(pilot, "anna@example.org")
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert [row["address"] for row in setup_of(pilot).draft.rows("accounts.mailboxes")] == [
            "admin@example.org",
            "anna@example.org",
        ]

        await pilot.press("enter")
        await settled(pilot)
        await type_text(pilot, "x")
        await pilot.press("escape")
        await settled(pilot)
        assert setup_of(pilot).draft.value("accounts.mailboxes.1.address") == "anna@example.org"

        await pilot.press("d")
        await settled(pilot)
        assert len(setup_of(pilot).draft.rows("accounts.mailboxes")) == 1


async def test_a_row_with_a_mistake_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        await focus(pilot, "accounts.mailboxes")
        await pilot.press("a")
        await settled(pilot)
        field = field_of(pilot, "accounts.mailboxes.1.address")
        assert "!" not in words_of(field)

        await pilot.press("ctrl+s")
        await settled(pilot)

        assert isinstance(pilot.app.screen, RowDialog)
        assert "! is missing" in words_of(field)
        assert field.has_focus_within


async def test_a_thousand_mailboxes_are_drawn_as_few_as_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"address": f"u{n}@example.org", "password": "generate", "quota": "2G"} for n in range(1000)]
    draft = suggested_draft(BLOCKED).with_value("accounts.mailboxes", rows)
    async with running(wizard(monkeypatch, draft=draft)) as pilot:
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        field = await focus(pilot, "accounts.mailboxes")
        assert isinstance(field, RowsField)
        drawn = 0
        draw = field._draw

        def counting(row: object, width: int) -> object:
            nonlocal drawn
            drawn += 1
            return draw(row, width)  # type: ignore[arg-type]

        field.query_one(RowList)._draw = counting  # type: ignore[assignment]
        await pilot.press("end")
        await settled(pilot)

        assert field.query_one(RowList).row == (999, rows[999])
        assert drawn < 100


async def test_a_finding_is_accepted_and_taken_back_by_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch, BLOCKED)) as pilot:
        await pilot.press("ctrl+n")
        await settled(pilot)
        toggle = next(t for t in pilot.app.screen.query("#hardware FindingView Toggle") if t.display)
        toggle.focus()
        await pilot.press("space")
        await settled(pilot)
        assert len(accepted_ids(setup_of(pilot).draft)) == 1

        await pilot.press("space")
        await settled(pilot)
        assert accepted_ids(setup_of(pilot).draft) == frozenset()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("key", ["site.hostname", "site.domains"])
async def test_what_a_terminal_would_obey_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, key: str, text: str
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        before = setup_of(pilot).draft.value(key)
        field = await focus(pilot, key)
        paste(pilot, text)
        await settled(pilot)

        assert setup_of(pilot).draft.value(key) == before
        assert "Not taken" in words_of(field)
        assert f"U+{next(ord(c) for c in text if not c.isprintable()):04X}" in words_of(field)
        assert all(character.isprintable() for character in shown(pilot))


@pytest.mark.parametrize("text", ["[/x][bold]", "[red", "件名はとても長い", "x" * 1900], ids=ascii)
async def test_markup_wide_characters_and_long_text_are_only_text(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.hostname")
        paste(pilot, text)
        await settled(pilot)
        assert field.query_one(SafeInput).value == f"mail.example.org{text}"

        lines = await focus(pilot, "site.domains")
        paste(pilot, text)
        await settled(pilot)
        assert text in lines.query_one(TextLines).text


async def test_four_kilobytes_are_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        field = await focus(pilot, "site.hostname")
        paste(pilot, "x" * 4096)
        await settled(pilot)

        assert field.query_one(SafeInput).value == "mail.example.org"
        assert "2000 characters" in words_of(field)


async def test_hostile_values_that_were_there_before_are_shown_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = (
        suggested_draft(BLOCKED)
        .with_value("site.hostname", "\x1b]0;x\x07[/x]")
        .with_value("site.domains", ["\x1b[2J", "a\u202eb"])
        .with_value("accounts.mailboxes", [{"address": "\x1b[2J[/x]@example.org", "password": "\x07"}])
    )
    async with running(wizard(monkeypatch, draft=draft)) as pilot:
        for _page in range(5):
            assert all(character.isprintable() for character in shown(pilot))
            await pilot.press("ctrl+n")
            await settled(pilot)
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        await focus(pilot, "accounts.mailboxes")
        await pilot.press("enter")
        await settled(pilot)

        assert isinstance(pilot.app.screen, RowDialog)
        assert all(character.isprintable() for character in shown(pilot))


async def test_the_terminals_cursor_is_where_the_focus_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        for page in ("site", "certificates", "antispam"):
            await setup_of(pilot).go_to(page)
            await settled(pilot)
            for _field in range(6):
                await pilot.press("tab")
                await settled(pilot)
                focused = pilot.app.focused
                if isinstance(focused, Input | ChoiceList | TextLines | Toggle):
                    assert focused is not None
                    assert focused.region.contains_point(pilot.app.cursor_position), focused


async def test_words_of_a_choice_are_wrapped_within_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        await setup_of(pilot).go_to("certificates")
        await settled(pilot)
        for choices in pilot.app.screen.query(ChoiceList):
            if choices.size.width:
                lines = str(choices.render()).splitlines()
                assert len(lines) == choices.size.height
                assert max(map(len, lines)) <= choices.size.width


async def test_no_field_is_without_a_label_and_a_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        setup_of(pilot).is_expert = True
        for page in ("site", "certificates", "protocols", "accounts", "antispam", "logging", "backups"):
            await setup_of(pilot).go_to(page)
            await settled(pilot)
            for field in pilot.app.screen.query(f"#{page} .field"):
                assert field.query_one(".field-note", Static).content


@pytest.mark.parametrize(
    ("widest", "room", "given"),
    [
        ((5, 23, 8), 60, [7, 25, 10]),
        ((5, 90, 8), 60, [7, 43, 10]),
        ((50, 50), 40, [20, 20]),
        ((), 40, []),
    ],
    ids=["all fit", "the longest is cut", "shared evenly", "nothing"],
)
def test_columns_share_the_width_by_need(widest: tuple[int, ...], room: int, given: list[int]) -> None:
    assert _shared(widest, room) == given


async def test_an_empty_suggestion_has_no_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        setup_of(pilot).is_expert = True
        await setup_of(pilot).go_to("certificates")
        await settled(pilot)

        assert str(field_of(pilot, "certificates.imported.key")._label.content) == "Key file"
        assert "follows from" in str(field_of(pilot, "certificates.acme.email")._label.content)
