"""The page Proof: what works, and what is left for the person."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from backends.checks import Status
from backends.errors import MailsteadError
from backends.language import _, ngettext
from backends.text import clean
from screens.console.moments import now
from screens.console.panel import describe
from screens.setup.apply_page import ApplyPage
from screens.setup.looking import apart
from screens.setup.page import Page
from screens.setup.proof_records import DnsSight, record_rows
from screens.setup.proof_rows import Kind, Row, draw
from screens.widgets.line_view import LineView
from wizard.progress import Phase, Progress, Seen

if TYPE_CHECKING:
    from backends.machine.port_25 import Port25
    from wizard.dns_list import DnsList
    from wizard.handover import Handover

_KINDS: dict[Status, Kind] = {
    Status.OK: "ok",
    Status.FAIL: "bad",
    Status.WARN: "doubtful",
    Status.SKIP: "text",
}


_FRESH = timedelta(minutes=5)
"""Whoever comes back to the page within this time sees what was seen of the DNS; r asks anew."""


class ProofPage(Page):
    """Each part of the proof as it comes; then everything that only a person can do."""

    HELP: ClassVar[str | None] = _(
        "Mailstead has sent real messages through this server and read them back, and has tried what must be "
        "refused. What came of it stands at the top.\n\n"
        "Below it is what is left for you: records that others find the server by, which are published where "
        "the domain's DNS is kept; the name of its address, which whoever gives you the address sets; and "
        "what mail programs need to know. c copies the line under the cursor, z all records as a zone "
        "file.\n\n"
        "How each record stands is asked of the name servers in the background; r asks again, once you have "
        "published them. + is right, ! wrong or missing, ? not yet everywhere or not known.\n\n"
        "All of this can be seen again in the console, and by mailstead prove and mailstead dns records."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "console", _("To the console"), id="proof-console"),
        Binding("c", "copy", _("Copy"), id="proof-copy"),
        Binding("z", "zone", _("Zone file"), id="proof-zone"),
        Binding("r", "look_again", _("Look again"), id="proof-again"),
        Binding("p", "password", _("Password"), id="proof-password"),
    ]

    def __init__(self, id: str) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._progress: Progress | None = None
        self._handover: Handover | None = None
        self._sight = DnsSight()
        self._follows = False
        self._trouble = ""
        self._heading = Static(classes="page-heading")
        self._lines = LineView[Row](draw, key=lambda row: row.number, id="proof-lines")
        self._more = Static(id="proof-more")

    def compose(self) -> ComposeResult:
        """How it came out, the lines, and all of the line under the cursor."""
        yield self._heading
        yield self._lines
        yield self._more

    def shown(self) -> None:
        """Follow the run of this session; without one, the last there was."""
        found = self.setup.query(ApplyPage)
        if found and found.first().progress is not None:
            if not self._follows:
                self._follows = True
                self.watch(found.first(), "progress", self._heard)
            self._heard(found.first().progress)
        else:
            self._look_back()

    @property
    def state(self) -> str:
        """How the proof came out."""
        if self._progress is None or self._progress.is_ok is None:
            return "untouched"
        return "ready" if self._progress.is_ok else "needs-you"

    def enter(self) -> None:
        """The list."""
        self._lines.focus()

    def action_console(self) -> None:
        """On to the console: the wizard stays as it is behind it."""
        self.app.switch_mode("console")

    def action_copy(self) -> None:
        """Copy what the line under the cursor is about."""
        row = self._lines.row
        if row is None or not row.copy:
            self.app.notify(_("There is nothing to copy in this line."), severity="warning", markup=False)
            return
        self.app.copy_to_clipboard(row.copy)
        self.app.notify(
            _("Copied, where the terminal lets programs copy: {text}").format(text=clean(row.copy, 60)),
            timeout=4,
            markup=False,
        )

    def action_zone(self) -> None:
        """All records as lines of a zone file, to copy."""
        from backends.dns.records import zone_text
        from screens.widgets.copy_screen import CopyScreen

        if self._handover is None:
            return
        words = _("The same comes from: mailstead dns records --zone")
        self.app.push_screen(CopyScreen(_("All records"), zone_text(self._handover.records), words))

    def action_look_again(self) -> None:
        """Ask the name servers how the records stand now, unless that is under way."""
        if self._handover is not None and not self._sight.is_asking:
            self._ask_the_dns()

    @work(exit_on_error=False, description="show the password")
    async def action_password(self) -> None:
        """The admin's password, read now and written nowhere."""
        from screens.widgets.copy_screen import CopyScreen

        left = self._handover
        own = next((p for p in left.passwords if p.address == left.admin), None) if left else None
        if own is None:
            return
        try:
            password = await apart(lambda: _first_line(own.path))
        except OSError as problem:
            self.app.notify(describe(problem), severity="error", markup=False)
            return
        words = _("It stands in {path}, readable for root only, and nowhere else.").format(path=own.path)
        title = _("The password of {address}").format(address=own.address)
        self.app.push_screen(CopyScreen(title, password, words))

    @on(LineView.Chosen, "#proof-lines")
    def _chosen(self) -> None:
        self.action_console()

    @on(LineView.Moved, "#proof-lines")
    def _moved(self, event: LineView.Moved) -> None:
        row = event.row
        self._more.update(Content((row.more or row.text.strip()) if isinstance(row, Row) else ""))

    def _heard(self, progress: Progress | None) -> None:
        """A word of the run came."""
        was = self._progress
        self._progress = progress
        is_over = progress is not None and progress.phase is Phase.ENDED
        if is_over and (was is None or was.phase is not Phase.ENDED or self._handover is None):
            self._look_what_is_left()
        self._draw()

    @work(exclusive=True, group="look back", exit_on_error=False, description="look for the last proof")
    async def _look_back(self) -> None:
        self._progress = await apart(_last_run)
        self._look_what_is_left()
        self._draw()

    @work(exclusive=True, group="left", exit_on_error=False, description="see what is left to do")
    async def _look_what_is_left(self) -> None:
        from wizard.handover import look_what_is_left

        try:
            self._handover, self._trouble = await apart(look_what_is_left), ""
        except (MailsteadError, OSError) as problem:
            self._handover, self._trouble = None, describe(problem)
        self._draw()
        seen_at = self._sight.looked_at
        if self._handover and not self._sight.is_asking and (not seen_at or now() - seen_at > _FRESH):
            self._ask_the_dns()

    @work(group="dns", exit_on_error=False, description="ask the name servers")
    async def _ask_the_dns(self) -> None:
        """Takes seconds, in which what was seen before stays."""
        self._sight = replace(self._sight, is_asking=True, looked_at=None, trouble="")
        self._draw()
        try:
            found = await apart(_look_at_records)
        except (MailsteadError, OSError) as problem:
            self._sight = DnsSight(trouble=describe(problem))
        else:
            self._sight = DnsSight(found.entries, now())
        finally:
            self._sight = replace(self._sight, is_asking=False)
            self._draw()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self.setup.show_page_states()
        self._heading.update(Content("\n").join(self._heading_lines()))
        rows = self._rows()
        numbered = [Row(row.kind, row.text, row.more, row.copy, n) for n, row in enumerate(rows)]
        self._lines.show(numbered)
        row = self._lines.row
        self._more.update(Content((row.more or row.text.strip()) if row else ""))

    def _heading_lines(self) -> Iterator[Content]:
        progress = self._progress
        if progress is None:
            yield Content(_("Nothing was proved yet")).stylize("bold")
            yield Content(_("The proof comes at the end of a run; Review begins one.")).stylize("$text-muted")
            return
        good = sum(1 for proof in progress.proofs if proof.status is Status.OK)
        count = len(progress.proofs)
        if progress.phase is not Phase.ENDED:
            yield Content(_("Proving: real mail goes through the server")).stylize("bold")
            yield Content(_("This takes a few seconds.")).stylize("$text-muted")
        elif progress.is_ok:
            title = _("It works: {good} of {count} proofs").format(good=good, count=count)
            yield Content(title).stylize("bold $text-success")
            yield Content(_("What only you can do stands below. Enter: the console.")).stylize("$text-muted")
        else:
            yield Content(_("Not everything works")).stylize("bold $text-error")
            words = _("What failed is marked !; Apply (ctrl+p) says more, and r there tries again.")
            yield Content(words).stylize("$text-muted")

    def _rows(self) -> Iterator[Row]:
        if self._progress is not None:
            yield from _proof_rows(self._progress)
        if self._handover is not None:
            surroundings = self.setup.surroundings
            yield from record_rows(self._handover, self._sight)
            yield from _rows_left(self._handover, surroundings.port_25 if surroundings else None)
        elif self._trouble:
            yield from (Row("text", line, copy=self._trouble) for line in self._trouble.splitlines())


