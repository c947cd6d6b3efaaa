"""A line to type in that takes no character which a terminal would obey or a person can't see."""

from textual import events
from textual.actions import SkipAction
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from backends.language import _
from backends.text import clean

LONGEST = 2000
"""Characters in a line; the longest answers are URLs and regular expressions."""


class SafeInput(Input):
    """Input shows what it holds as it is, so what must not reach the terminal is refused here, with the
    reason (Refused). Enter is left to the form around it.
    """

    class Refused(Message):
        """Something was not taken, and why."""

        def __init__(self, sender: "SafeInput", reason: str) -> None:
            super().__init__()
            self.sender, self.reason = sender, reason

        @property
        def control(self) -> "SafeInput":
            """The line, for @on."""
            return self.sender

    def __init__(
        self,
        value: str = "",
        *,
        is_secret: bool = False,
        suggester: Suggester | None = None,
        id: str | None = None,  # noqa: A002  Textual's own word
    ) -> None:
        super().__init__(clean(value), password=is_secret, suggester=suggester, select_on_focus=False, id=id)
        self.cursor_blink = False

    def put(self, value: str) -> None:
        """Show this value, which nobody typed: no Changed is told. What can't be shown is made visible."""
        place = self.app.cursor_position
        with self.prevent(Input.Changed):
            self.value = clean(value)
            self.cursor_position = len(self.value)
        if not self.has_focus:
            # Input takes the terminal's cursor whenever its own moves
            self.app.cursor_position = place

    def _on_paste(self, event: events.Paste) -> None:
        """A line break at the end comes along with much that is copied; one within doesn't fit."""
        event.stop()
        event.prevent_default()
        text = event.text.rstrip("\r\n")
        if "\n" in text or "\r" in text:
            self.post_message(self.Refused(self, _("Not taken: it has more than one line.")))
        elif text:
            self.replace(text, *self.selection)

    def replace(self, text: str, start: int, end: int) -> None:
        """All typing and pasting comes through here."""
        if reason := refusal(text, room=LONGEST - len(self.value)):
            self.post_message(self.Refused(self, reason))
            return
        super().replace(text, start, end)

    async def action_submit(self) -> None:
        """Enter goes on to the next field."""
        raise SkipAction


def refusal(text: str, *, room: int, longest: int = LONGEST) -> str:
    """Why this text can't be put in where `room` more characters fit, in words; empty where it can."""
    if len(text) > room:
        return _("Not taken: together it would be more than {count} characters.").format(count=longest)
    for character in () if text.isprintable() else text:
        if clean(character) != character:
            return _("Not taken: there is a character in it that can't be seen, {character}.").format(
                character=f"U+{ord(character):04X}"
            )
    return ""
