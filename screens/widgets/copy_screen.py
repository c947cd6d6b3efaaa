"""A text to take along: copied to the terminal's clipboard, and shown in full to be marked by hand."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.language import _
from backends.text import clean_lines


class CopyScreen(ModalScreen[None]):
    """`c` copies by OSC 52, which some terminals refuse without a word: so the text is there to mark, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", _("Close")),
        Binding("c", "copy", _("Copy")),
    ]

    def __init__(self, title: str, text: str, words: str = "") -> None:
        super().__init__()
        self._title, self._text, self._words = title, clean_lines(text), words

    def compose(self) -> ComposeResult:
        """Title, text, and what it is for."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="dialog-title")
            with VerticalScroll(classes="dialog-scroll"):
                yield Static(Content(self._text), classes="copied-text")
            if self._words:
                yield Static(Content(self._words), classes="dialog-text")
            yield Static(
                Content(_("c copies it · or mark it with the mouse · escape closes this")),
                classes="dialog-foot",
            )

    def action_copy(self) -> None:
        """Hand it to the terminal."""
        self.app.copy_to_clipboard(self._text)
        self.app.notify(_("Copied, where the terminal lets programs copy."), timeout=4, markup=False)
