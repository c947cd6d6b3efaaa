"""A list of any length that draws only the lines a person sees."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from backends.language import _
from screens.widgets.steady_scroll_bar import SteadyScrollBar

Row = TypeVar("Row")
_STRIPS_KEPT = 200
"""A few screens of lines: while following, none comes again."""


class LineView(ScrollView, Generic[Row], can_focus=True):
    """One line a row: 100,000 rows cost no more than the ones on screen.

    `draw(row, width)` gives a row's line as Text of at most `width` cells; it is asked only for rows that are
    seen, so it may be as careful as it likes. `key(row)` names a row for good: cursor and marks stay with the
    row when the list changes. A marked row is drawn with the first cell `*`.

    With `follows`, the view stays at its end as rows come, until the person scrolls away from it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-view--cursor", "line-view--marked"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", _("Up"), show=False),
        Binding("down,j", "move(1)", _("Down"), show=False),
        Binding("pageup,ctrl+b", "page(-1)", _("Page up"), show=False),
        Binding("pagedown,ctrl+f", "page(1)", _("Page down"), show=False),
        Binding("home,g", "first", _("First"), show=False),
        Binding("end,G", "last", _("Last"), show=False),
        Binding("enter", "choose", _("Open"), show=False),
    ]

    cursor: reactive[int] = reactive(0)
    is_following: reactive[bool] = reactive(False)

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, view: "LineView[Any]", row: object) -> None:
            super().__init__()
            self.view, self.row = view, row

        @property
        def control(self) -> "LineView[Any]":
            """The view, for @on."""
            return self.view

    class Chosen(Moved):
        """Enter, or a click on the row that the cursor was on already."""

    class FollowingChanged(Message):
        """The person scrolled away from the end, or went back to it."""

        def __init__(self, view: "LineView[Any]", is_following: bool) -> None:
            super().__init__()
            self.view, self.is_following = view, is_following

        @property
        def control(self) -> "LineView[Any]":
            """The view, for @on."""
            return self.view

    def __init__(
        self,
        draw: Callable[[Row, int], Text],
        key: Callable[[Row], Hashable],
        *,
        follows: bool = False,
        id: str | None = None,  # noqa: A002  Textual's own word
    ) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.marks: set[Hashable] = set()
        self._draw, self._key = draw, key
        self._strips: LRUCache[tuple[Hashable, int, bool, bool], Strip] = LRUCache(_STRIPS_KEPT)
        self.set_reactive(LineView.is_following, follows)

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    @property
    def marked_rows(self) -> tuple[Row, ...]:
        """The marked rows, in the order of the list; without marks the row under the cursor."""
        if self.marks:
            return tuple(row for row in self.rows if self._key(row) in self.marks)
        return () if self.row is None else (self.row,)

    def show(self, rows: Sequence[Row], *, dropped: int = 0, forget: bool = True) -> None:
        """Show these rows instead. The cursor stays on its row where that is still there, or on its place.

        `dropped` is how many rows of the list before were taken off its front: what is seen does not move.
        Without `forget`, rows that keep their key are known to look as they did.
        """
        here = None if self.row is None else self._key(self.row)
        place = max(0, self.cursor - dropped)
        self.rows = rows
        if forget:
            self._strips.clear()
        self.set_reactive(LineView.virtual_size, Size(self._width, len(rows)))
        self._refresh_scrollbars()
        if dropped and not self.is_following:
            self.scroll_to(
                y=max(0, self.scroll_offset.y - dropped), animate=False, immediate=True, force=True
            )
        if self.is_following:
            place = len(rows) - 1
        elif here is not None and not (place < len(rows) and self._key(rows[place]) == here):
            place = next((n for n, row in enumerate(rows) if self._key(row) == here), place)
        self.cursor = max(0, min(place, len(rows) - 1))
        self._bring_into_view()
        self._tell_scroll_bar()
        self.refresh()

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        if self.row is not None:
            self.marks ^= {self._key(self.row)}
            self.refresh()
            self.action_move(1)

    def mark_all(self) -> None:
        """Mark every row of the list, or none where all are marked."""
        every = {self._key(row) for row in self.rows}
        self.marks = set() if every <= self.marks else every
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keep it within the list."""
        return max(0, min(cursor, len(self.rows) - 1))

    def watch_cursor(self, before: int, now: int) -> None:
        """Draw both lines anew, and tell."""
        for line in (before, now):
            self.refresh(Region(0, line - self.scroll_offset.y, self.size.width, 1))
        self._place_terminal_cursor()
        self.post_message(self.Moved(self, self.row))

    def watch_is_following(self, is_following: bool) -> None:
        """Tell, and go to the end when following begins."""
        self.post_message(self.FollowingChanged(self, is_following))
        if is_following:
            self.cursor = len(self.rows) - 1
            self._bring_into_view()

    def action_move(self, by: int) -> None:
        """Move the cursor by lines."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self._go(self.cursor + by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """The first row."""
        self._go(0)

    def action_last(self) -> None:
        """The last row."""
        self._go(len(self.rows) - 1)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.row is not None:
            self.post_message(self.Chosen(self, self.row))

    def go_to(self, place: int) -> None:
        """Put the cursor on this place of the list and bring it into view."""
        self._go(place)

    def render_line(self, y: int) -> Strip:
        """The line at this height of the view."""
        place = self.scroll_offset.y + y
        if place >= len(self.rows):
            return Strip.blank(self._width, self.rich_style)
        row = self.rows[place]
        is_cursor = place == self.cursor and self.has_focus
        is_marked = bool(self.marks) and self._key(row) in self.marks
        name = (self._key(row), self._width, is_cursor, is_marked)
        strip = self._strips.get(name)
        if strip is None:
            strip = self._strips[name] = self._strip(row, is_cursor=is_cursor, is_marked=is_marked)
        return strip

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """One that is drawn only when its thumb moves."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = SteadyScrollBar(
                name="vertical", thickness=self.scrollbar_size_vertical
            )
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)  # noqa: SLF001  as Widget does
        return self._vertical_scrollbar

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw the lines anew, or parts of them; the scroll bar looks after itself."""
        if repaint and not (layout or recompose) and self.is_mounted:
            lines = Region(0, 0, self._width, self.size.height)
            regions = tuple(lines.intersection(region) for region in regions) or (lines,)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        """Colours changed: no line looks as it did."""
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self) -> None:
        """Fit the lines to the new width, and keep the cursor in sight."""
        self.set_reactive(LineView.virtual_size, Size(self._width, len(self.rows)))
        self._bring_into_view()
        self._tell_scroll_bar()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a second click opens."""
        place = self.scroll_offset.y + event.y
        if place < len(self.rows):
            if place == self.cursor and event.chain > 1:
                self.action_choose()
            self._go(place)

    def on_focus(self) -> None:
        """The cursor's line looks different with the focus."""
        self._place_terminal_cursor()
        self.refresh()

    def on_blur(self) -> None:
        """And without."""
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The terminal's cursor goes along."""
        super().watch_scroll_y(old_value, new_value)
        self._place_terminal_cursor()

    def on_mouse_scroll_up(self) -> None:
        """Scrolling back stops the following."""
        self.is_following = False

    @property
    def _width(self) -> int:
        return max(1, self.scrollable_content_region.width)

    def _tell_scroll_bar(self) -> None:
        """Length and place at once: the thumb stays where it is while rows come at the end.

        The length is set without its watcher, which would lay out the whole screen for it.
        """
        self._scroll_update(self.virtual_size)

    def _go(self, place: int) -> None:
        last = len(self.rows) - 1
        if self.is_following and place < last:
            self.is_following = False
        self.cursor = place
        self._bring_into_view()

    def _bring_into_view(self) -> None:
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True, force=True)
        elif height and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, immediate=True, force=True)

    def _strip(self, row: Row, *, is_cursor: bool, is_marked: bool) -> Strip:
        text = self._draw(row, self._width - 2)
        line = Text("* " if is_marked else "  ", end="", no_wrap=True)
        line.append_text(text)
        line.truncate(self._width, overflow="ellipsis", pad=True)
        strip = Strip(line.render(self.app.console)).adjust_cell_length(self._width)
        style = self.rich_style
        if is_marked:
            style += self.get_component_rich_style("line-view--marked", partial=True)
        strip = strip.apply_style(style)
        if is_cursor:  # its own colours might not be readable on the cursor's
            cursor = self.get_component_rich_style("line-view--cursor", partial=True)
            return Strip(Segment.apply_style(strip, post_style=cursor), strip.cell_length)
        return strip

    def _place_terminal_cursor(self) -> None:
        """Where screen readers and input methods look."""
        if self.has_focus:
            self.app.cursor_position = self.region.offset + Offset(0, self.cursor - self.scroll_offset.y)
