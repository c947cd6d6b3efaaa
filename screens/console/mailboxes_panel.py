"""Who has mail here: domains, mailboxes and aliases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from backends.errors import MailsteadError
from backends.language import _
from screens.console import mailbox_words as words
from screens.console.list_panel import ListPanel
from screens.console.mailbox_forms import NewEntry, NewEntryForm, PasswordForm, QuotaForm
from screens.console.row_filter import folded, rows_with
from screens.widgets.confirm import Confirm
from screens.widgets.copy_screen import CopyScreen
from screens.widgets.filter_bar import FilterBar
from screens.widgets.help_screen import HelpScreen
from screens.widgets.line_view import LineView

if TYPE_CHECKING:
    from wizard.mailbox_list import Entry, MailboxList

_REST = 0.4
"""Seconds that the cursor rests on a mailbox before Dovecot is asked how full it is."""

_USE_KEPT = 60.0


class MailboxesPanel(ListPanel["Entry"]):
    """One list; what is done to it holds at once, without a reload."""

    DEFAULT_CSS = """
    MailboxesPanel #mailboxes-titles { height: 1; padding: 0 0 0 2; color: $text-muted; }
    MailboxesPanel #mailboxes-details { height: 3; padding: 0 1; background: $boost; }
    """
    HELP: ClassVar[str | None] = _(
        "Domains, and below each its mailboxes and aliases. What you do holds at once.\n\n"
        "s suspends a mailbox, or lets its owner in again: while it is suspended nobody can log in, and mail "
        "for it is still taken. Deleting a mailbox leaves its mail on the disk.\n\n"
        "The filter takes words that all have to be there, and !words that must not."
    )
    EVERY: ClassVar[float | None] = 3.0
    CHANGES = frozenset({"new", "suspend", "password", "quota", "delete"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", _("New"), id="mailboxes-new"),
        Binding("s", "suspend", _("Suspend"), id="mailboxes-suspend"),
        Binding("p", "password", _("Password"), id="mailboxes-password"),
        Binding("u", "quota", _("Quota"), id="mailboxes-quota"),
        Binding("d", "delete", _("Delete"), id="mailboxes-delete"),
        Binding("i", "show_entry", _("In full"), key_display="enter", show=False, id="mailboxes-show"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._list: MailboxList | None = None
        self._entries: tuple[Entry, ...] | None = None
        self._texts: list[str] = []
        self._uses: dict[str, tuple[float, words.SeenUse]] = {}

    def compose(self) -> ComposeResult:
        """The filter, the list, and what is under the cursor in three lines."""
        yield FilterBar(_("part of a name; suspended; !words that must not be there"))
        yield Static(id="mailboxes-titles")
        yield LineView["Entry"](words.entry_line, key=lambda entry: (entry.kind, entry.name), id="mailboxes")
        yield Static(id="mailboxes-details")

    @property
    def view(self) -> LineView[Entry]:
        """The list."""
        return self.query_one("#mailboxes", LineView)

    async def observe(self) -> None:
        """Read the database, if it has changed."""
        entries = await asyncio.to_thread(self._read)
        if entries is not self._entries:
            texts = await asyncio.to_thread(lambda: folded(entry.text for entry in entries))
            self._entries, self._texts = entries, texts
            self.show_rows()
        elif self.is_trouble:
            self.show_rows()

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every address and domain."""
        for entry in self._entries or ():
            yield entry.name, partial(self._go_to, entry)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each key where there is something that it can be done to."""
        row = self.view.row if self.is_mounted else None
        if action in {"suspend", "password", "quota"} and (row is None or row.kind != "mailbox"):
            return False
        if action in {"delete", "show_entry"} and row is None:
            return False
        return super().check_action(action, parameters)

    @work(group="act", exit_on_error=False)
    async def action_new(self) -> None:
        """Make a mailbox, an alias or a domain."""
        entries = self._entries or ()
        row = self.view.row
        domains = [entry.name for entry in entries if entry.kind == "domain"]
        near = row.name.rpartition("@")[2] if row else domains[0] if domains else ""
        form = NewEntryForm(domains, [entry.name for entry in entries], near)
        wanted = await self.app.push_screen_wait(form)
        match wanted:
            case None:
                return
            case NewEntry(kind="domain"):
                is_made = await self._make_domain(wanted.name)
            case NewEntry(kind="alias"):
                is_made = await self._make_alias(wanted)
            case _:
                is_made = await self._make_mailbox(wanted)
        if is_made:
            await self.observe()
            self._go_to_name(wanted.name)

    @work(group="act", exit_on_error=False)
    async def action_suspend(self) -> None:
        """Let nobody log in, or let its owner log in again."""
        entry = self.view.row
        if entry is None or entry.kind != "mailbox":
            return
        from backends.accounts.mailboxes import enable_account
        from wizard.mailbox_changes import suspend

        if entry.is_enabled:
            said = _("{name} is suspended: nobody can log in, mail for it is still taken.")
            await self.carry_out(
                ["account", "disable", entry.name], partial(suspend, entry.name), said.format(name=entry.name)
            )
        else:
            said = _("{name} can log in again.")
            await self.carry_out(
                ["account", "enable", entry.name],
                partial(enable_account, entry.name),
                said.format(name=entry.name),
            )

    @work(group="act", exit_on_error=False)
    async def action_password(self) -> None:
        """Set another password; one that was made is shown once."""
        entry = self.view.row
        if entry is None or entry.kind != "mailbox":
            return
        typed = await self.app.push_screen_wait(PasswordForm(entry.name))
        if typed is None:
            return
        from wizard.mailbox_changes import change_password
        from wizard.secrets import generate_password

        password = typed or generate_password()
        said = _("{name} has a new password, from the next login on.").format(name=entry.name)
        is_done = await self.carry_out(
            ["account", "passwd", entry.name], partial(change_password, entry.name, password), said
        )
        if is_done and not typed:
            self._show_password(entry.name, password)

    @work(group="act", exit_on_error=False)
    async def action_quota(self) -> None:
        """Set another limit."""
        entry = self.view.row
        if entry is None or entry.kind != "mailbox":
            return
        from backends.accounts.mailboxes import set_quota
        from wizard.value_types import format_size, parse_size

        typed = await self.app.push_screen_wait(QuotaForm(entry.name, format_size(entry.quota_bytes)))
        if typed is None:
            return
        limit = parse_size(typed)
        said = _("{name}: {quota}").format(name=entry.name, quota=words.quota(limit))
        await self.carry_out(
            ["account", "quota", entry.name, typed], partial(set_quota, entry.name, limit), said
        )

    @work(group="act", exit_on_error=False)
    async def action_delete(self) -> None:
        """Take away what is under the cursor, after asking."""
        entry = self.view.row
        if entry is None:
            return
        if entry.mailboxes or entry.aliases:
            self.complain(
                _("{name} still has mailboxes or aliases: delete these first.").format(name=entry.name)
            )
            return
        if not await self.app.push_screen_wait(await self._deletion_of(entry)):
            return
        command, change = _deletion(entry)
        await self.carry_out(command, change, _("{name} is gone.").format(name=entry.name))

    @on(LineView.Chosen, "#mailboxes")
    def action_show_entry(self) -> None:
        """Everything about what is under the cursor."""
        entry = self.view.row
        if entry is None:
            return
        text = words.details(entry, None).plain
        if entry.kind == "mailbox":
            from backends.accounts.mailboxes import mail_directory

            text = words.in_full(
                entry, self._use_of(entry), str(mail_directory(entry.name)), self._leading_to(entry.name)
            )
        self.app.push_screen(HelpScreen(entry.name, text))

    @on(LineView.Moved, "#mailboxes")
    def _moved(self) -> None:
        self._show_details()
        self.refresh_bindings()
        self._look_closer()

    def on_resize(self) -> None:
        """The columns move."""
        self.query_one("#mailboxes-titles", Static).update(words.titles(self.size.width - 4))

    @work(exclusive=True, group="use", exit_on_error=False, description="how full a mailbox is")
    async def _look_closer(self) -> None:
        """Once the cursor rests, ask how full the mailbox is and when it was last used."""
        await asyncio.sleep(_REST)
        entry = self.view.row
        if entry is None or entry.kind != "mailbox" or self._use_of(entry):
            return
        self._uses[entry.name] = (time.monotonic(), await asyncio.to_thread(_use_seen, entry.name))
        self._show_details()

    async def _make_domain(self, name: str) -> bool:
        from backends.accounts.domains import add_domain

        said = _("Mail for {name} is taken now; its records: mailstead dns records.").format(name=name)
        return await self.carry_out(["domain", "add", name], partial(add_domain, name), said)

    async def _make_alias(self, wanted: NewEntry) -> bool:
        from backends.accounts.aliases import add_alias

        def make() -> None:
            for destination in wanted.goes_to:
                add_alias(wanted.name, destination)

        command = ["alias", "add", wanted.name, *wanted.goes_to]
        return await self.carry_out(command, make, _("{name} is made.").format(name=wanted.name))

    async def _make_mailbox(self, wanted: NewEntry) -> bool:
        from wizard.mailbox_changes import make_mailbox
        from wizard.secrets import generate_password
        from wizard.value_types import parse_size

        password = wanted.password or generate_password()
        is_made = await self.carry_out(
            ["account", "add", wanted.name, "--quota", wanted.quota],
            partial(make_mailbox, wanted.name, password, parse_size(wanted.quota)),
            _("{name} is made; its owner can log in.").format(name=wanted.name),
        )
        if is_made and not wanted.password:
            self._show_password(wanted.name, password)
        return is_made

    def _show_password(self, address: str, password: str) -> None:
        words_to_keep = _("It is shown this once and kept nowhere but as a hash: hand it on now.")
        title = _("The password of {address}").format(address=address)
        self.app.push_screen(CopyScreen(title, password, words_to_keep))

    async def _deletion_of(self, entry: Entry) -> Confirm:
        from backends.accounts.mailboxes import mail_directory

        consequence = words.before_deletion(
            entry,
            str(mail_directory(entry.name)),
            self._leading_to(entry.name),
            comes_back=entry.name in await asyncio.to_thread(_made_by_answers),
        )
        kinds = {"domain": _("the domain"), "mailbox": _("the mailbox"), "alias": _("the alias")}
        question = _("Delete {kind} {name}?").format(kind=kinds[entry.kind], name=entry.name)
        return Confirm(question, consequence, yes=_("Delete"))

    def _leading_to(self, address: str) -> list[str]:
        return [entry.name for entry in self._entries or () if address in entry.goes_to]

    def _use_of(self, entry: Entry) -> words.SeenUse | None:
        at, seen = self._uses.get(entry.name, (0.0, None))
        return seen if seen and time.monotonic() - at < _USE_KEPT else None

    def _read(self) -> tuple[Entry, ...]:
        if self._list is None:
            from wizard.mailbox_list import MailboxList

            self._list = MailboxList()
        return self._list.read()

    def show_rows(self) -> None:
        """Show what is known and fits the filter."""
        entries = self._entries or ()
        rows = rows_with(entries, self.query_one(FilterBar).value, self._texts)
        self.view.show(rows)
        self._moved()
        self.tell(words.count_of(entries, len(rows)))

    def _show_details(self) -> None:
        entry = self.view.row
        shown = words.details(entry, self._use_of(entry)) if entry else ""
        self.query_one("#mailboxes-details", Static).update(shown)

    def _go_to(self, entry: Entry) -> None:
        self._go_to_name(entry.name)

    def _go_to_name(self, name: str) -> None:
        place = self._place_of(name)
        if place is None:
            self.query_one(FilterBar).value = ""
            self.show_rows()
            place = self._place_of(name)
        if place is not None:
            self.view.go_to(place)

    def _place_of(self, name: str) -> int | None:
        return next((n for n, entry in enumerate(self.view.rows) if entry.name == name), None)


def _use_seen(address: str) -> words.SeenUse:
    from backends.dovecot.last_login import last_login
    from backends.dovecot.mailbox_use import mailbox_use

    try:
        return words.SeenUse(mailbox_use(address), last_login(address))
    except MailsteadError as problem:
        return words.SeenUse(None, last_login(address), problem.message)


def _made_by_answers() -> frozenset[str]:
    from wizard.mailbox_changes import made_by_answers

    try:
        return made_by_answers()
    except MailsteadError:  # there are no answers that could bring anything back
        return frozenset()


def _deletion(entry: Entry) -> tuple[list[str], Callable[[], object]]:
    """The words of the command line that does the same, and the change."""
    from backends.accounts.aliases import remove_alias
    from backends.accounts.domains import remove_domain
    from wizard.mailbox_changes import delete_mailbox

    if entry.kind == "domain":
        return ["domain", "remove", entry.name], partial(remove_domain, entry.name)
    if entry.kind == "alias":
        return ["alias", "remove", entry.name], partial(remove_alias, entry.name)
    return ["account", "remove", entry.name], partial(delete_mailbox, entry.name)
