"""The wizard's pages at the left, each with its state."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from backends.language import _
from screens.setup.pages import PageEntry

_GLYPHS = {
    "untouched": ("·", ".", "$text-muted"),
    "ready": ("✓", "+", "$text-success"),
    "needs-you": ("!", "!", "$text-error"),
    "warning": ("▲", "^", "$text-warning"),
}
"""A state of wizard.readiness: its mark, the mark on a terminal with few glyphs, and its colour."""


class Sidebar(Static, can_focus=True):
    """Up and down choose, enter or the right arrow goes there, and so does a click."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", _("Up"), show=False),
        Binding("down,j", "move(1)", _("Down"), show=False),
        Binding("home", "move(-99)", _("First"), show=False),
        Binding("end", "move(99)", _("Last"), show=False),
        Binding("enter,right,space", "choose", _("Go there"), key_display="enter"),
    ]

    cursor: reactive[int] = reactive(0)

    class Chosen(Message):
        """The person wants to go to this page."""

        def __init__(self, page_id: str) -> None:
            super().__init__()
            self.page_id = page_id

    def __init__(self, entries: Sequence[PageEntry]) -> None:
        super().__init__(id="sidebar")
        self._entries = entries
        self._states: Mapping[str, str] = {}
        self._shown = ""

    def show(self, page_id: str) -> None:
        """Mark the page that is shown, and put the cursor on it."""
        self._shown = page_id
        self.cursor = next((n for n, entry in enumerate(self._entries) if entry.id == page_id), self.cursor)
        self.refresh()

    def show_states(self, states: Mapping[str, str]) -> None:
        """Show these states, by the ids of the pages; one that isn't named is untouched."""
        if states != self._states:
            self._states = dict(states)
            self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keep it on a page."""
        return max(0, min(cursor, len(self._entries) - 1))

    def watch_cursor(self) -> None:
        """The terminal's cursor goes along."""
        self._place_terminal_cursor()

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor += by

    def action_choose(self) -> None:
        """Go to the page under the cursor."""
        self.post_message(self.Chosen(self._entries[self.cursor].id))

    def on_click(self, event: events.Click) -> None:
        """Go to the page under the mouse."""
        if 0 <= event.y < len(self._entries):
            self.cursor = event.y
            self.action_choose()

    def on_focus(self) -> None:
        """The cursor's line looks different with the focus."""
        self._place_terminal_cursor()

    def render(self) -> Content:
        """The pages, and below them what the marks mean."""
        width = self.content_size.width
        lines = [self._line(n, entry, width) for n, entry in enumerate(self._entries)]
        legend = [self._legend(state, word) for state, word in _words().items()]
        return Content("\n").join([*lines, Content(""), *legend])

    def _line(self, number: int, entry: PageEntry, width: int) -> Content:
        state = self._states.get(entry.id, "untouched")
        here = ">" if entry.id == self._shown else " "
        name = Content(f"{entry.title}")
        line = Content.assemble(Content(here), self._mark(state), Content(" "), name)
        line = line.truncate(width, ellipsis=True, pad=True)
        if number == self.cursor and self.has_focus:
            return line.stylize("bold reverse")
        return line.stylize("bold") if entry.id == self._shown else line

    def _legend(self, state: str, word: str) -> Content:
        return Content.assemble(Content(" "), self._mark(state), Content(f" {word}").stylize("$text-muted"))

    def _mark(self, state: str) -> Content:
        glyph, plain, colour = _GLYPHS[state]
        return Content(plain if self.app.has_class("-ascii") else glyph).stylize(colour)

    def _place_terminal_cursor(self) -> None:
        if self.has_focus:
            self.app.cursor_position = self.content_region.offset + Offset(1, self.cursor)


def _words() -> dict[str, str]:
    return {
        "untouched": _("not visited"),
        "ready": _("ready"),
        "needs-you": _("needs you"),
        "warning": _("warning"),
    }
