"""The page Apply: a run as it goes, and what can be done when it fails."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import ContentSwitcher, Static

from backends.errors import MailsteadError
from backends.language import _, ngettext
from backends.machine.dpkg_log import latest_step
from backends.text import clean, clean_lines
from screens.console.panel import describe
from screens.setup.looking import apart
from screens.setup.page import Page
from screens.setup.run_words import LogLine, duration, log_lines, stage_title, time_left
from screens.widgets.line_view import LineView
from wizard import launch
from wizard.following import follow
from wizard.journal import Event, read_events
from wizard.pace import elapsed, fraction, left
from wizard.progress import Act, Phase, Progress, StageProgress, StageState, progress_of

if TYPE_CHECKING:
    from wizard.installing import Installation

_LOG_KEPT = 20_000
_TONES = {"bad": "red", "good": "green", "doubtful": "yellow"}
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
        self._stages = LineView[StageProgress](_draw_stage, key=lambda stage: stage.name, id="stages")
        self._log_view = LineView[LogLine](_draw_line, key=lambda line: line.number, follows=True, id="log")
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

        earlier = await apart(lambda: tuple(read_events(ready.directory)))
        self._take(earlier)
        try:
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
    def _has_failed(self) -> bool:
        progress = self.progress
        return progress is not None and (bool(self._gone) or progress.is_ok is False)

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
            self._failure.update(Content("\n").join(self._failure_lines()))
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
        self._heading.update(Content("\n").join(self._heading_lines(_now())))

    def _heading_lines(self, now: datetime) -> Iterator[Content]:
        progress = self.progress
        if progress is None:
            yield Content(_("Nothing is being installed")).stylize("bold")
            yield Content(_("The page Review shows what would change, and i installs it from there."))
            return
        yield Content(self._title(progress)).stylize("bold")
        share = self._furthest = max(self._furthest, fraction(progress, now))
        yield self._bar(1.0 if progress.is_ok else share)
        rest = None if self._gone else left(progress, now)
        times = [_("{time} gone").format(time=duration(elapsed(progress, now)))]
        if rest is not None and progress.phase is not Phase.ENDED:
            times.append(time_left(rest))
        yield Content(" · ".join(times)).stylize("$text-muted")
        if not self._has_failed:
            yield Content(self._now_words(progress, now))

    def _title(self, progress: Progress) -> str:
        is_rollback = progress.command == "rollback"
        if self._gone:
            return _("The run was cut off")
        match progress.phase:
            case Phase.ENDED if progress.is_ok:
                return _("The run was taken back") if is_rollback else _("Done: everything works")
            case Phase.ENDED:
                return _("It failed")
            case Phase.TAKING_BACK:
                return _("Something failed; taking it back")
            case Phase.PREPARING:
                return _("Looking at the machine once more")
            case Phase.CHANGING:
                return _("Taking the run back") if is_rollback else _("Installing")
        return _("Everything is in place; looking whether it works")

    def _now_words(self, progress: Progress, now: datetime) -> str:
        act = progress.act
        if progress.is_ok:
            return _("The page Proof shows what works, and what is left for you.")
        if act is None or act.since is None:
            return _("The run goes on if the line drops; mailstead finds it.")
        spent = (now - act.since).total_seconds()
        words = clean(_doing(act))
        time = f" ({duration(spent)})" if spent >= 2 else ""
        room = max(20, self._heading.content_size.width - 2 - len(time))
        return f"> {Content(words).truncate(room, ellipsis=True).plain.rstrip()}{time}"

    def _bar(self, share: float) -> Content:
        room = max(10, self._heading.content_size.width - 7)
        done = int(room * share)
        full, empty = ("#", ".") if self.app.has_class("-ascii") else ("█", "░")
        return Content.assemble(
            Content(full * done).stylize("$success"),
            Content(empty * (room - done)).stylize("$text-muted"),
            Content(f" {share:4.0%}"),
        )

    def _failure_lines(self) -> Iterator[Content]:
        """What failed, what became of what was changed, and what was seen."""
        progress = self.progress or Progress()
        failed = progress.failed_stage
        if failed is not None:
            yield Content(f"! {stage_title(failed.name)}").stylize("bold $text-error")
        yield from map(Content, self._what_stands(progress, failed))
        yield Content(clean_lines(failed.problem if failed else self._gone or progress.problem))
        for seen in progress.failures:
            yield Content(clean(f"! {seen.title}: {seen.seen}")).stylize("$text-error")

    def _what_stands(self, progress: Progress, failed: StageProgress | None) -> Iterator[str]:
        if self._gone:
            yield _("What was done stands; trying again looks at everything and goes on from there.")
        elif failed is not None and failed.state is StageState.TAKEN_BACK:
            yield ngettext(
                "The one change of this stage was taken back. What was done before it stands.",
                "All {count} changes of this stage were taken back. What was done before it stands.",
                len(progress.reverted),
            ).format(count=len(progress.reverted))
        elif failed is not None:
            yield _("Not all of this stage could be taken back; the log (l) says what.")
        elif progress.changes_done:
            yield _("All changes were made and stand.")
        else:
            yield _("Nothing was changed.")


def _doing(act: Act) -> str:
    """What is done now: of an installation, which takes minutes, what dpkg is at."""
    if act.awaited:
        return _("waiting for {what}").format(what=act.awaited)
    step = latest_step(act.since) if act.since and act.key.startswith("packages:") else None
    if step is None:
        return act.summary
    words = {"unpacking": _("unpacking {package}"), "setting-up": _("setting up {package}")}
    return _("packages: {doing}").format(doing=words[step.doing].format(package=step.package))


def _draw_stage(stage: StageProgress, width: int) -> Text:
    mark, style, words = {
        StageState.WAITING: (" ", "dim", ""),
        StageState.WORKING: (">", "bold", f"{stage.done}/{stage.total}"),
        StageState.DONE: ("+", "green", _("done")),
        StageState.FAILED: ("!", "bold red", _("failed")),
        StageState.TAKEN_BACK: ("!", "bold red", _("failed, taken back")),
    }[stage.state]
    name = Text(f"{mark} {stage_title(stage.name)}", style=style, no_wrap=True)
    name.truncate(max(8, width - 20), overflow="ellipsis", pad=True)
    return name.append(f" {words}", style=style)


def _draw_line(line: LogLine, _width: int) -> Text:
    return Text(f"{line.at:8}  {line.text}", style=_TONES.get(line.tone, ""), no_wrap=True)


def _page_of(section: str) -> str:
    """The wizard's step that asks for a section of the answers; the first where none does."""
    from wizard.steps import STEPS, steps

    return next((step.name for step in steps() if section in step.sections), STEPS[0])


def _now() -> datetime:
    return datetime.now(UTC)
