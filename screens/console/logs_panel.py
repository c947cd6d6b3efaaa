"""The logs of all servers as they are written."""

import asyncio
from collections import Counter
from time import monotonic
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import Worker

from backends.language import _
from backends.logs.filtering import BadFilter, filter_from
from backends.logs.following import Following
from backends.logs.lines import LogLine
from backends.logs.severity import Severity
from screens.console.log_rows import LogRows, Row, line_of, number_of
from screens.console.log_screens import LineScreen, ServicesScreen
from screens.console.log_words import line_text, status, today
from screens.console.panel import Panel, describe
from screens.widgets.filter_bar import FilterBar
from screens.widgets.line_view import LineView

_AT_FIRST = 5000
"""Lines from before that are there at the start."""

_DRAW_EVERY = 0.2
_TELL_EVERY = 0.5
_AFTER_TYPING = 0.15
"""Seconds."""


class LogView(LineView[Row]):
    """Whoever comes to the end follows again."""

    def action_last(self) -> None:
        """The newest line, and on from there."""
        self.is_following = True

    def action_move(self, by: int) -> None:
        """Down from the last line goes on with the new ones."""
        if by > 0 and self.cursor + by >= len(self.rows):
            self.is_following = True
        else:
            super().action_move(by)

    def action_page(self, by: int) -> None:
        """As for a line."""
        if by > 0 and self.cursor >= len(self.rows) - 1:
            self.is_following = True
        else:
            super().action_page(by)

    def on_mouse_scroll_down(self) -> None:
        """The wheel too."""
        if self.scroll_offset.y >= self.max_scroll_y:
            self.is_following = True


