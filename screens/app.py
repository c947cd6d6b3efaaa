"""The Textual application: two modes, the wizard and the console."""

import sys
from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent
from textual.reactive import reactive
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.types import CSSPathType

from backends.language import _
from screens.garbage import Garbage
from screens.terminal import has_few_colours, has_few_glyphs
from screens.textual_mends import SteadyStylesheet, let_widgets_go
from screens.widgets.plain_scroll_bar import PlainScrollBar

SETUP, CONSOLE = "setup", "console"

_TURN = 0.0005
"""Seconds until a thread that computes lets another one have a turn. A dozen threads may be asking checks,
and with Python's five milliseconds for each a key would wait for all of them.
"""

_LOOK_FOR_GARBAGE = 1.0
"""Seconds."""


def _setup() -> Screen[None]:
    from screens.setup.setup_screen import SetupScreen

    return SetupScreen()


def _console() -> Screen[None]:
    from screens.console.console_screen import ConsoleScreen

    return ConsoleScreen()


def _share_memory() -> None:
    from screens.memory import share_memory  # takes a moment that the first paint needs

    share_memory()


class MailsteadApp(App[None]):
    """Begins in one of its modes; with `is_read_only` no screen changes anything on the machine.

    Over a slow line nothing is animated. On a terminal with few glyphs (TERM=linux) the class `-ascii` gives
    borders that it can draw, and with few colours the theme keeps to the terminal's own.
    """

    TITLE: str | None = "Mailstead"
    CSS_PATH: ClassVar[CSSPathType | None] = "app.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {SETUP: _setup, CONSOLE: _console}
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", _("Quit"), show=False, priority=True, id="quit"),
    ]

    is_read_only: reactive[bool] = reactive(False)

    def __init__(self, mode: str = CONSOLE, *, is_read_only: bool = False) -> None:
        self.DEFAULT_MODE = mode  # type: ignore[misc]  # to begin with another and switch parses all styles anew
        super().__init__()
        let_widgets_go()
        self.stylesheet = SteadyStylesheet(variables=self.get_css_variables())
        self._is_leaving = False
        self._garbage = Garbage()
        self.set_reactive(MailsteadApp.is_read_only, is_read_only)
        self.animation_level = "none"
        if has_few_colours():
            self.theme = "ansi-dark"
        if has_few_glyphs():
            self.add_class("-ascii")
            ScrollBar.renderer = PlainScrollBar

    def on_mount(self) -> None:
        """What takes a moment that the first paint needs comes after it."""
        sys.setswitchinterval(_TURN)
        self.call_after_refresh(_share_memory)
        self.call_after_refresh(self._garbage.begin)
        self.set_interval(_LOOK_FOR_GARBAGE, self._garbage.collect)

    def on_unmount(self) -> None:
        """Leave Python as it was."""
        self._garbage.end()

    async def on_event(self, event: Event) -> None:
        """Every key and every move of the mouse comes by here."""
        if isinstance(event, InputEvent):
            self._garbage.typed()
        await super().on_event(event)

    async def action_quit(self) -> None:
        """Leave, unless the screen below has something to ask first and is told no; asked again, leave."""
        ask: Callable[[], Awaitable[bool]] | None = getattr(self.screen_stack[0], "may_leave", None)
        if ask is None or self._is_leaving:
            self.exit()
            return

        async def leave() -> None:
            self._is_leaving = True
            if await ask():
                self.exit()
            self._is_leaving = False

        self.run_worker(leave(), exclusive=True, group="leave")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """A mode that has another use for ctrl+p says so."""
        return action != "command_palette" or all(
            getattr(screen, "HAS_PALETTE", True) for screen in self.screen_stack[:1]
        )
