"""The line of keys."""

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from screens.widgets.key_bar import KeyBar


class Keys(App[None]):
    """Four keys that write down that they were pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "note('a')", "First thing"),
        Binding("b", "note('b')", "Second thing"),
        Binding("h", "help", "Help"),
        Binding("q", "note('q')", "Quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[str] = []
        self.has_second = True

    def compose(self) -> ComposeResult:
        yield KeyBar()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "note" and parameters == ("b",)) or self.has_second

    def action_note(self, key: str) -> None:
        self.pressed.append(key)

    def action_help(self) -> None:
        self.pressed.append("help")

    def line(self) -> str:
        return str(self.query_one(KeyBar).render())


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, "a First thing b Second thing h Help q Quit"),
        (42, "a First thing b Second thing h Help q Quit"),
        (41, "a First thing b Second thing h Help"),
        (34, "a First thing h Help q Quit"),
        (10, "h Help"),
    ],
)
async def test_keys_are_whole_and_the_help_is_always_among_them(width: int, line: str) -> None:
    async with (app := Keys()).run_test(size=(width, 5)) as pilot:
        await pilot.pause()

        assert app.line() == line


async def test_a_click_presses_the_key_that_is_there() -> None:
    async with (app := Keys()).run_test(size=(34, 5)) as pilot:
        await pilot.click(KeyBar, offset=(2, 0))
        await pilot.click(KeyBar, offset=(13, 0))  # between two keys
        await pilot.click(KeyBar, offset=(19, 0))
        await pilot.click(KeyBar, offset=(33, 0))  # after the last one

        assert app.pressed == ["a", "help"]


async def test_what_can_not_be_pressed_now_is_not_there() -> None:
    async with (app := Keys()).run_test(size=(60, 5)) as pilot:
        app.has_second = False
        app.refresh_bindings()
        await pilot.pause()

        assert app.line() == "a First thing h Help q Quit"