class LogsPanel(Panel):
    """Follows all logs in one line of time, and stops for whoever reads."""

    EVERY: ClassVar[float | None] = None
    HELP: ClassVar[str | None] = _(
        "What Postfix, Dovecot, Rspamd, fail2ban and the rest of the machine write, in one line of time. E "
        "marks errors, W warnings.\n\n"
        "The view follows until you move up; what is written meanwhile waits, and end or f goes on.\n\n"
        "The filter takes words that must all be there (and !words that must not), or a regular expression "
        "between slashes: /status=(deferred|bounced)/, or !/connect/ for lines without it. c shows the lines "
        "around hits; n and N go from hit to hit.\n\n"
        "Older lines than these: mailstead log --since 2d --grep …"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f,space", "follow", _("Follow"), key_display="f"),
        Binding("s", "services", _("Services")),
        Binding("e", "severity('error', 1)", _("Error")),
        Binding("E", "severity('error', -1)", _("Error before"), show=False),
        Binding("w", "severity('warning', 1)", _("Warning")),
        Binding("W", "severity('warning', -1)", _("Warning before"), show=False),
        Binding("n", "hit(1)", _("Next hit"), show=False),
        Binding("N", "hit(-1)", _("Hit before"), show=False),
        Binding("c", "context", _("Context"), show=False),
        Binding("escape", "show_all", _("Without filter"), show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self.rows = LogRows()
        self._services: frozenset[str] = frozenset()
        self._has_context = False
        self._is_undrawn = self._is_untold = False
        self._today = today()
        self._told_at = 0.0
        self._drawing: Timer | None = None
        self._reader: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """The filter and the lines."""
        yield FilterBar(_("words, !words, /expression/ or !/expression/"))
        yield LogView(self._draw_row, key=number_of, follows=True, id="log-lines")

    def on_mount(self) -> None:
        """Draw what has come, a few times a second at most."""
        self._drawing = self.set_interval(_DRAW_EVERY, self._draw)

    @property
    def view(self) -> LogView:
        """The list of lines."""
        return self.query_one("#log-lines", LogView)

    def shown(self) -> None:
        """Draw, and read on; the list has the focus."""
        self._keep_observing()
        if self._drawing:
            self._drawing.resume()
        self._draw()
        self.view.focus()

    def hidden(self) -> None:
        """Stop drawing. Reading goes on, so that nothing is missing for who comes back."""
        if self._drawing:
            self._drawing.pause()

    async def observe(self) -> None:
        """Begin to read, where that has not begun or has ended."""
        if self._reader is None or self._reader.is_finished:
            self._reader = self._read()

    def open_filter(self) -> None:
        """Show where to type."""
        self.query_one(FilterBar).open()

    @work(exclusive=True, group="read", exit_on_error=False, description="read the logs")
    async def _read(self) -> None:
        with Following() as logs:
            before = await asyncio.to_thread(_last_of, logs)
            if not self.rows.rows:
                self._take(before)
            async for batch in logs.batches():
                self._take(batch)

    def _take(self, lines: tuple[LogLine, ...] | list[LogLine]) -> None:
        self.rows.is_held = not self.view.is_following
        try:
            self.rows.add(lines)
        except BadFilter as problem:
            self._give_up_filter(problem)
        self._is_undrawn = self._is_undrawn or not self.rows.is_held
        self._is_untold = True

    def _draw(self) -> None:
        """Show what has come since the last time, and now and then the figures; not behind a dialog, whose
        keys would wait for it.
        """
        if self.app.screen is not self.screen:
            return
        if self._is_undrawn:
            self._show()
        if self._is_untold and monotonic() - self._told_at >= _TELL_EVERY:
            self._tell_status()

    def _show(self, *, forget: bool = False) -> None:
        now = today()
        forget, self._today = forget or now != self._today, now
        self.view.show(list(self.rows.shown), dropped=self.rows.dropped, forget=forget)
        self.rows.dropped = 0
        self._is_undrawn = False

    def _tell_status(self) -> None:
        self._told_at, self._is_untold = monotonic(), False
        self.tell(status(self.rows, is_following=self.view.is_following))

    def _draw_row(self, row: Row, width: int) -> Text:
        return line_text(line_of(row), width, self.rows.only, self._today)

    @on(LineView.FollowingChanged)
    def _following_changed(self) -> None:
        """Go on with what waited, or let it wait."""
        self.rows.is_held = not self.view.is_following
        if self.view.is_following:
            try:
                self.rows.take_waiting()
            except BadFilter as problem:
                self._give_up_filter(problem)
            self._show()
        self._tell_status()

    @on(Input.Changed)
    def _filter_typed(self) -> None:
        self._choose()

    @on(FilterBar.Left)
    def _to_the_list(self) -> None:
        self.view.focus()

    @on(LineView.Chosen)
    def _open_line(self) -> None:
        if self.view.row:
            self.app.push_screen(LineScreen(line_of(self.view.row)))

    def action_follow(self) -> None:
        """Go on with the newest lines, or stop."""
        self.view.is_following = not self.view.is_following

    def action_context(self) -> None:
        """Show the lines around the hits too, or the hits only."""
        if self.rows.only.has_text:
            self._choose(has_context=not self.rows.has_context)
        else:
            self.tell(_("There is no filter: / looks for something."))

    def action_show_all(self) -> None:
        """Take every filter off."""
        bar = self.query_one(FilterBar)
        bar.display = False
        self._services = frozenset()
        self._has_context = False
        if bar.value:
            bar.value = ""  # which is told, and shown
        else:
            self._choose()

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_services(self) -> None:
        """Pick services."""
        counts = Counter(row[2] for row in self.rows.rows)
        chosen = await self.app.push_screen_wait(ServicesScreen(self.rows.only.services, counts))
        if chosen is not None:
            self._services = chosen
            self._choose()

    def action_severity(self, wanted: str, step: int) -> None:
        """The next line that is so bad, or the one before; from the newest line on it can only be before."""
        rows, here = self.view.rows, self.view.cursor
        step = -1 if self.view.is_following else step
        places = range(here + 1, len(rows)) if step > 0 else range(here - 1, -1, -1)
        if self.view.is_following and rows:
            places = range(len(rows) - 1, -1, -1)
        place = next((place for place in places if rows[place][3] == wanted), None)
        if place is None:
            self.tell(_none_left(Severity(wanted), step))
        else:
            self._go_to(place)

    def action_hit(self, step: int) -> None:
        """The next line with what was asked for, or the one before."""
        row = self.view.row
        found = self.rows.hit_from(row[0], step) if row else None
        if not self.rows.only.has_text:
            self.tell(_("There is no filter: / looks for something."))
        elif found is None:
            self.tell(_("No hit after this line.") if step > 0 else _("No hit before this line."))
        else:
            self._go_to(self.rows.place_of(found[0]))

    def _go_to(self, place: int) -> None:
        self.view.is_following = False
        self.view.go_to(place)
        self._tell_status()

    @work(group="filter", exclusive=True, exit_on_error=False, description="look for what was typed")
    async def _choose(self, *, has_context: bool | None = None) -> None:
        """Show what the filter, the services and the context say now."""
        await asyncio.sleep(_AFTER_TYPING if self.query_one(FilterBar).has_focus else 0)
        self._has_context = self._has_context if has_context is None else has_context
        try:
            only = filter_from(self.query_one(FilterBar).value, self._services)
            here = self.view.row
            await self.rows.choose(only, has_context=self._has_context and only.has_text)
        except BadFilter as problem:
            self.tell(f"{problem.message}: {problem.seen or problem.next_step}", is_trouble=True)
            return
        self._show(forget=True)
        if here and not self.view.is_following:
            self.view.go_to(self.rows.place_of(here[0]))
        self._tell_status()

    def _give_up_filter(self, problem: BadFilter) -> None:
        """Show all lines again: the filter takes too long for what is written now."""
        self.complain(describe(problem))
        self.action_show_all()


def _last_of(logs: Following) -> list[LogLine]:
    """The lines from before, as far as they are shown at first."""
    lines: list[LogLine] = []
    for better in logs.last_lines(_AT_FIRST):
        lines = better
    return lines


def _none_left(severity: Severity, step: int) -> str:
    if severity is Severity.ERROR:
        return (
            _("No error after this line: E looks before it.") if step > 0 else _("No error before this line.")
        )
    return (
        _("No warning after this line: W looks before it.") if step > 0 else _("No warning before this line.")
    )
