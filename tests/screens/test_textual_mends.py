"""What is mended in Textual stays mended."""

import weakref
from pathlib import Path
from typing import Any

import pytest
from textual._styles_cache import StylesCache
from textual.app import App
from textual.color import Color
from textual.css.parse import parse
from textual.screen import ModalScreen

from screens.app import MailsteadApp
from screens.textual_mends import SteadyScreen, SteadyStylesheet, let_widgets_go


def test_the_picture_of_a_widget_goes_with_it() -> None:
    let_widgets_go()
    let_widgets_go()  # once for every app
    cache = StylesCache()
    inner, outer = cache.get_inner_outer(Color(0, 0, 0), Color(255, 255, 255))
    picture = weakref.ref(cache)
    del cache

    assert (inner.background, outer.background) == (Color(255, 255, 255), Color(0, 0, 0))
    assert picture() is None


@pytest.mark.parametrize("mode", ["setup", "console"])
async def test_styles_are_parsed_once_until_the_colours_change(mode: str, parsed: list[str]) -> None:
    async with MailsteadApp(mode).run_test() as pilot:
        await pilot.pause()
        assert parsed.count("app.tcss") == 1

        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert parsed.count("app.tcss") == 2


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each file of styles as it is parsed."""
    seen: list[str] = []

    def noted(scope: str, css: str, read_from: tuple[str, str], **more: Any) -> Any:
        seen.append(Path(read_from[0]).name)
        return parse(scope, css, read_from, **more)

    monkeypatch.setattr("textual.css.stylesheet.parse", noted)
    return seen


def test_an_unchanged_colour_is_no_change() -> None:
    sheet = SteadyStylesheet(variables={"primary": "red"})
    sheet.add_source("Screen { background: $primary; }", read_from=("here", ""))
    before = sheet.rules

    sheet.set_variables({"primary": "red"})
    sheet.reparse()
    assert sheet.rules[0] is before[0]

    sheet.set_variables({"primary": "blue"})
    sheet.reparse()
    assert sheet.rules[0].styles.background == Color.parse("blue")


async def test_a_dialog_leaves_the_screen_below_as_it_is_laid_out_until_the_terminal_changes() -> None:
    class Counting(SteadyScreen):
        laid_out = 0

        def _refresh_layout(self, *arguments: Any, **named: Any) -> None:
            type(self).laid_out += 1
            super()._refresh_layout(*arguments, **named)

    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        below = Counting()
        await app.push_screen(below)
        await pilot.pause()
        assert below.size == (80, 24)
        before = Counting.laid_out

        await app.push_screen(ModalScreen())
        await pilot.pause()
        assert Counting.laid_out == before

        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert Counting.laid_out > before
        assert below.size == (100, 30)
