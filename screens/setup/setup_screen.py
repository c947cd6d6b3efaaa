"""The wizard: its pages at the left with their state, the page that is shown at the right."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.types import CSSPathType
from textual.widgets import Static

from backends.language import _
from backends.text import clean_lines
from screens.first_paint import once_painted
from screens.setup import looking
from screens.setup.page import Page
from screens.setup.pages import PAGES, PageEntry
from screens.setup.sidebar import Sidebar
from screens.textual_mends import SteadyScreen
from screens.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from backends.machine.surroundings import Surroundings
    from wizard.draft import Draft

_STATES_AFTER = 0.15
"""Seconds. With a thousand mailboxes the states of all steps take longer than a key may."""


class SetupScreen(SteadyScreen):
    """Holds the draft, which pages show and change. It is there once the machine was looked at, and no page
    is made before. What a person changes is put in by `change()`, with what follows from it.
    """

    CSS_PATH: ClassVar[CSSPathType | None] = "setup.tcss"
    HELP: ClassVar[str | None] = _(
        "Every page can be visited at any time, and nothing is changed on this machine before you say so on "
        "the page Apply. What the marks at the left mean stands below them."
    )
    HAS_PALETTE: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n,f4", "next_page", _("Next"), key_display="^n", id="next-page"),
        Binding("ctrl+p,f3", "previous_page", _("Back"), key_display="^p", id="previous-page"),
        Binding("escape", "to_sidebar", _("Steps"), key_display="esc", id="to-sidebar"),
        Binding("ctrl+s", "save_answers", _("Save"), key_display="^s", id="save-answers"),
        Binding("ctrl+o", "load_answers", _("Load"), key_display="^o", id="load-answers"),
        Binding("f2,ctrl+t", "toggle_view", _("View"), key_display="F2", id="view"),
        Binding("f1,ctrl+g,question_mark", "help", _("Help"), key_display="F1", id="help"),
        Binding("q", "app.quit", _("Quit"), show=False, id="quit"),
    ]

    draft: "reactive[Draft]" = reactive(cast("Draft", None))
    surroundings: "reactive[Surroundings | None]" = reactive(None)
    """None until the machine was looked at."""
    is_expert: reactive[bool] = reactive(False)
    """Whether steps show every key of their sections."""

    def __init__(self, first: str = "site") -> None:
        super().__init__()
        self._first = first
        self._current = ""
        self._going = asyncio.Lock()
        self._states_timer: Timer | None = None
        self._step_states: dict[str, str] = {}
        self._kept: Draft | None = None
        """The draft that wouldn't be lost: the one it began with, or as it was last saved or loaded."""
        self.answers_file: Path | None = None
        """Where it was saved or loaded last."""

    def compose(self) -> ComposeResult:
        """The frame; pages come into #pages."""
        with Horizontal(id="setup"):
            yield Sidebar(PAGES)
            with Container(id="pages"):
                yield Static(Content(_("Looking at the machine…")), id="looking")
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw first, look then."""
        once_painted(self, self._look)

    @property
    def page(self) -> Page | None:
        """The page that is shown; None while the machine is looked at."""
        return self.query_one(f"#{self._current}", Page) if self._current else None

    async def go_to(self, page_id: str, *, enters: bool = True) -> None:
        """Show this page instead; with `enters`, the first thing in it gets the focus."""
        async with self._going:
            if self.surroundings is None:
                self._first = page_id
                return
            await self._show(page_id)
        if enters and self.page is not None:
            self.call_after_refresh(self.page.enter)

    def change(self, change: "Callable[[Draft], Draft]") -> None:
        """Put what a person changed into the draft, and what follows from it."""
        from wizard.suggestions import follow

        assert self.surroundings is not None
        self.draft = follow(change(self.draft), self.surroundings)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Only steps have another view."""
        return action != "toggle_view" or self.page is None or self.page.HAS_VIEWS

    async def action_next_page(self) -> None:
        """The page after this one."""
        await self._go_by(1)

    async def action_previous_page(self) -> None:
        """The page before this one."""
        await self._go_by(-1)

    def action_to_sidebar(self) -> None:
        """Back to the list of pages."""
        self.query_one(Sidebar).focus()

    def action_toggle_view(self) -> None:
        """All questions of each step, or those that most people need."""
        self.is_expert = not self.is_expert

    def action_help(self) -> None:
        """What the question with the focus means, else what the page is for."""
        from screens.widgets.help_screen import HelpScreen

        title, text = self.page.help() if self.page is not None else ("", "")
        self.app.push_screen(HelpScreen(title or _("The wizard"), text or self.HELP or "", _keys()))

    @work(exclusive=True, group="file", exit_on_error=False, description="save answers")
    async def action_save_answers(self) -> None:
        """Write the answers to a file of the person's own."""
        from screens.setup.answers_files import save

        draft = self.draft
        if self.surroundings is not None and (path := await save(self.app, draft)):
            self._kept, self.answers_file = draft, path

    @work(exclusive=True, group="file", exit_on_error=False, description="load answers")
    async def action_load_answers(self) -> None:
        """Take the answers from a file."""
        from screens.setup.answers_files import load

        if self.surroundings is None:
            return
        loaded = await load(self.app, self.draft, is_changed=self.is_changed)
        if loaded is not None:
            self.draft, self.answers_file = loaded
            self._kept = self.draft

    @property
    def is_changed(self) -> bool:
        """Whether there are answers that would be lost."""
        kept = self._kept
        return kept is not None and (kept.document, kept.typed) != (self.draft.document, self.draft.typed)

    def keep(self, draft: "Draft") -> None:
        """This draft has been written down: nothing of it would be lost."""
        self._kept = draft

    async def may_leave(self) -> bool:
        """Ask, where answers would be lost."""
        from screens.widgets.confirm import Confirm

        for page in self.query(Page):
            asked, follows = page.parting()
            if asked:
                parting = Confirm(asked, follows, yes=_("Leave"))
                return await self.app.push_screen_wait(parting)
        if not self.is_changed:
            return True
        words = _("Nothing was changed on this machine. ctrl+s saves the answers to a file.")
        question = Confirm(_("Leave the answers unsaved?"), words, yes=_("Leave"))
        return await self.app.push_screen_wait(question)

    @on(Sidebar.Chosen)
    async def _page_chosen(self, event: Sidebar.Chosen) -> None:
        await self.go_to(event.page_id)

    def watch_draft(self) -> None:
        """The marks in the sidebar follow the draft, when a person stops typing for a moment."""
        if self._states_timer is not None:
            self._states_timer.stop()
        self._states_timer = self.set_timer(_STATES_AFTER, self._show_states)

    @work(exit_on_error=True, description="look at the machine")
    async def _look(self) -> None:
        of_a_run = await looking.apart(looking.page_of_a_run)
        found = await looking.apart(looking.look)
        self.set_reactive(SetupScreen.surroundings, found.surroundings)
        self._kept = self.draft = found.draft
        await self.query("#looking").remove()
        if found.problem:
            self.app.notify(clean_lines(found.problem), severity="error", timeout=20, markup=False)
        await self.go_to(of_a_run if of_a_run and self._first == PAGES[0].id else self._first)

    async def _show(self, page_id: str) -> None:
        if page_id == self._current:
            return
        container = self.query_one("#pages")
        if self.page is not None:
            self.page.hidden()
            self.page.display = False
        if not container.query(f"#{page_id}"):
            await container.mount(_entry(page_id).make())
        self._current = page_id
        page = self.query_one(f"#{page_id}", Page)
        page.display = True
        self.query_one(Sidebar).show(page_id)
        page.shown()
        self._show_states()
        self.refresh_bindings()

    async def _go_by(self, by: int) -> None:
        here = next((n for n, entry in enumerate(PAGES) if entry.id == self._current), 0)
        if 0 <= here + by < len(PAGES):
            await self.go_to(PAGES[here + by].id)

    def show_page_states(self) -> None:
        """Mark what the pages after the steps say of themselves. Nothing is installed before every step is
        ready, and Review says so.
        """
        after = {page.id or "": page.state for page in self.query(Page) if page.id not in self._step_states}
        if "needs-you" in self._step_states.values():
            after["review"] = "needs-you"
        elif "review" in after:
            after["review"] = "ready"
        self.query_one(Sidebar).show_states({**self._step_states, **after})

    def _show_states(self) -> None:
        if self.surroundings is None:
            return
        from wizard.readiness import all_readiness

        found = all_readiness(self.draft, self.surroundings)
        self._step_states = {name: each.state.value for name, each in found.items()}
        self.show_page_states()


def _entry(page_id: str) -> PageEntry:
    return next(entry for entry in PAGES if entry.id == page_id)


def _keys() -> list[tuple[str, str]]:
    """Every key of the wizard. F-keys and the ctrl keys beside them do the same: some terminals keep F1."""
    return [
        ("ctrl+n, F4", _("the next page")),
        ("ctrl+p, F3", _("the page before")),
        ("escape", _("the list of pages")),
        ("tab, enter, up, down", _("from field to field")),
        ("space", _("takes a choice, turns a switch")),
        ("F2, ctrl+t", _("all questions of a step, or those that most people need")),
        ("F1, ctrl+g, ?", _("help; ? only outside of text")),
        ("ctrl+s", _("save the answers to a file")),
        ("ctrl+o", _("load answers from a file")),
        ("ctrl+q", _("leave; nothing is changed")),
    ]
