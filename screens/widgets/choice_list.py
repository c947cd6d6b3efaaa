"""One of a few, each with a word of when to take it."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from backends.language import _

Option = tuple[str, str, str]
"""A value, its label, and in a line when to take it."""


class ChoiceList(Static, can_focus=True):
    """Up and down move, space takes, and so does enter on one that isn't taken yet; beyond its ends, and on
    enter otherwise, the form around it goes on. A click takes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", _("Up"), show=False),
        Binding("down", "move(1)", _("Down"), show=False),
        Binding("space", "take", _("Take")),
        Binding("enter", "take_or_go_on", show=False),
    ]

    value: reactive[str | None] = reactive(None, layout=False)
    cursor: reactive[int] = reactive(0)

    class Changed(Message):
        """A person took another one."""

        def __init__(self, choices: "ChoiceList", value: str) -> None:
            super().__init__()
            self.choices, self.value = choices, value

        @property
        def control(self) -> "ChoiceList":
            """The list, for @on."""
            return self.choices

    class TakenAgain(Message):
        """What is taken already was taken once more."""

    def __init__(self, options: Sequence[Option], value: str | None = None) -> None:
        super().__init__()
        self._options = options
        self.set_reactive(ChoiceList.value, value)
        self.set_reactive(ChoiceList.cursor, self._place(value) or 0)

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the terminal's cursor belongs."""
        before = sum(len(self._lines(n, self.content_size.width)) for n in range(self.cursor))
        return self.content_region.offset + Offset(1, before)

    def put(self, value: str | None) -> None:
        """Show this one as taken, which nobody chose here."""
        if value != self.value:
            self.value = value
            self.cursor = self._place(value) or 0

    def validate_cursor(self, cursor: int) -> int:
        """Keep it in the list."""
        return max(0, min(cursor, len(self._options) - 1))

    def watch_cursor(self) -> None:
        """The terminal's cursor goes along."""
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset

    def action_move(self, by: int) -> None:
        """Move, or leave at the ends."""
        if not 0 <= self.cursor + by < len(self._options):
            raise SkipAction
        self.cursor += by

    def action_take(self) -> None:
        """Take the one under the cursor."""
        value = self._options[self.cursor][0]
        if value != self.value:
            self.value = value
            self.post_message(self.Changed(self, value))
        else:
            self.post_message(self.TakenAgain())

    def action_take_or_go_on(self) -> None:
        """Enter."""
        if self._options[self.cursor][0] == self.value:
            raise SkipAction
        self.action_take()

    def on_click(self, event: events.Click) -> None:
        """Take the one under the mouse."""
        y = event.y
        for number in range(len(self._options)):
            y -= len(self._lines(number, self.content_size.width))
            if y < 0:
                self.cursor = number
                self.action_take()
                return

    def on_focus(self) -> None:
        """The cursor stands on what is taken."""
        self.cursor = self._place(self.value) or self.cursor
        self.app.cursor_position = self.cursor_screen_offset

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as the words need in this width."""
        return sum(len(self._lines(number, width)) for number in range(len(self._options)))

    def render(self) -> Content:
        """Every choice."""
        width = self.content_size.width
        lines: list[Content] = []
        for number in range(len(self._options)):
            first, *rest = self._lines(number, width)
            is_here = number == self.cursor and self.has_focus
            lines += [
                first.pad_right(max(0, width - first.cell_length)).stylize("reverse") if is_here else first
            ]
            lines += rest
        return Content("\n").join(lines)

    def _lines(self, number: int, width: int) -> list[Content]:
        value, label, why = self._options[number]
        is_taken = value == self.value
        dot = "*" if self.app.has_class("-ascii") else "•"
        name = Content(f"({dot if is_taken else ' '}) {label}").stylize("bold" if is_taken else "")
        if not why:
            return [name]
        beside = Content.assemble(name, Content(f"  {why}").stylize("$text-muted"))
        if beside.cell_length <= width:
            return [beside]
        below = Content(why).stylize("$text-muted").wrap(max(10, width - 4))
        return [name, *(line.pad_left(4) for line in below)]

    def _place(self, value: str | None) -> int | None:
        return next((n for n, option in enumerate(self._options) if option[0] == value), None)
