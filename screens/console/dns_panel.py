"""The DNS records that the world should see, and what it sees."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from backends.errors import MailsteadError
from backends.language import _
from screens.console import dns_words as words
from screens.console.dns_words import DnsRow
from screens.console.list_panel import ListPanel
from screens.console.moments import now
from screens.console.panel import describe
from screens.console.row_filter import folded, rows_with
from screens.widgets.confirm import Confirm
from screens.widgets.copy_screen import CopyScreen
from screens.widgets.filter_bar import FilterBar
from screens.widgets.help_screen import HelpScreen
from screens.widgets.line_view import LineView

if TYPE_CHECKING:
    from backends.dns.publish import Left
    from wizard.dkim_next_step import Step
    from wizard.dns_list import DnsEntry, DnsList
    from wizard.dns_publishing import Publication

T = TypeVar("T")

_FRESH = timedelta(minutes=5)
"""Whoever comes back within this time sees what was seen; r asks anew."""


class DnsPanel(ListPanel["DnsRow"]):
    """Every record, domain by domain; the name servers are asked in the background."""

    DEFAULT_CSS = """
    DnsPanel #dns-titles { height: 1; padding: 0 0 0 2; color: $text-muted; }
    DnsPanel #dns-details { height: 4; padding: 0 1; background: $boost; }
    """
    HELP: ClassVar[str | None] = _(
        "Every record that this server's mail needs, domain by domain, and what hangs on them: SPF as "
        "receivers take it, the name of each address, block lists. Each is asked of every name server of its "
        "domain and of this machine's resolver when the panel is opened, and on r.\n\n"
        "Enter shows a record whole: what it is for, what is seen and what is wanted. y copies it, z shows "
        "the zone file of the domain under the cursor. Where the answers say that records are published by "
        "DNS UPDATE or at a provider, p shows the difference and publishes it; mailstead dns publish "
        "--take-back takes it back.\n\n"
        "d says how the keys that sign mail stand, and takes the next step of a change of keys."
    )
    EVERY: ClassVar[float | None] = None
    CHANGES = frozenset({"publish", "keys"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", _("Copy"), id="dns-copy"),
        Binding("z", "zone", _("Zone file"), id="dns-zone"),
        Binding("p", "publish", _("Publish"), id="dns-publish"),
        Binding("d", "keys", _("DKIM"), tooltip=_("The keys that sign mail"), id="dns-keys"),
        Binding("r", "look_again", _("Look again"), id="dns-again"),
        Binding("i", "show_record", _("In full"), key_display="enter", show=False, id="dns-show"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._seen: DnsList | None = None
        self._looked_at: datetime | None = None
        self._asking: asyncio.Future[DnsList] | None = None
        self._doing = ""

    def compose(self) -> ComposeResult:
        """The filter, the list, and the record under the cursor in a few lines."""
        yield FilterBar(_("part of a name, a type, a state, a value; !words that must not be there"))
        yield Static(id="dns-titles")
        yield LineView["DnsRow"](words.dns_line, key=lambda row: row.key, id="dns-list")
        yield Static(_("Looking …"), id="dns-details", markup=False)

    @property
    def view(self) -> LineView[DnsRow]:
        """The list."""
        return self.query_one("#dns-list", LineView)

    async def observe(self) -> None:
        """The records at once, and then what is seen of them, unless that was looked at just now."""
        if self._looked_at and now() - self._looked_at < _FRESH:
            self.show_rows()
            return
        if self._seen is None:
            self._seen = await asyncio.to_thread(_records)
        self._looked_at = None
        # Whoever looked away and comes back joins the asking that is under way.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(asyncio.to_thread(_look))
        self.show_rows()
        self._seen = await asyncio.shield(self._asking)
        self._looked_at = now()
        self.show_rows()

    def refresh_now(self) -> None:
        """Ask the name servers, however lately that was done."""
        self._looked_at = None
        super().refresh_now()

    def tell(self, text: str, *, is_trouble: bool = False) -> None:
        """As for every panel; where nothing could be seen yet, the list does not go on looking."""
        super().tell(text, is_trouble=is_trouble)
        if is_trouble and self._seen is None:
            self.query_one("#dns-details", Static).update("")

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every domain and every name."""
        entries = self._seen.entries if self._seen else ()
        for name in dict.fromkeys(name for entry in entries for name in (entry.domain, entry.name)):
            yield name, partial(self._go_to, name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each key where there is something for it."""
        row, seen = self.view.row, self._seen
        if action == "copy" and not (row and row.entry and row.entry.record):
            return False
        if action == "show_record" and not (row and row.entry):
            return False
        if action == "zone" and row is None:
            return False
        if action == "publish" and not (seen and seen.is_automatic and not self._doing):
            return False
        if action == "keys" and (seen is None or self._doing):
            return False
        return super().check_action(action, parameters)

    def action_look_again(self) -> None:
        """Ask the name servers now."""
        self.refresh_now()

    def action_copy(self) -> None:
        """Show the record under the cursor as a line to copy."""
        row = self.view.row
        if row and row.entry and row.entry.record:
            self.app.push_screen(CopyScreen(words.title_of(row.entry), _line_of(row.entry)))

    def action_zone(self) -> None:
        """Show the records of the domain under the cursor as lines of a zone file."""
        row = self.view.row
        if row is None or self._seen is None:
            return
        from backends.dns.record import zone_text

        records = [one.record for one in self._seen.entries if one.record and one.domain == row.domain]
        title = _("Zone file of {domain}").format(domain=row.domain)
        how = _("Lines to add to the zone where the domain's DNS is kept; names are whole.")
        self.app.push_screen(CopyScreen(title, zone_text(records), how))

    @on(LineView.Chosen, "#dns-list")
    def action_show_record(self) -> None:
        """Everything about the record under the cursor."""
        row = self.view.row
        if row and row.entry:
            from screens.console.dns_screens import RecordScreen

            copied = _line_of(row.entry) if row.entry.record else ""
            self.app.push_screen(RecordScreen(words.title_of(row.entry), words.in_full(row.entry), copied))

    @work(group="act", exit_on_error=False)
    async def action_publish(self) -> None:
        """Show what publishing would change, and make it when the answer is yes."""
        try:
            publication, replaces = await self._prepared()
        except (MailsteadError, OSError) as problem:
            self.complain(describe(problem))
            return
        finally:
            self.show_rows()
        if not publication.zones:
            text = _("Nothing to publish: all of it is there.")
            self.confirm_done("\n".join(filter(None, (text, words.left_alone(publication.left)))))
            return
        from screens.console.dns_screens import DifferenceScreen

        question = _("Publish this through {server}?").format(server=publication.publisher.name)
        diff = words.difference(publication.zones, publication.left)
        if not await self.app.push_screen_wait(DifferenceScreen(question, diff, _("Publish"))):
            return
        command = ["dns", "publish", "--yes", *(["--replace-mx"] if replaces else [])]
        if made := await self._carry_on(_("Publishing …"), command, partial(_publish, publication)):
            text = _("The records are published.")
            self.confirm_done("\n".join(filter(None, (text, words.left_alone(made[0])))))
        self.refresh_now()

    @work(group="act", exit_on_error=False)
    async def action_keys(self) -> None:
        """Say how the keys that sign mail stand, and take the next step where the answer is yes."""
        seen = self._seen
        if seen is None:
            return
        from screens.console import dkim_words
        from wizard.dkim_next_step import WAITS, command_of, next_step

        standing, step = dkim_words.standing(seen.rotation), next_step(seen.rotation, now())
        text = f"{standing}\n\n{dkim_words.consequence(step, is_automatic=seen.is_automatic)}"
        if step in WAITS:
            await self.app.push_screen(HelpScreen(dkim_words.question(step), text))
            return
        question = Confirm(dkim_words.question(step), text, yes=dkim_words.verb(step))
        if not await self.app.push_screen_wait(question) or self._doing:
            return
        said = await self._carry_on(
            _("Carrying the change of keys on …"), command_of(step), partial(_take_step, step)
        )
        if said:
            self.confirm_done("\n".join(said[0]) or _("Looked at; nothing is due yet."))
        self._seen = None  # the records are others now
        self.refresh_now()

    @on(LineView.Moved, "#dns-list")
    def _show_details(self) -> None:
        row = self.view.row
        self.query_one("#dns-details", Static).update(words.details(row) if row else "")
        self.refresh_bindings()

    def on_resize(self) -> None:
        """The columns move."""
        self.query_one("#dns-titles", Static).update(words.titles(self.size.width - 4))

    async def _prepared(self) -> tuple[Publication, bool]:
        """What would be published, and whether other servers' MX are replaced by it, which is asked first."""
        self.tell(_("Asking what is published …"))
        publication = await asyncio.to_thread(_prepare, may_replace_mail=False)
        if not publication.has_foreign_mail:
            return publication, False
        question = Confirm(
            _("Lead this mail to this server instead?"),
            words.foreign_mail(publication.left),
            yes=_("Replace"),
            no=_("Leave it"),
        )
        if not await self.app.push_screen_wait(question):
            return publication, False
        return await asyncio.to_thread(_prepare, may_replace_mail=True), True

    async def _carry_on(self, doing: str, command: Sequence[str], change: Callable[[], T]) -> tuple[T] | None:
        """`act()`, with a word in the last line for as long as it takes, also where people look away."""
        self._doing = doing
        self.tell(doing)
        self.refresh_bindings()

        def changed() -> tuple[T]:
            try:
                return (change(),)
            finally:
                self._doing = ""
                # What was asked before knows nothing of it.
                self._asking = self._looked_at = None

        return await self.act(command, changed)

    def show_rows(self) -> None:
        """Show what is known and fits the filter."""
        if self._seen is None:
            return
        entries = self._seen.entries
        shown = rows_with(entries, self.query_one(FilterBar).value, folded(map(words.text_of, entries)))
        self.view.show(words.rows_of(entries, shown))
        self._show_details()
        is_asking = self._asking is not None and not self._asking.done()
        count = words.count_of(entries, len(shown), self._looked_at, is_asking=is_asking)
        self.tell(self._doing or count)

    def _go_to(self, name: str) -> None:
        self.go_to_first(lambda row: name in _names(row))


def _names(row: DnsRow) -> tuple[str, ...]:
    """What `:` finds a row by."""
    return (row.entry.name,) if row.entry else (row.domain,)


def _line_of(entry: DnsEntry) -> str:
    """Name, type and value, a line each, as forms ask for them."""
    record = entry.record
    return f"{record.name}\n{record.type}\n{record.bare}" if record else ""


def _records() -> DnsList:
    """What is imported for it takes longer than the first paint may; so below."""
    from wizard.dns_list import records_now

    return records_now(os.environ)


def _look() -> DnsList:
    from wizard.dns_list import look_at_records

    return look_at_records(os.environ)


def _prepare(*, may_replace_mail: bool) -> Publication:
    from wizard.dns_list import prepare

    return prepare(os.environ, may_replace_mail=may_replace_mail)


def _publish(publication: Publication) -> tuple[Left, ...]:
    from wizard.dns_publishing import publish

    return publish(publication)


def _take_step(step: Step) -> tuple[str, ...]:
    from wizard.dkim_next_step import take_step

    return take_step(step, os.environ)
