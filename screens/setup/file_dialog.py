"""Asks for the path of a file."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from backends.language import _
from screens.widgets.safe_input import SafeInput


class FileDialog(ModalScreen["str | None"]):
    """Gives what was typed, or None; what is at that path is the caller's to look at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", _("Cancel"), key_display="esc"),
        Binding("enter", "take", _("Go on")),
    ]

    def __init__(self, title: str, text: str, path: str, verb: str) -> None:
        super().__init__()
        self._title, self._text, self._path, self._verb = title, text, path, verb

    def compose(self) -> ComposeResult:
        """What it is for, the path, two buttons."""
        with Vertical(classes="dialog file-dialog field"):
            yield Static(Content(self._title), classes="dialog-title")
            yield Static(Content(self._text), classes="dialog-text")
            yield SafeInput(self._path)
            yield Static(classes="dialog-foot")
            with Horizontal(classes="dialog-buttons"):
                yield Button(self._verb + _(" (enter)"), id="take", compact=True, variant="primary")
                yield Button(_("Cancel (escape)"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """The cursor stands behind what is suggested."""
        line = self.query_one(SafeInput)
        line.cursor_position = len(line.value)
        line.focus()

    def action_take(self) -> None:
        """Give the path, if there is one."""
        path = self.query_one(SafeInput).value.strip()
        if path:
            self.dismiss(path)

    def action_leave(self) -> None:
        """As if nothing was."""
        self.dismiss(None)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "take":
            self.action_take()
        else:
            self.action_leave()

    @on(SafeInput.Refused)
    def _not_taken(self, event: SafeInput.Refused) -> None:
        event.stop()
        self.query_one(".dialog-foot", Static).update(Content(event.reason).stylize("$text-error"))
