"""What changes in a file, line by line, however long it is."""

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import chop_cells
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.language import _
from backends.text import clean
from screens.widgets.line_view import LineView

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
DiffLine = tuple[int, str, str]
"""Its place, the mark at the beginning of the line it is a part of, and its text."""


class DiffView(LineView[DiffLine]):
    """A unified diff. Its marks + and - stand in front of every line, also where one goes on below."""

    def __init__(self, diff: str, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(_draw, key=lambda line: line[0], id=id)
        self._diff = diff

    def show_diff(self, diff: str) -> None:
        """Show this one instead."""
        self._diff = diff
        self._fold()
        self.action_first()

    def on_resize(self) -> None:
        """Fold long lines anew."""
        self._fold()
        super().on_resize()

    def _fold(self) -> None:
        width = max(10, self.scrollable_content_region.width - 3)
        self.show([(n, mark, text) for n, (mark, text) in enumerate(_folded(self._diff, width))])


class DiffScreen(ModalScreen[None]):
    """One change with its diff; `pages` are the title and the diff of each change that can be leafed through,
    `place` the first to show.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", _("Back")),
        Binding("left,p", "leaf(-1)", _("Change before")),
        Binding("right,n", "leaf(1)", _("Next change")),
    ]

    def __init__(self, pages: list[tuple[str, str]], place: int = 0) -> None:
        super().__init__()
        self._pages, self._place = pages, place

    def compose(self) -> ComposeResult:
        """Title, lines, keys."""
        with Vertical(classes="dialog diff"):
            yield Static(classes="dialog-title")
            yield DiffView("", id="diff")
            yield Static(
                Content(_("up and down scroll · left and right: other changes · escape: back")),
                classes="dialog-foot",
            )

    def on_mount(self) -> None:
        """The first one."""
        self._show()
        self.query_one(DiffView).focus()

    def action_leaf(self, by: int) -> None:
        """Another change."""
        self._place = max(0, min(self._place + by, len(self._pages) - 1))
        self._show()

    def on_line_view_chosen(self, event: LineView.Chosen) -> None:
        """Enter goes back."""
        event.stop()
        self.dismiss()

    def on_click(self, event: events.Click) -> None:
        """A click beside it goes back."""
        if event.widget is self:
            self.dismiss()

    def _show(self) -> None:
        title, diff = self._pages[self._place]
        number = f"{self._place + 1}/{len(self._pages)}  " if len(self._pages) > 1 else ""
        self.query_one(".dialog-title", Static).update(Content(f"{number}{clean(title)}"))
        self.query_one(DiffView).show_diff(diff or _("There is nothing to compare: this is all of it."))


def _folded(diff: str, width: int) -> Iterator[tuple[str, str]]:
    """Each line as pieces of this width, with its mark; `@` for what only says where it is."""
    is_header = True
    for line in diff.splitlines():
        is_header = is_header and not line.startswith("@@")
        mark = line[:1] if line[:1] in {"+", "-", "@"} else " "
        if is_header and line.startswith(("--- ", "+++ ")):
            mark = "@"
        text = line if mark == "@" or line[:1] not in {"+", "-", " "} else line[1:]
        for piece in chop_cells(clean(text.expandtabs()), width) or [""]:
            yield mark, piece


def _draw(line: DiffLine, _width: int) -> Text:
    _place, mark, text = line
    shown = " " if mark == "@" else mark
    return Text(f"{shown} {text}", style=_COLOURS.get(mark, ""), no_wrap=True)
