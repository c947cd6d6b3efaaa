"""The question before something that can't be taken back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from backends.language import _


class Confirm(ModalScreen[bool]):
    """Asks once, naming what will happen; `await app.push_screen_wait(Confirm(…))` in a worker gives the
    answer. The way out is what enter does at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", _("No")),
        Binding("y", "answer(True)", _("Yes")),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, consequence: str = "", *, yes: str = "", no: str = "") -> None:
        """`question` names the act and how many things it touches; `yes` is the act's verb."""
        super().__init__()
        self._question, self._consequence = question, consequence
        self._yes, self._no = yes or _("Yes"), no or _("Cancel")

    def compose(self) -> ComposeResult:
        """The question, what follows from it, and two buttons."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-title")
            if self._consequence:
                yield Static(Content(self._consequence), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(f"{self._no} (n)"), id="no")
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant="error")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """A key was pressed."""
        self.dismiss(answer)
