"""The list that draws only what is seen."""

import time
from collections.abc import Sequence

import pytest
from rich.text import Text
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App, ComposeResult

from screens.widgets.line_view import LineView


class Numbers(App[None]):
    def __init__(self, rows: Sequence[int], *, follows: bool = False) -> None:
        super().__init__()
        self.given, self.follows, self.drawn = rows, follows, 0

    def compose(self) -> ComposeResult:
        yield LineView[int](self.draw, key=lambda row: row, follows=self.follows)

    def draw(self, row: int, width: int) -> Text:
        self.drawn += 1
        return Text(f"row {row}"[:width])

    def on_mount(self) -> None:
        self.lines.show(self.given)
        self.lines.focus()

    @property
    def lines(self) -> LineView[int]:
        return self.query_one(LineView)

    def seen(self) -> list[str]:
        return [self.lines.render_line(y).text.strip() for y in range(self.lines.size.height)]


async def test_a_hundred_thousand_rows_are_there_at_once_and_few_are_drawn() -> None:
    app = Numbers(range(100_000))
    async with app.run_test(size=(80, 24)) as pilot:
        began = time.process_time()
        await pilot.press("end")
        await pilot.pause()

        assert time.process_time() - began < 1
        assert app.lines.row == 99_999
        assert app.seen()[-1] == "row 99999"
        assert app.drawn < 200


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go_before_it() -> None:
    app = Numbers(range(100))
    async with app.run_test() as pilot:
        await pilot.press(*["down"] * 5)

        app.lines.show([-2, -1, *range(3, 100)])

        assert app.lines.row == 5


async def test_the_cursor_keeps_its_place_when_its_row_is_gone() -> None:
    app = Numbers(range(100))
    async with app.run_test() as pilot:
        await pilot.press("down", "down")

        app.lines.show([0, 1, 3, 4])

        assert app.lines.row == 3


async def test_an_emptied_list_has_no_row_and_takes_every_key() -> None:
    app = Numbers(range(100))
    async with app.run_test() as pilot:
        app.lines.show([])

        await pilot.press("down", "end", "pageup", "enter")

        assert app.lines.row is None
        assert app.lines.marked_rows == ()


async def test_marks_stay_with_their_rows() -> None:
    app = Numbers(range(100))
    async with app.run_test():
        app.lines.toggle_mark()
        app.lines.toggle_mark()

        app.lines.show([7, 1, 0])

        assert app.lines.marked_rows == (1, 0)


async def test_marking_all_twice_marks_none() -> None:
    app = Numbers(range(10))
    async with app.run_test():
        app.lines.mark_all()
        assert len(app.lines.marked_rows) == 10

        app.lines.mark_all()

        assert app.lines.marks == set()


async def test_a_following_list_stays_at_its_end_until_the_person_scrolls_away() -> None:
    app = Numbers(range(100), follows=True)
    async with app.run_test() as pilot:
        app.lines.show(range(200))
        await pilot.pause()
        assert app.seen()[-1] == "row 199"

        await pilot.press("up")
        app.lines.show(range(300))
        await pilot.pause()

        assert not app.lines.is_following
        assert app.lines.row == 198


async def test_rows_dropped_from_the_front_do_not_move_what_is_seen() -> None:
    app = Numbers(range(1000))
    async with app.run_test() as pilot:
        app.lines.go_to(500)
        await pilot.pause()
        before = app.seen()

        app.lines.show(range(100, 1000), dropped=100)
        await pilot.pause()

        assert app.lines.row == 500
        assert app.seen() == before


async def test_wide_characters_take_two_cells() -> None:
    app = Numbers([1])
    async with app.run_test(size=(20, 5)):
        app.lines._draw = lambda _row, _width: Text("件名は日本語です長い長い")
        app.lines.show([2])

        assert app.lines.render_line(0).cell_length == app.lines.scrollable_content_region.width


async def test_escape_sequences_and_markup_of_a_row_are_only_text() -> None:
    app = Numbers([1])
    async with app.run_test(size=(40, 5)):
        app.lines._draw = lambda _row, _width: Text("[/nope] [bold]x")
        app.lines.show([3])

        assert "[/nope] [bold]x" in app.lines.render_line(0).text


async def test_following_costs_a_slow_line_no_more_than_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the scroll bar, whose thumb stays at the end, nor anything else is drawn with them."""
    drawn: list[ChopsUpdate] = []
    render = Compositor.render_update

    def noted(self: Compositor, *arguments: object, **options: object) -> object:
        update = render(self, *arguments, **options)  # type: ignore[arg-type]
        assert isinstance(update, ChopsUpdate | None), "the whole screen is drawn"
        drawn.extend([update] if update else [])
        return update

    app = Numbers(range(5000), follows=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.1)
        monkeypatch.setattr(Compositor, "render_update", noted)
        for length in range(5001, 5011):
            app.lines.show(range(length), forget=False)
            await pilot.pause()
        sent = "".join(update.render_segments(app.console) for update in drawn)

        assert app.seen()[-1] == "row 5009"
        assert {end for update in drawn for _y, _start, end in update.spans} == {78}
        assert len(sent) < 10 * 24 * (80 + 60)


async def test_the_scroll_bar_goes_along_with_whoever_scrolls() -> None:
    app = Numbers(range(100))
    async with app.run_test(size=(80, 24)) as pilot:
        before = _bar(app)
        await pilot.press("end")
        await pilot.pause()

        assert _bar(app) != before


def _bar(app: App[None]) -> list[str]:
    """The last column, with its colours."""
    return [repr(list(strip.crop(79, 80))) for strip in app.screen._compositor.render_strips()]
