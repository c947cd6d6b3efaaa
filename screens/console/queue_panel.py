"""The mail queue: what waits, why, and what to do with it."""

from __future__ import annotations

import asyncio
import time
from asyncio import run_coroutine_threadsafe
from collections.abc import Callable, Hashable, Iterator, Sequence, Set
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from threading import Event
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerError

from backends.errors import MailsteadError
from backends.language import _, ngettext
from backends.postfix.queue import QueuedMessage
from backends.postfix.queue_filter import QueueFilter, WrongFilter, parse_filter
from screens.amounts import short_age
from screens.console import moments
from screens.console.panel import Panel, describe
from screens.console.queue_acts import DELETE, HOLD, RELEASE, RETRY, Act, deletion
from screens.console.queue_feed import QueueFeed, QueueSnapshot, with_moved
from screens.console.queue_row import column_titles, message_details, message_line
from screens.widgets.filter_bar import FilterBar
from screens.widgets.line_view import LineView

_REST, _LONGEST_REST = 5, 30.0
"""After reading, so many times as long as that took belongs to Postfix, at most so many seconds."""
_LONGEST_SHOWING = 1.0
"""Seconds that the reading waits for what it has read to be shown."""
_MANY = 5000
"""From here on filtering takes longer than a key may."""
_TYPING_PAUSE = 0.15


