"""The logs panel's two windows: one line in full, and which services."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.language import _, ngettext
from backends.logs.lines import LogLine
from backends.logs.services import SERVICES
from screens.console.log_words import line_title
from screens.widgets.line_view import LineView


class LineScreen(ModalScreen[None]):
    """One line, wrapped."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", _("Close"))]
    DEFAULT_CSS = """
    LineScreen { align: center middle; }
    LineScreen VerticalScroll { height: auto; max-height: 60vh; }
    """

    def __init__(self, line: LogLine) -> None:
        super().__init__()
        self._line = line

    def compose(self) -> ComposeResult:
        """What is known of the line, then all of it."""
        with Vertical(classes="dialog"):
            yield Static(Content(line_title(self._line)), classes="dialog-title")
            with VerticalScroll():
                yield Static(Content(self._line.text), id="whole-line")
            yield Static(Content(_("escape closes this")), classes="dialog-foot")


class ServicesScreen(ModalScreen[frozenset[str] | None]):
    """Which services' lines to show; gives their names, none for all, None when nothing is to change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,x", "pick", _("Pick")),
        Binding("a", "show_all", _("All")),
        Binding("enter", "show_picked", _("Show these"), priority=True),
        Binding("escape,q", "dismiss", _("Cancel")),
    ]
    DEFAULT_CSS = "ServicesScreen { align: center middle; }"

    def __init__(self, chosen: frozenset[str], counts: Mapping[str, int]) -> None:
        super().__init__()
        self._picked, self._counts = set(chosen), counts

    def compose(self) -> ComposeResult:
        """Each service with how many of its lines are there."""
        with Vertical(classes="dialog"):
            yield Static(Content(_("Services whose lines are shown")), classes="dialog-title")
            view = LineView[str](self._draw, key=str, id="services")
            view.styles.height = len(SERVICES)
            yield view
            yield Static(
                Content(_("space picks, enter shows those picked, a shows all, escape cancels")),
                classes="dialog-foot",
            )

    def on_mount(self) -> None:
        """Begin at the first."""
        self._view.show(SERVICES)
        self._view.focus()

    def action_pick(self) -> None:
        """Pick the service under the cursor, or not."""
        if self._view.row:
            self._picked ^= {self._view.row}
            self._view.show(SERVICES)

    def action_show_picked(self) -> None:
        """Show the picked ones; where none is, the one under the cursor."""
        picked = self._picked or {self._view.row or ""}
        self.dismiss(frozenset(picked & set(SERVICES)))

    def action_show_all(self) -> None:
        """Show every service."""
        self.dismiss(frozenset())

    @property
    def _view(self) -> LineView[str]:
        return self.query_one("#services", LineView)

    def _draw(self, name: str, _width: int) -> Text:
        count = self._counts.get(name, 0)
        lines = ngettext("{count} line", "{count} lines", count).format(count=f"{count:,}")
        return Text(f"[{'x' if name in self._picked else ' '}] {name:<10} {lines:>16}")