def _proof_rows(progress: Progress) -> Iterator[Row]:
    yield from (_seen_row(seen) for seen in progress.proofs)
    notable = [seen for seen in progress.checks if seen.status in {Status.FAIL, Status.WARN}]
    fine = len(progress.checks) - len(notable)
    if progress.checks:
        words = ngettext("{count} check is fine", "{count} checks are fine", fine).format(count=fine)
        yield Row("ok", words)
    yield from (_seen_row(seen) for seen in notable)


def _seen_row(seen: Seen) -> Row:
    title, found = clean(seen.title), clean(seen.seen)
    is_fine = seen.status is Status.OK
    return Row(_KINDS[seen.status], title if is_fine else f"{title}: {found}", f"{title}: {found}")


def _rows_left(left: "Handover", port_25: "Port25 | None") -> Iterator[Row]:
    yield Row("title", "")
    yield _port_25_row(left, port_25)
    yield Row("title", "")
    yield Row("title", _("Passwords (p shows the admin's)"))
    for password in left.passwords:
        line = f"{password.address}  {password.path}"
        more = _("To read it: sudo cat {path}").format(path=password.path)
        yield Row("do", clean(line), clean(more), copy=f"cat {password.path}")
    yield Row("title", "")
    yield Row("title", _("Mail programs: the user name is the whole address"))
    for access in left.accesses:
        line = _("{protocol}: server {hostname}, port {port}, {security}").format(
            protocol=access.protocol, hostname=left.hostname, port=access.port, security=access.security
        )
        yield Row("do", clean(line), copy=left.hostname)
    if left.own_ca:
        more = _(
            "Its certificate comes from this server's own authority: install {path} on each device, or "
            "choose Let's Encrypt on the page Certificates."
        ).format(path=left.own_ca)
        yield Row("do", _("Devices have to trust {path}").format(path=left.own_ca), more, copy=left.own_ca)


def _port_25_row(left: "Handover", port_25: "Port25 | None") -> Row:
    if left.relay:
        return Row("ok", _("Mail leaves through {host}").format(host=clean(left.relay)))
    if port_25 is None or port_25.is_open is None:
        words = _("Port 25 on the way out: not known; send a message to an address elsewhere to see")
        return Row("do", words, clean(port_25.why) if port_25 else "")
    if port_25.is_open:
        return Row("ok", _("Port 25 on the way out is open: mail to others leaves"))
    more = _("{why}. Ask whoever runs the network to open it, or give a smarthost on the page Protocols.")
    return Row(
        "bad",
        _("Port 25 on the way out is blocked: mail to others waits"),
        more.format(why=clean(port_25.why)),
    )


def _first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0]


def _look_at_records() -> "DnsList":
    """What is imported for it takes longer than the first paint may."""
    from wizard.dns_list import look_at_records

    return look_at_records(os.environ)


def _last_run() -> Progress | None:
    """The last run that proved something, as its journal tells it."""
    from wizard.history import load_runs
    from wizard.journal import read_events
    from wizard.progress import progress_of

    for run in reversed(load_runs()):
        if run.command == "replay" and (progress := progress_of(read_events(run.directory))).proofs:
            return progress
    return None