class QueuePanel(Panel):
    """Every message that has not reached everybody, oldest first."""

    HELP: ClassVar[str | None] = _(
        "Every message that has not reached all its recipients, oldest first. 'wait' is deferred: Postfix "
        "tries again by itself, less and less often, and gives up after five days. 'hold' waits until it is "
        "released, 'send' is being delivered now.\n\n"
        "Marked messages, or without marks the one under the cursor, can be held, released, tried again at "
        "once and deleted; enter shows the header of one.\n\n"
        "The filter takes words that may stand anywhere, and from: to: reason: older: queue: with parts of "
        'what they name, or with * and ? the whole: from:anna to:*@example.net reason:"timed out" older:2h'
    )
    EVERY: ClassVar[float | None] = 5.0
    CHANGES = frozenset({"hold", "release", "retry", "delete"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", _("Mark"), id="queue-mark"),
        Binding(
            "a", "mark_all", _("All"), tooltip=_("Mark all that are shown, or none"), id="queue-mark-all"
        ),
        Binding("h", "hold", _("Hold"), id="queue-hold"),
        Binding("r", "release", _("Release"), id="queue-release"),
        Binding("t", "retry", _("Try again"), id="queue-retry"),
        Binding("d", "delete", _("Delete"), id="queue-delete"),
        Binding("escape", "show_all", _("Show all"), show=False, id="queue-show-all"),
        Binding("enter", "show_message", _("Header"), show=False, id="queue-show"),
    ]
    DEFAULT_CSS = """
    QueuePanel #queue-titles { height: 1; padding: 0 0 0 2; color: $text-muted; }
    QueuePanel #queue-details { height: 4; padding: 0 1; background: $boost; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._feed = QueueFeed()
        self._snapshot = QueueSnapshot()
        self._filter = QueueFilter()
        self._wrong_filter = ""
        self._doing = ""

    def compose(self) -> ComposeResult:
        """Titles, the list, and the message under the cursor in a few lines."""
        yield FilterBar(_("from:anna to:*@example.net reason:refused older:2h queue:hold word"))
        yield Static(id="queue-titles")
        yield LineView[QueuedMessage](message_line, key=lambda message: message.queue_id, id="queue-list")
        yield Static(_("Looking …"), id="queue-details", markup=False)

    @property
    def view(self) -> LineView[QueuedMessage]:
        """The list."""
        return self.query_one("#queue-list", LineView)

    async def observe(self) -> None:
        """The queue as it is now; a large one is read less often."""
        stop = Event()
        loop = asyncio.get_running_loop()

        async def put(snapshot: QueueSnapshot) -> None:
            # Whoever came back while the queue was first read keeps what there was of it.
            if not stop.is_set() and len(snapshot.messages) >= len(self._snapshot.messages):
                await self._take(snapshot).wait()

        def show(snapshot: QueueSnapshot) -> None:
            # Reading on at once would take the time that showing needs.
            with suppress(TimeoutError, CancelledError, WorkerError):
                run_coroutine_threadsafe(put(snapshot), loop).result(_LONGEST_SHOWING)

        try:
            snapshot = await asyncio.to_thread(self._feed.read, show, stop)
        finally:
            stop.set()
        self._take(snapshot)
        await asyncio.sleep(min(_LONGEST_REST, _REST * snapshot.seconds))

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """The queues by name."""
        yield _("Messages on hold"), partial(self._look_for, "queue:hold")
        yield _("Deferred messages"), partial(self._look_for, "queue:deferred")

    def shown(self) -> None:
        """Begin to look; keys go to the list, also where a filter was left."""
        super().shown()
        self.view.focus()

    def open_filter(self) -> None:
        """Show where to type."""
        self.query_one(FilterBar).open()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the titles to the columns."""
        self.query_one("#queue-titles", Static).update(column_titles(event.size.width - 3))

    def action_mark(self) -> None:
        """Mark the message under the cursor, or take its mark away."""
        self.view.toggle_mark()
        self._say()

    @work(exclusive=True, group="mark", exit_on_error=False)
    async def action_mark_all(self) -> None:
        """Mark all that are shown, or none where all are."""
        self.view.marks = await asyncio.to_thread(_all_or_none, self.view.rows, self.view.marks)
        self.view.refresh()
        self._say()

    def action_show_all(self) -> None:
        """Take the filter away; where there is none, the marks."""
        bar = self.query_one(FilterBar)
        if bar.value:
            bar.action_leave(empties=True)
        else:
            self.view.marks = set()
            self.view.refresh()
            self._say()

    @work(group="act", exit_on_error=False)
    async def action_hold(self) -> None:
        """Keep messages from being delivered."""
        await self._carry_out(HOLD, await self._chosen())

    @work(group="act", exit_on_error=False)
    async def action_release(self) -> None:
        """Let messages on hold be delivered."""
        await self._carry_out(RELEASE, await self._chosen())

    @work(group="act", exit_on_error=False)
    async def action_retry(self) -> None:
        """Try to deliver messages now."""
        await self._carry_out(RETRY, await self._chosen())

    @work(group="act", exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete messages, after asking."""
        messages = await self._chosen()
        if messages:
            is_sure = await self.app.push_screen_wait(deletion(messages))
            if not is_sure:
                return
        await self._carry_out(DELETE, messages)

    @on(LineView.Chosen, "#queue-list")
    @work(exclusive=True, group="show", exit_on_error=False)
    async def action_show_message(self) -> None:
        """The header of the message under the cursor, and everybody whom it has not reached."""
        from backends.postfix.queue_headers import read_headers
        from screens.console.queue_message_screen import QueueMessageScreen

        message = self.view.row
        if message is None:
            return
        try:
            headers = await asyncio.to_thread(read_headers, message.queue_id)
        except (MailsteadError, OSError) as problem:
            self.complain(describe(problem))
            return
        await self.app.push_screen(QueueMessageScreen(message, headers))

    @on(Input.Changed)
    def _filter_changed(self, event: Input.Changed) -> None:
        try:
            self._filter, self._wrong_filter = parse_filter(event.value), ""
        except WrongFilter as problem:
            self._wrong_filter = problem.message
            self._say()
            return
        self._show(typed=True)

    @on(FilterBar.Left)
    def _to_the_list(self) -> None:
        self.view.focus()

    @on(LineView.Moved, "#queue-list")
    def _show_details(self) -> None:
        message = self.view.row
        if message is not None:
            details = message_details(message)
        elif not self._snapshot.is_complete:
            details = Content(_("Looking …"))
        elif self._snapshot.messages:
            details = Content(_("No message matches the filter."))
        else:
            details = Content(_("The queue is empty: every message has reached everybody."))
        self.query_one("#queue-details", Static).update(details)

    async def _chosen(self) -> tuple[QueuedMessage, ...]:
        """The marked messages that are shown, or without marks the one under the cursor, as they are now."""
        if not self.view.marks:
            return self.view.marked_rows
        rows, marks = self.view.rows, frozenset(self.view.marks)
        return await asyncio.to_thread(lambda: tuple([one for one in rows if one.queue_id in marks]))

    def _take(self, snapshot: QueueSnapshot) -> Worker[None]:
        self._snapshot = snapshot
        return self._show()

    @work(exclusive=True, group="filter", exit_on_error=False)
    async def _show(self, *, typed: bool = False) -> None:
        """Put what matches into the list; the search in 100,000 messages waits for a pause in typing."""
        snapshot, view = self._snapshot, self.view
        if len(snapshot.messages) > _MANY:
            await asyncio.sleep(_TYPING_PAUSE if typed else 0)
            messages, gone = await asyncio.to_thread(_matching, snapshot, self._filter, frozenset(view.marks))
        else:
            messages, gone = _matching(snapshot, self._filter, view.marks)
        view.marks -= gone
        stays_on_top = view.cursor == 0 and not snapshot.is_complete
        view.show(messages)
        if stays_on_top:
            view.go_to(0)
        self._show_details()
        self._say()

    async def _carry_out(self, act: Act, messages: Sequence[QueuedMessage]) -> None:
        """Do it with the messages as they were when the person chose, and tell how many were changed."""
        if not messages:
            if self.view.marks:
                self.complain(_("The marked messages are not among those that the filter shows."))
            return
        loop = asyncio.get_running_loop()

        def told(done: int) -> None:
            loop.call_soon_threadsafe(self._say_doing, act.doing(done, len(messages)))

        self._say_doing(act.doing(0, len(messages)))
        try:
            changed = await self.act(act.command(messages), partial(act.do, messages, told))
        finally:
            self._doing = ""
        if changed is not None:
            self.confirm_done(act.done(len(changed), len(messages)))
            self.view.marks.difference_update(changed)
            # Seen at once; the next reading shows what Postfix says.
            self._take(await asyncio.to_thread(with_moved, self._snapshot, changed, act.queue_after))
        self.refresh_now()

    def _look_for(self, text: str) -> None:
        bar = self.query_one(FilterBar)
        bar.display = True
        bar.value = text
        self.view.focus()

    def _say_doing(self, words: str) -> None:
        self._doing = words
        self._say()

    def _say(self) -> None:
        if self._doing:
            self.tell(self._doing)
        elif self._wrong_filter:
            self.tell(self._wrong_filter, is_trouble=True)
        else:
            self.tell("  ".join(self._summary()))

    def _summary(self) -> Iterator[str]:
        counts, view = self._snapshot.counts, self.view
        if self._filter:
            yield _("{shown:,} of {count:,} messages").format(shown=len(view.rows), count=counts.total)
        else:
            yield ngettext("{count:,} message", "{count:,} messages", counts.total).format(count=counts.total)
        if view.marks:
            yield _("{count:,} marked").format(count=len(view.marks))
        if counts.hold:
            yield _("{count:,} on hold").format(count=counts.hold)
        if counts.oldest:
            yield moments.size(counts.size_bytes)
            age = short_age((moments.now() - counts.oldest).total_seconds())
            yield _("oldest {age}").format(age=age)
        if not self._snapshot.is_complete:
            yield _("reading …")


def _matching(
    snapshot: QueueSnapshot, chosen: QueueFilter, marks: Set[Hashable]
) -> tuple[tuple[QueuedMessage, ...], Set[Hashable]]:
    """The messages that match, and the marks whose messages have left the queue."""
    is_marked = bool(marks) and snapshot.is_complete
    gone = marks - {message.queue_id for message in snapshot.messages} if is_marked else frozenset()
    return chosen.choose(snapshot.messages, time.time()), gone


def _all_or_none(rows: Sequence[QueuedMessage], marks: Set[Hashable]) -> set[Hashable]:
    every: set[Hashable] = {message.queue_id for message in rows}
    return set() if every <= marks else every
