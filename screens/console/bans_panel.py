"""Who is shut out, why and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from backends.language import _, ngettext
from screens.console import ban_words as words
from screens.console.list_panel import ListPanel
from screens.console.row_filter import folded, rows_with
from screens.widgets.confirm import Confirm
from screens.widgets.filter_bar import FilterBar
from screens.widgets.help_screen import HelpScreen
from screens.widgets.line_view import LineView

if TYPE_CHECKING:
    from wizard.ban_list import BanEntry, BanList

_MANY = 5
"""More than these are asked about before they are let in."""


class BansPanel(ListPanel["BanEntry"]):
    """The bans of fail2ban, newest first, each with the log lines that led to it."""

    DEFAULT_CSS = """
    BansPanel #bans-titles { height: 1; padding: 0 0 0 2; color: $text-muted; }
    BansPanel #bans-details { height: 4; padding: 0 1; background: $boost; }
    """
    HELP: ClassVar[str | None] = _(
        "Who is shut out now, the newest first. fail2ban bans an address that keeps failing to log in, "
        "longer each time; the jail recidive closes every port to those who come back again and again, and "
        "holds the bans by hand.\n\n"
        "u lets the marked ones in again, without marks the one under the cursor; enter shows every log line "
        "that led to a ban."
    )
    EVERY: ClassVar[float | None] = 3.0
    CHANGES = frozenset({"unban", "ban"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", _("Mark"), id="bans-mark"),
        Binding("a", "mark_all", _("All"), tooltip=_("Mark all that are shown, or none"), id="bans-mark-all"),
        Binding("u", "unban", _("Unban"), id="bans-unban"),
        Binding("b", "ban", _("Ban"), id="bans-ban"),
        Binding("i", "show_ban", _("In full"), key_display="enter", show=False, id="bans-show"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._list: BanList | None = None
        self._entries: tuple[BanEntry, ...] | None = None

    def compose(self) -> ComposeResult:
        """The filter, the list, and what led to the ban under the cursor."""
        yield FilterBar(_("part of an address, a jail, a log line; !words that must not be there"))
        yield Static(id="bans-titles")
        yield LineView["BanEntry"](words.ban_line, key=lambda entry: entry.key, id="bans-list")
        yield Static(id="bans-details")

    @property
    def view(self) -> LineView[BanEntry]:
        """The list."""
        return self.query_one("#bans-list", LineView)

    async def observe(self) -> None:
        """Ask fail2ban, if its database has changed."""
        entries = await asyncio.to_thread(self._read)
        if entries is not self._entries or self.is_trouble:
            self._entries = entries
            self.show_rows()

    def refresh_now(self) -> None:
        """Ask fail2ban, whatever its database says."""
        if self._list is not None:
            self._list.forget()
        super().refresh_now()

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every banned address."""
        for entry in self._entries or ():
            yield str(entry.ban.address), partial(self._go_to, entry)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each key where there is something that it can be done to."""
        if action in {"mark", "mark_all", "unban", "show_ban"} and not self.view.rows:
            return False
        return super().check_action(action, parameters)

    def action_mark(self) -> None:
        """Mark the ban under the cursor, or take its mark away."""
        self.view.toggle_mark()

    def action_mark_all(self) -> None:
        """Mark all that are shown, or none."""
        self.view.mark_all()

    @work(group="act", exit_on_error=False)
    async def action_unban(self) -> None:
        """Let the marked ones in again."""
        addresses = sorted({entry.ban.address for entry in self.view.marked_rows}, key=str)
        if not addresses:
            return
        names = [str(address) for address in addresses]
        if len(names) > _MANY and not await self.app.push_screen_wait(_before_unbanning(names)):
            return
        from backends.fail2ban.bans import unban

        said = ngettext("{first} may come in again.", "{count} addresses may come in again.", len(names))
        is_done = await self.carry_out(
            ["ban", "remove", *names],
            lambda: [unban(address) for address in addresses],
            said.format(first=names[0], count=len(names)),
        )
        if is_done:
            self.view.marks.clear()

    @work(group="act", exit_on_error=False)
    async def action_ban(self) -> None:
        """Close every port to an address."""
        from screens.console.ban_form import BanForm

        typed = await self.app.push_screen_wait(BanForm())
        if typed is None:
            return
        from wizard.banning import ban_by_hand

        address = ip_address(typed)
        said = _("{address} is shut out of every port.").format(address=address)
        await self.carry_out(["ban", "add", str(address)], partial(ban_by_hand, address), said)

    @on(LineView.Chosen, "#bans-list")
    @work(group="show", exit_on_error=False)
    async def action_show_ban(self) -> None:
        """Every line that is remembered of the address under the cursor."""
        entry = self.view.row
        if entry is None:
            return
        from backends.fail2ban.evidence import earlier_bans

        earlier = await asyncio.to_thread(earlier_bans, str(entry.ban.address))
        await self.app.push_screen(HelpScreen(str(entry.ban.address), words.in_full(entry, earlier)))

    @on(LineView.Moved, "#bans-list")
    def _show_details(self) -> None:
        entry = self.view.row
        self.query_one("#bans-details", Static).update(words.details(entry) if entry else "")
        self.refresh_bindings()

    def on_resize(self) -> None:
        """The columns move."""
        self.query_one("#bans-titles", Static).update(words.titles(self.size.width - 4))

    def _read(self) -> tuple[BanEntry, ...]:
        if self._list is None:
            from wizard.ban_list import BanList

            self._list = BanList()
        return self._list.read()

    def show_rows(self) -> None:
        """Show what is known and fits the filter."""
        entries = self._entries or ()
        texts = folded(entry.text for entry in entries)
        rows = rows_with(entries, self.query_one(FilterBar).value, texts)
        self.view.marks &= {entry.key for entry in entries}
        self.view.show(rows)
        self._show_details()
        self.tell(words.count_of(entries, len(rows)))

    def _go_to(self, entry: BanEntry) -> None:
        self.go_to_first(lambda one: one.key == entry.key)


def _before_unbanning(addresses: list[str]) -> Confirm:
    count = len(addresses)
    question = ngettext("Let {count} address in again?", "Let {count} addresses in again?", count)
    return Confirm(question.format(count=count), ", ".join(addresses[:8]), yes=_("Unban"))
