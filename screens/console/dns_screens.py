"""The DNS panel's two windows: one record in full, and what publishing would change."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from backends.language import _
from screens.widgets.copy_screen import CopyScreen
from screens.widgets.diff_view import DiffView
from screens.widgets.help_screen import HelpScreen
from screens.widgets.line_view import LineView


class RecordScreen(HelpScreen):
    """One record; `y` copies `copied`, where there is something to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", _("Copy"))]

    def __init__(self, title: str, text: str, copied: str) -> None:
        super().__init__(title, text)
        self._copied = copied

    def on_mount(self) -> None:
        """The foot is in sight whatever is scrolled."""
        if self._copied:
            foot = Content(_("y copies it · escape closes this"))
            self.query_one(".dialog-foot", Static).update(foot)

    def action_copy(self) -> None:
        """Show it, to be copied."""
        if self._copied:
            self.app.push_screen(CopyScreen(self._title, self._copied))


class DifferenceScreen(ModalScreen[bool]):
    """What would change, and the question whether it shall."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", _("No")),
        Binding("y", "answer(True)", _("Yes")),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = "DifferenceScreen { align: center middle; }"

    def __init__(self, question: str, diff: str, yes: str) -> None:
        super().__init__()
        self._question, self._diff, self._yes = question, diff, yes

    def compose(self) -> ComposeResult:
        """The question, the difference to be scrolled, and two buttons."""
        with Vertical(classes="dialog diff"):
            yield Static(Content(self._question), classes="dialog-title")
            yield DiffView(self._diff, id="difference")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(_("Cancel") + " (n)"), id="no")
                yield Button(Content(f"{self._yes} (y)"), id="yes", variant="error")

    def on_mount(self) -> None:
        """Reading comes first."""
        self.query_one(DiffView).focus()

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Enter on a line is no answer."""
        event.stop()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was pressed."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """A key was pressed."""
        self.dismiss(answer)
