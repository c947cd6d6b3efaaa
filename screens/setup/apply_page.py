"""The page Apply: a run as it goes, and what can be done when it fails."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import ContentSwitcher, Static

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean
from screens.console.panel import describe
from screens.setup.looking import apart
from screens.setup.page import Page
from screens.setup.run_drawing import RunPicture, draw_line, draw_stage
from screens.setup.run_words import LogLine, log_lines
from screens.widgets.line_view import LineView
from wizard import launch
from wizard.following import follow
from wizard.journal import Event, read_events
from wizard.pace import fraction
from wizard.progress import Phase, Progress, StageProgress, StageState, progress_of

if TYPE_CHECKING:
    from wizard.installing import Installation

_LOG_KEPT = 20_000
_ENDING = 15.0
"""Seconds that a run which has failed may take to end, when somebody tries again at once."""

_AFTER_A_FAILURE = frozenset({"retry", "edit", "report"})


class ApplyPage(Page):
    """Follows a run that is a process of its own: this page may come and go."""

    HELP: ClassVar[str | None] = _(
        "What the run does now, how far it is, and how long it will take, as far as that can be said.\n\n"
        "The run is a program of its own: when the line drops, or this one ends, it goes on. Start mailstead "
        "again, and this page comes back with all that happened meanwhile.\n\n"
        "When something fails, everything of that stage is put back as it was before; the stages before it "
        "stand, and going on later begins where it stopped.\n\n"
        "l shows the log, and the stages again. After a failure r tries again, e goes to the step that it "
        "belongs to, s saves a report, and ! opens a shell, from which exit comes back."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", _("Log"), id="apply-log"),
        Binding("r", "retry", _("Try again"), id="apply-retry"),
        Binding("e", "edit", _("Edit the step"), id="apply-edit"),
        Binding("s", "report", _("Save a report"), id="apply-report"),
        Binding("exclamation_mark", "shell", _("Shell"), key_display="!", id="apply-shell"),
    ]

    progress: reactive[Progress | None] = reactive(None)
    directory: Path | None = None
    """The run that is shown."""

    def __init__(self, id: str) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._gone = ""
        """Why nothing more is heard of the run; empty while something is."""
        self._furthest = 0.0
        self._at_work_on = 0
        """The stage that the cursor went along to, as long as nobody moved it."""
        self.lines: list[LogLine] = []
        """The log."""
        self._dropped = 0
        """Lines taken off the front of the log since it was last shown."""
        self._offered = False
        """Whether the keys for after a failure are."""
        self._heading = Static(classes="page-heading")
        self._stages = LineView[StageProgress](draw_stage, key=lambda stage: stage.name, id="stages")
        self._log_view = LineView[LogLine](draw_line, key=lambda line: line.number, follows=True, id="log")
        self._failure = Static(id="failure")

    def compose(self) -> ComposeResult:
        """Where it is, the stages, and behind them the log."""
        yield self._heading
        with VerticalScroll(id="failure-scroll"):
            yield self._failure
        with ContentSwitcher(initial="stages"):
            yield self._stages
            yield self._log_view

    def on_mount(self) -> None:
        """Time goes on also when nothing happens."""
        self.set_interval(1, self._tick)

    def shown(self) -> None:
        """Where no run was begun here, look for one that there is."""
        if self.directory is None:
            self._find()
        self._draw()

    def enter(self) -> None:
        """The list that is shown."""
        (self._log_view if self._shows_log else self._stages).focus()

    @property
    def state(self) -> str:
        """How the run came out."""
        if self._has_failed:
            return "needs-you"
        return "ready" if self.progress is not None and self.progress.is_ok else "untouched"

    @property
    def is_at_work(self) -> bool:
        """Whether a run goes on that was begun or found here."""
        return self.progress is not None and self.progress.phase is not Phase.ENDED and not self._gone

    def parting(self) -> tuple[str, str]:
        """A run does not need this screen."""
        if not self.is_at_work:
            return "", ""
        words = _("It goes on without this screen. To come back to it, start mailstead again.")
        return _("Leave while the run is at work?"), words

    def begin(self, ready: "Installation") -> None:
        """Start this run, and follow it."""
        self._prepare(ready.directory)
        self._start(ready)

    def attach(self, directory: Path, *, is_at_work: bool) -> None:
        """Show a run that is there already."""
        self._prepare(directory)
        self._follow(directory, 0, is_at_work)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """What can be done after a failure is offered then."""
        return self._has_failed if action in _AFTER_A_FAILURE else True

    def action_log(self) -> None:
        """The log instead of the stages, and back."""
        self.query_one(ContentSwitcher).current = "stages" if self._shows_log else "log"
        self._show_log()
        self.enter()

    async def action_edit(self) -> None:
        """Go to the step whose stage failed."""
        failed = self.progress.failed_stage if self.progress else None
        await self.setup.go_to(_page_of(failed.step if failed else ""))

    @work(exit_on_error=False, description="try again")
    async def action_retry(self) -> None:
        """Go on where it stopped."""
        from wizard.installing import same_again

        directory = self.directory
        if directory is None:
            return
        try:
            ready = await apart(lambda: same_again(directory))
        except (MailsteadError, OSError) as problem:
            self.app.notify(describe(problem), severity="error", timeout=20, markup=False)
            return
        self.begin(ready)

    @work(exit_on_error=False, description="save a report")
    async def action_report(self) -> None:
        """Write down what happened, for someone who helps."""
        from wizard.report import save_report

        directory = self.directory
        if directory is None:
            return
        try:
            path = await apart(lambda: save_report(directory))
        except (MailsteadError, OSError) as problem:
            self.app.notify(describe(problem), severity="error", timeout=20, markup=False)
            return
        words = _("Saved: {path}\nSecrets were taken out; look it over before you send it.")
        self.app.notify(words.format(path=path), timeout=15, markup=False)

    def action_shell(self) -> None:
        """A shell in this terminal, until it is left."""
        from backends.machine.shell import open_shell

        with self.app.suspend():
            open_shell(_("This is a shell. To go back to Mailstead: exit"))
        self.app.refresh()

    def on_resize(self) -> None:
        """The bar is as wide as the page."""
        self._draw_heading()

    @on(LineView.Chosen, "#log")
    def _line_chosen(self, event: LineView.Chosen) -> None:
        """All of a line that is too long."""
        if isinstance(event.row, LogLine):
            self.app.notify(event.row.text, timeout=20, markup=False)

    def watch_progress(self) -> None:
        """Draw it."""
        self._draw()
        self.setup.show_page_states()

    @work(exclusive=True, group="run", exit_on_error=False, description="find the run")
    async def _find(self) -> None:
        from wizard.running import run_at_work, run_to_show

        directory = await apart(run_to_show)
        if directory is not None and self.directory is None:
            is_at_work = await apart(run_at_work) is not None
            self.attach(directory, is_at_work=is_at_work)

    @work(exclusive=True, group="run", exit_on_error=False, description="start the run")
    async def _start(self, ready: "Installation") -> None:
        from wizard.audit import record
        from wizard.lock import wait_until_free

        earlier = await apart(lambda: tuple(read_events(ready.directory)))
        self._take(earlier)
        try:
            await apart(lambda: wait_until_free(_ENDING))
            offset = await apart(lambda: launch.begin(ready.directory, ready.request))
        except (MailsteadError, OSError) as problem:
            self._lost(problem)
            return
        await apart(lambda: record(("setup", ready.request.command, ready.directory.name), 0))
        await self._keep_following(ready.directory, offset)

    @work(exclusive=True, group="run", exit_on_error=False, description="follow the run")
    async def _follow(self, directory: Path, offset: int, is_at_work: bool) -> None:
        if is_at_work:
            await self._keep_following(directory, offset)
            return
        self._take(await apart(lambda: tuple(read_events(directory))))
        if self.progress and self.progress.phase is not Phase.ENDED:
            self._lost(await apart(lambda: launch.died(directory)))

    async def _keep_following(self, directory: Path, offset: int) -> None:
        try:
            async for events in follow(directory, offset):
                self._take(events)
        except (MailsteadError, OSError, ValueError) as problem:
            self._lost(problem)
            return
        await self._add_output(directory)

    async def _add_output(self, directory: Path) -> None:
        """What the program wrote beside its journal comes at the end of the log: hardly ever anything."""
        if said := await apart(lambda: launch.output(directory)):
            self._add([("", line) for line in said.splitlines()])

    def _prepare(self, directory: Path) -> None:
        """Forget the run before."""
        self.directory, self._gone, self._furthest = directory, "", 0.0
        self._at_work_on = self._stages.cursor
        self.lines, self._dropped = [], 0
        self._log_view.show([])
        self.progress = Progress()
        self.query_one(ContentSwitcher).current = "stages"
        self.refresh_bindings()

    def _take(self, events: Sequence[Event]) -> None:
        """Show what these events say."""
        if not events:
            return
        before = self.progress or Progress()
        if any(event.name == "resumed" for event in events):
            self._furthest = 0.0
        for event in events:
            self.lines += log_lines(event, self._next_number)
        self._show_log()
        self.progress = progress_of(events, before)
        self._go_on_to_proof(before)

    def _add(self, lines: Sequence[tuple[str, str]]) -> None:
        for at, text in lines:
            self.lines.append(LogLine(self._next_number, at, clean(text)))
        self._show_log()

    def _show_log(self) -> None:
        """Only where it is seen: a run says much."""
        over = max(0, len(self.lines) - _LOG_KEPT)
        del self.lines[:over]
        self._dropped += over
        if self._shows_log:
            self._log_view.show(list(self.lines), dropped=self._dropped, forget=False)
            self._dropped = 0

    @property
    def _next_number(self) -> int:
        return self.lines[-1].number + 1 if self.lines else 0

    def _go_on_to_proof(self, before: Progress) -> None:
        """When the changes are made, the proof is what a person wants to see."""
        now = self.progress
        is_there = now is not None and now.phase in {Phase.CHECKING, Phase.PROVING, Phase.ENDED}
        was_there = before.phase in {Phase.CHECKING, Phase.PROVING, Phase.ENDED}
        if now is None or was_there or not is_there or now.failed_stage or now.problem:
            return
        if now.command == "replay" and self.display and not self._shows_log:
            self.run_worker(self.setup.go_to("proof"), exit_on_error=False)

    def _lost(self, problem: Exception) -> None:
        """Nothing more will be heard of the run."""
        if isinstance(problem, launch.RunDied):  # its next step names commands, and here are keys
            self._gone = "\n".join([_("The process of the run is gone."), *problem.seen.splitlines()])
        else:
            self._gone = describe(problem)
        self._draw()

    @property
    def _picture(self) -> RunPicture:
        return RunPicture(self.progress, self._gone)

    @property
    def _has_failed(self) -> bool:
        return self._picture.has_failed

    @property
    def _shows_log(self) -> bool:
        return self.query_one(ContentSwitcher).current == "log"

    def _tick(self) -> None:
        if self.is_at_work and self.display:
            self._draw_heading()

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        self._draw_heading()
        self.query_one("#failure-scroll").display = self._has_failed
        if self._has_failed:
            self._failure.update(Content("\n").join(self._picture.failure()))
        stages = self.progress.stages if self.progress else ()
        was_left_alone = self._stages.cursor == self._at_work_on
        self._stages.show(stages)
        working = (n for n, stage in enumerate(stages) if stage.state is StageState.WORKING)
        if was_left_alone and (place := next(working, None)) is not None:
            self._stages.go_to(place)
            self._at_work_on = place
        if self._offered != self._has_failed:
            self._offered = self._has_failed
            self.refresh_bindings()

    def _draw_heading(self) -> None:
        now = _now()
        if self.progress is not None:
            self._furthest = max(self._furthest, fraction(self.progress, now))
        width, is_ascii = self._heading.content_size.width, self.app.has_class("-ascii")
        lines = self._picture.heading(now, self._furthest, width, is_ascii=is_ascii)
        self._heading.update(Content("\n").join(lines))


def _page_of(section: str) -> str:
    """The wizard's step that asks for a section of the answers; the first where none does."""
    from wizard.steps import STEPS, steps

    return next((step.name for step in steps() if section in step.sections), STEPS[0])


def _now() -> datetime:
    return datetime.now(UTC)
