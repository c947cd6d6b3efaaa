"""What is here and which keys work, on `?` and F1."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.language import _


class HelpScreen(ModalScreen[None]):
    """A title, a few paragraphs, and the keys: pairs of a key and what it does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", _("Close")),
    ]

    def __init__(self, title: str, text: str, keys: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._title, self._text, self._keys = title, text, keys

    def compose(self) -> ComposeResult:
        """Everything in one column that scrolls."""
        with Vertical(classes="dialog help"):
            yield Static(Content(self._title), classes="dialog-title")
            with VerticalScroll():
                if self._text:
                    yield Static(Content(self._text.strip()), classes="dialog-text")
                yield Static(Content(_table(self._keys)), classes="help-keys")
            yield Static(Content(_("escape closes this")), classes="dialog-foot")


def _table(keys: Sequence[tuple[str, str]]) -> str:
    width = max((cell_len(key) for key, _words in keys), default=0)
    return "\n".join(f"{key}{' ' * (width - cell_len(key))}  {words}" for key, words in keys)
