"""The line for what to look for, on `/`."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from backends.language import _
from screens.widgets.safe_input import SafeInput


class FilterBar(SafeInput):
    """Hidden until `/`. Each change is told as Changed (Input's own); escape empties and hides it, enter and
    down go back to the list with the filter kept.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", _("Show all"), show=True),
        Binding("down", "leave(False)", _("To the list"), show=False),
    ]

    class Left(Message):
        """The person goes back to the list."""

    def __init__(self, placeholder: str = "", *, id: str = "filter") -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self.placeholder = placeholder
        self.compact = True
        self.display = False

    def open(self) -> None:
        """Show it, ready for typing."""
        self.display = True
        self.focus()

    def action_leave(self, empties: bool) -> None:
        """Back to the list."""
        if empties:
            self.value = ""
        self.display = bool(self.value)
        self.post_message(self.Left())

    async def action_submit(self) -> None:
        """Enter keeps the filter."""
        self.action_leave(empties=False)
