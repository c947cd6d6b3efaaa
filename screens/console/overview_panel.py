"""Is my server working? One page that says so, and mends what one act mends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from backends.language import _
from screens.console import overview_words as words
from screens.console.moments import now
from screens.console.panel import Panel, on_one_line
from screens.console.row_filter import folded, rows_with
from screens.memory import give_back
from screens.widgets.confirm import Confirm
from screens.widgets.filter_bar import FilterBar
from screens.widgets.help_screen import HelpScreen
from screens.widgets.line_view import LineView

if TYPE_CHECKING:
    from backends.checks import Mend
    from wizard.overview import Checked, Facts, Watch
    from wizard.proof import ProofResult

_CHECK_EVERY = 60.0
_AGAIN_AFTER = 10.0
"""Seconds until checks that could not be asked are tried again."""


class OverviewPanel(Panel):
    """Facts above, that cost next to nothing; the checks below, worst first, asked once a minute."""

    DEFAULT_CSS = """
    OverviewPanel { padding: 0 1; }
    OverviewPanel Static { height: auto; }
    OverviewPanel #overview-facts { min-height: 7; margin-bottom: 1; }
    OverviewPanel #overview-details { max-height: 7; margin-top: 1; }
    OverviewPanel LineView { min-height: 3; }
    """
    HELP: ClassVar[str | None] = _(
        "Above: how the server is now. Below: every check, those that fail first. What went bad since the "
        "last look is named in the first line, with the time.\n\n"
        "Where one act mends a check, m does it after asking; otherwise the line 'mend' says what to do. p "
        "sends real mail through the server and reads it back."
    )
    EVERY: ClassVar[float | None] = 5.0
    CHANGES = frozenset({"mend", "prove"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mend", _("Mend"), id="overview-mend"),
        Binding("p", "prove", _("Prove now"), id="overview-prove"),
        Binding("i", "show_check", _("In full"), key_display="enter", id="overview-show"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._watch: Watch | None = None
        self._making = Lock()
        self._facts: Facts | None = None
        self._checked: tuple[Checked, ...] = ()
        self._asking: asyncio.Future[tuple[Checked, ...]] | None = None
        self._asked_at = 0.0

    def compose(self) -> ComposeResult:
        """The verdict, the facts, the checks, and the one under the cursor in full."""
        yield Static(words.LOOKING, id="overview-verdict", markup=False)
        yield Static(id="overview-facts")
        yield Static(id="overview-count")
        yield FilterBar(_("part of a check's name"))
        yield LineView["Checked"](
            words.check_line, key=lambda checked: checked.result.id, id="overview-checks"
        )
        yield Static(id="overview-details")

    @property
    def view(self) -> LineView[Checked]:
        """The list of checks."""
        return self.query_one("#overview-checks", LineView)

    async def observe(self) -> None:
        """The facts; the checks have a slower clock of their own."""
        self._facts = await asyncio.to_thread(lambda: self._the_watch().facts())
        self.query_one("#overview-facts", Static).update(words.facts(self._facts, self.size.width))
        self._show_verdict()

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every check by its id."""
        for checked in self._checked:
            yield checked.result.id, partial(self._go_to, checked.result.id)

    def look(self) -> None:
        """Begin to look, and to ask the checks."""
        super().look()
        self._keep_asking()

    def refresh_now(self) -> None:
        """Look, and ask every check, now."""
        super().refresh_now()
        self._asked_at = 0.0
        self._keep_asking()

    def tell(self, text: str, *, is_trouble: bool = False) -> None:
        """As for every panel; where nothing could be seen yet, the first line does not go on looking."""
        super().tell(text, is_trouble=is_trouble)
        if is_trouble and self._facts is None and not self._checked:
            self.query_one("#overview-verdict", Static).update(words.NOT_SEEN)

    def open_filter(self) -> None:
        """Show where to type."""
        self.query_one(FilterBar).open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Mending is offered where one act mends."""
        if action == "mend" and super().check_action(action, parameters) is True:
            return self.view.row is not None and self.view.row.result.finding.action is not None
        return super().check_action(action, parameters)

    @work(group="act", exit_on_error=False)
    async def action_mend(self) -> None:
        """Do what the check under the cursor names, then ask it again."""
        row = self.view.row
        action = row.result.finding.action if row else None
        if row is None or action is None:
            return
        question = Confirm(
            f"{action.label[:1].upper()}{action.label[1:]}?",
            _("It is to mend: {title}\nWhat is run: {command}").format(
                title=row.result.title, command=" ".join(action.command)
            ),
            yes=_("Mend"),
        )
        if not await self.app.push_screen_wait(question):
            return
        from wizard.mending import mend

        self.tell(_("Mending: {action} …").format(action=action.label))
        if await self.act(["mend", row.result.id], partial(_done, mend, action)):
            await self._tell_mended(row)
            self.view.go_to(0)
        self.refresh_now()

    @work(group="act", exit_on_error=False)
    async def action_prove(self) -> None:
        """Send real mail through the server, and show each result as it comes."""
        from screens.console.proof_screen import ProofScreen
        from wizard.last_proof import require_proof

        screen = ProofScreen()
        await self.app.push_screen(screen)
        loop = asyncio.get_running_loop()

        def told(result: ProofResult) -> None:
            loop.call_soon_threadsafe(screen.add, result)

        done = await self.act(["prove"], lambda: require_proof(self._the_watch().prove(), told))
        screen.finish(is_ok=done is not None)
        self.refresh_now()

    @on(LineView.Chosen, "#overview-checks")
    def action_show_check(self) -> None:
        """Everything about the check under the cursor."""
        row = self.view.row
        if row is not None:
            self.app.push_screen(HelpScreen(row.result.title, words.check_in_full(row)))

    @on(LineView.Moved, "#overview-checks")
    def _show_details(self) -> None:
        row = self.view.row
        self.query_one("#overview-details", Static).update(words.details(row, self.size.width) if row else "")
        self.refresh_bindings()

    @on(Input.Changed)
    def _filter(self) -> None:
        self._show_checks()

    @on(FilterBar.Left)
    def _to_the_list(self) -> None:
        self.view.focus()

    @work(exclusive=True, group="checks", exit_on_error=False, description="ask every check")
    async def _keep_asking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = self._asked_at + _CHECK_EVERY if self._asked_at else loop.time()
            await asyncio.sleep(max(0.0, due - loop.time()))
            try:
                await self._ask()
            except Exception as problem:  # noqa: BLE001  told; the next asking may go well
                self.tell(on_one_line(problem), is_trouble=True)
                self._asked_at = loop.time() + _AGAIN_AFTER - _CHECK_EVERY

    async def _ask(self) -> None:
        """Ask every check; whoever looked away and comes back joins the asking that is under way."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(asyncio.to_thread(lambda: self._the_watch().check()))
        self._checked = await asyncio.shield(self._asking)
        give_back()
        self._asked_at = asyncio.get_running_loop().time()
        self._show_checks()
        self._show_verdict()
        self.tell(_("The checks were asked at {time}.").format(time=f"{now().astimezone():%H:%M:%S}"))

    def _the_watch(self) -> Watch:
        """Made in a thread when it is first needed: what it imports takes longer than the first paint may."""
        with self._making:
            if self._watch is None:
                from wizard.overview import Watch

                self._watch = Watch(remembers=not getattr(self.app, "is_read_only", False))
            return self._watch

    async def _tell_mended(self, row: Checked) -> None:
        again = await asyncio.to_thread(lambda: self._the_watch().check_until_well(row.result.id))
        if again is None or again.is_bad:
            seen = again.result.finding.seen if again else _("nothing")
            self.complain(
                _("Done, but the check is not well yet: {title}\n  seen: {seen}").format(
                    title=row.result.title, seen=seen
                )
            )
        else:
            self.confirm_done(_("Mended: {title}").format(title=row.result.title))

    def _show_checks(self) -> None:
        wanted = self.query_one(FilterBar).value
        was_at_the_top = self.view.cursor == 0
        texts = folded(f"{one.result.id} {one.result.title}" for one in self._checked)
        self.view.show(rows_with(self._checked, wanted, texts))
        if was_at_the_top:
            self.view.go_to(0)  # where what goes bad will stand
        self.query_one("#overview-count", Static).update(words.count_of(self._checked))
        self._show_details()

    def _show_verdict(self) -> None:
        verdict = self.query_one("#overview-verdict", Static)
        verdict.update(words.verdict(self._checked, self._facts))

    def _go_to(self, name: str) -> None:
        self.query_one(FilterBar).value = ""
        place = next((n for n, one in enumerate(self.view.rows) if one.result.id == name), None)
        if place is not None:
            self.view.go_to(place)


def _done(change: Callable[[Mend], None], action: Mend) -> bool:
    """Make the change; it gives nothing by itself."""
    change(action)
    return True
