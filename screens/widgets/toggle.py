"""Yes or no, on one line."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from backends.language import _


class Toggle(Static, can_focus=True):
    """A mark in brackets, and what it says: space changes it, a click too. Enter is left to the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "change", _("Change")),
        Binding("y", "set(True)", show=False),
        Binding("n", "set(False)", show=False),
    ]

    is_on: reactive[bool] = reactive(False)

    class Changed(Message):
        """A person changed it."""

        def __init__(self, toggle: "Toggle", is_on: bool) -> None:
            super().__init__()
            self.toggle, self.is_on = toggle, is_on

        @property
        def control(self) -> "Toggle":
            """The toggle, for @on."""
            return self.toggle

    def __init__(self, words: str, *, is_on: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._words = Content(words)
        self.set_reactive(Toggle.is_on, is_on)

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the terminal's cursor belongs."""
        return self.content_region.offset + Offset(1, 0)

    def say(self, words: Content) -> None:
        """Show these words behind the mark."""
        if words != self._words:
            self._words = words
            self.refresh(layout=True)

    def render(self) -> Content:
        """`[x] words`"""
        return Content.assemble(Content(f"[{'x' if self.is_on else ' '}] "), self._words)

    def action_change(self) -> None:
        """The other one."""
        self.action_set(not self.is_on)

    def action_set(self, is_on: bool) -> None:
        """This one."""
        if is_on != self.is_on:
            self.is_on = is_on
            self.post_message(self.Changed(self, is_on))

    def on_click(self) -> None:
        """The mouse does what space does."""
        self.action_change()

    def on_focus(self) -> None:
        """Screen readers and input methods look there."""
        self.app.cursor_position = self.cursor_screen_offset
