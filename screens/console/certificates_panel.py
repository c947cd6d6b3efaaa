"""Which certificates there are, what each port serves, and how long they last."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from backends.language import _
from screens.console import certificate_words as words
from screens.console.certificate_words import CertificateRow
from screens.console.list_panel import ListPanel
from screens.console.row_filter import folded, rows_with
from screens.widgets.confirm import Confirm
from screens.widgets.copy_screen import CopyScreen
from screens.widgets.filter_bar import FilterBar
from screens.widgets.help_screen import HelpScreen
from screens.widgets.line_view import LineView

if TYPE_CHECKING:
    from wizard.certificate_list import CertificateList

_RENEWING = _("Getting new certificates, and looking whether every port shows them …")


class CertificatesPanel(ListPanel["CertificateRow"]):
    """The files first, then every port with what it showed in a handshake."""

    DEFAULT_CSS = """
    CertificatesPanel #certificates-titles { height: 1; padding: 0 0 0 2; color: $text-muted; }
    CertificatesPanel #certificates-details { height: 4; padding: 0 1; background: $boost; }
    """
    HELP: ClassVar[str | None] = _(
        "The certificates on disk, then each port as a client sees it: which one it serves, and whether that "
        "is one of those on disk. SOON is less than two weeks; ones that end are renewed by themselves, so "
        "that SOON means that something stands in the way.\n\n"
        "n gets new ones now, after asking. a shows the fingerprint of the server's own authority, and how "
        "clients come to trust it. r looks again."
    )
    EVERY: ClassVar[float | None] = None
    CHANGES = frozenset({"renew"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "renew", _("Renew"), id="certificates-renew"),
        Binding("a", "authority", _("Authority"), id="certificates-authority"),
        Binding("r", "look_again", _("Look again"), id="certificates-again"),
        Binding("i", "show_certificate", _("In full"), key_display="enter", id="certificates-show"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._seen: CertificateList | None = None
        self._is_renewing = False

    def compose(self) -> ComposeResult:
        """The filter, the list, and the row under the cursor in a few lines."""
        yield FilterBar(_("part of a port, a name, a state; !words that must not be there"))
        yield Static(id="certificates-titles")
        yield LineView["CertificateRow"](
            words.certificate_line, key=lambda row: row.key, id="certificates-list"
        )
        yield Static(_("Looking …"), id="certificates-details", markup=False)

    @property
    def view(self) -> LineView[CertificateRow]:
        """The list."""
        return self.query_one("#certificates-list", LineView)

    async def observe(self) -> None:
        """Read the files, and shake hands with every port."""
        self._seen = await asyncio.to_thread(_look)
        self.show_rows()

    def tell(self, text: str, *, is_trouble: bool = False) -> None:
        """As for every panel; where nothing could be seen yet, the list does not go on looking."""
        super().tell(text, is_trouble=is_trouble)
        if is_trouble and self._seen is None:
            self.query_one("#certificates-details", Static).update("")

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every port and file."""
        for row in words.rows_of(self._seen) if self._seen else ():
            yield words.heading(row), partial(self._go_to, row)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each key where there is something for it."""
        if action == "authority" and not (self._seen and self._seen.authority):
            return False
        if action == "renew" and (self._seen is None or self._is_renewing):
            return False
        if action == "show_certificate" and not self.view.rows:
            return False
        return super().check_action(action, parameters)

    def action_look_again(self) -> None:
        """Look now."""
        self.refresh_now()

    @work(group="act", exit_on_error=False)
    async def action_renew(self) -> None:
        """Get new certificates, after asking."""
        seen = self._seen
        if seen is None:
            return
        question = Confirm(_("Get new certificates now?"), words.before_renewing(seen), yes=_("Renew"))
        if not await self.app.push_screen_wait(question) or self._is_renewing:
            return
        self._is_renewing = True
        self.refresh_bindings()
        self.tell(_RENEWING)
        done = await self.act(["cert", "renew"], lambda: (self._renew(),))
        if done == (True,):
            self.confirm_done(_("New certificates are in force."))
        elif done:
            self.complain(
                _("Somebody else renews this certificate, and its files have not changed: {path}").format(
                    path=seen.asked
                )
            )
        self.refresh_now()

    def action_authority(self) -> None:
        """Show the fingerprint of the server's own authority, to be copied."""
        if self._seen is not None:
            title = _("The authority that clients are to trust")
            text, how = words.authority_text(self._seen), words.authority_words(self._seen)
            self.app.push_screen(CopyScreen(title, text, how))

    @on(LineView.Chosen, "#certificates-list")
    def action_show_certificate(self) -> None:
        """Everything about the row under the cursor."""
        row = self.view.row
        if row is not None:
            self.app.push_screen(HelpScreen(words.heading(row), words.in_full(row)))

    @on(LineView.Moved, "#certificates-list")
    def _show_details(self) -> None:
        row = self.view.row
        self.query_one("#certificates-details", Static).update(words.details(row) if row else "")
        self.refresh_bindings()

    def on_resize(self) -> None:
        """The columns move."""
        self.query_one("#certificates-titles", Static).update(words.titles(self.size.width - 4))

    def _renew(self) -> bool:
        """In a thread, which goes on where people look away: so it is what says that it is over."""
        from wizard.certificate_list import renew

        try:
            return renew(os.environ)
        finally:
            self._is_renewing = False

    def show_rows(self) -> None:
        """Show what is known and fits the filter."""
        if self._seen is None:
            return
        rows = words.rows_of(self._seen)
        shown = rows_with(rows, self.query_one(FilterBar).value, folded(map(words.text_of, rows)))
        self.view.show(shown)
        self._show_details()
        self.tell(_RENEWING if self._is_renewing else words.count_of(self._seen, len(shown)))

    def _go_to(self, row: CertificateRow) -> None:
        self.go_to_first(lambda one: one.key == row.key)


def _look() -> CertificateList:
    """What is imported for it takes longer than the first paint may."""
    from wizard.certificate_list import look_at_certificates

    return look_at_certificates()
