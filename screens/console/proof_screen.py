"""The proof that mail flows, each part as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.language import _

if TYPE_CHECKING:
    from wizard.proof import ProofResult


class ProofScreen(ModalScreen[None]):
    """Filled by `add`, ended by `finish`; closing it does not stop the proof."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", _("Close"))]

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Content] = []

    def compose(self) -> ComposeResult:
        """A title, what came so far, how it ends."""
        with Vertical(classes="dialog help"):
            yield Static(
                Content(_("Sending real mail through this server, and reading it back …")),
                classes="dialog-title",
                id="proof-title",
            )
            with VerticalScroll():
                yield Static(id="proof-results")
            yield Static(
                Content(_("escape closes this; the proof goes on")), classes="dialog-foot", id="proof-foot"
            )

    def add(self, result: ProofResult) -> None:
        """Show one part."""
        mark = Content(_("ok  ")) if result.is_ok else Content(_("FAIL")).stylize("bold $text-error")
        self._lines += [
            Content.assemble(mark, "  ", result.title),
            Content(f"      {result.seen}").stylize("$text-muted"),
        ]
        if self.is_attached:
            self.query_one("#proof-results", Static).update(Content("\n").join(self._lines))
            self.query_one(VerticalScroll).scroll_end(animate=False)

    def finish(self, *, is_ok: bool) -> None:
        """Say how it ended."""
        if self.is_attached:
            text = _("Mail flows.") if is_ok else _("The proof failed.")
            self.query_one("#proof-title", Static).update(Content(text))
            self.query_one("#proof-foot", Static).update(Content(_("escape closes this")))
