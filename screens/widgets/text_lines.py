"""A few lines to type in, an entry each."""

from textual import events
from textual.actions import SkipAction
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from backends.language import _
from backends.text import clean_lines
from screens.widgets.safe_input import refusal

_LONGEST = 100_000
"""Characters of all lines together."""


class TextLines(TextArea):
    """Like SafeInput it takes nothing that a terminal would obey. Enter begins a new line, and on an empty
    last one it goes on; up and down leave at the ends.
    """

    class Refused(Message):
        """Something was not taken, and why."""

        def __init__(self, sender: "TextLines", reason: str) -> None:
            super().__init__()
            self.sender, self.reason = sender, reason

        @property
        def control(self) -> "TextLines":
            """The lines, for @on."""
            return self.sender

    def __init__(self, text: str = "") -> None:
        super().__init__(
            clean_lines(text),
            show_line_numbers=False,
            highlight_cursor_line=False,
            placeholder=Content(_("one in each line")),
        )
        self.cursor_blink = False

    def put(self, text: str) -> None:
        """Show this text, which nobody typed."""
        place = self.app.cursor_position
        with self.prevent(TextArea.Changed):
            self.text = clean_lines(text)
            self.move_cursor(self.document.end)
        if not self.has_focus:
            # TextArea takes the terminal's cursor whenever its own moves
            self.app.cursor_position = place

    def edit(self, edit: Edit) -> EditResult:
        """All typing and pasting comes through here."""
        text = edit.text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        end = edit.to_location
        if reason := refusal(text.replace("\n", ""), room=_LONGEST - len(self.text), longest=_LONGEST):
            self.post_message(self.Refused(self, reason))
            text, end = "", edit.from_location
        return super().edit(Edit(text, edit.from_location, end, edit.maintain_selection_offset))

    async def _on_key(self, event: events.Key) -> None:
        """Enter where nothing more follows is the form's."""
        row, column = self.cursor_location
        is_done = row == self.document.line_count - 1 and column == 0 and not self.document.get_line(row)
        if event.key == "enter" and is_done:
            event.prevent_default()

    def action_cursor_up(self, select: bool = False) -> None:
        """Up, or out at the first line."""
        if not select and self.cursor_location[0] == 0 and self.get_cursor_up_location() == (0, 0):
            raise SkipAction
        super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down, or out at the last line."""
        end = self.document.end
        if not select and self.cursor_location[0] == end[0] and self.get_cursor_down_location() == end:
            raise SkipAction
        super().action_cursor_down(select)
