"""The page Review: everything that would change, and the last question before it does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, ClassVar, Literal

from rich.cells import cell_len
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from backends.errors import MailsteadError
from backends.language import _, ngettext
from backends.text import clean
from screens.console.panel import describe
from screens.setup.looking import apart
from screens.setup.page import Page
from screens.widgets.line_view import LineView

if TYPE_CHECKING:
    from screens.widgets.confirm import Confirm
    from wizard.draft import Draft
    from wizard.plan import Change
    from wizard.review import Group, Review

Kind = Literal["wrong", "step", "group", "change", "text"]
_STYLES = {"wrong": "bold red", "step": "bold", "group": "dim", "change": "", "text": ""}


@dataclass(frozen=True)
class Row:
    """A line of the review: a mistake with the step to go to, a heading, or a change."""

    place: int
    kind: Kind
    text: str
    mark: str = ""
    """A word at the end of the line that has to be seen."""
    page: str = ""
    """The page that enter goes to."""
    change: "Change | None" = None


class ReviewPage(Page):
    """Looks the draft over whenever it comes into view; touches nothing before `i` and yes."""

    HELP: ClassVar[str | None] = _(
        "Everything that would change on this machine, grouped by the step that it comes from. Nothing has "
        "been changed yet. Enter on a line shows what changes in the file, line by line.\n\n"
        "What stays when a run is taken back is marked so: installed packages are not removed again.\n\n"
        "On a machine that is set up, only what is different from now stands here.\n\n"
        "i installs, after one last question. s saves the answers to a file, c shows the command that does "
        "the same from that file without a screen, r looks again."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "install", _("Install"), id="install"),
        Binding("c", "command", _("Command"), id="review-command"),
        Binding("r", "look_again", _("Look again"), id="review-again"),
        Binding("s", "save", _("Save the answers"), show=False, id="review-save"),
    ]

    def __init__(self, id: str) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._review: Review | None = None
        self._heading = Static(classes="page-heading")
        self._lines = LineView[Row](_draw, key=lambda row: row.place, id="review-lines")

    def compose(self) -> ComposeResult:
        """What it comes to, then all of it."""
        yield self._heading
        yield self._lines

    def shown(self) -> None:
        """Look at the machine as it is now: a run may have been there since."""
        self.action_look_again()

    def enter(self) -> None:
        """The list."""
        self._lines.focus()

    def action_look_again(self) -> None:
        """Look at the machine, and make the plan anew."""
        self._review = None
        wrong = list(self._blockers())
        if wrong:
            count = sum(1 for row in wrong if row.kind == "wrong")
            self._say(
                ngettext(
                    "{count} answer needs you before there is a plan",
                    "{count} answers need you before there is a plan",
                    count,
                ).format(count=count),
                _("Enter goes to it."),
            )
            self._lines.show(wrong)
        else:
            self._say(_("Looking at the machine…"), _("This takes a second or two and changes nothing."))
            self._lines.show([])
            self._look(self.setup.draft)

    @work(exclusive=True, exit_on_error=False, description="make the plan")
    async def _look(self, draft: "Draft") -> None:
        from wizard.review import look_over

        try:
            review = await apart(lambda: look_over(draft.answers()))
        except (MailsteadError, OSError) as problem:
            self._say(_("There is no plan yet"), _("r looks again."))
            self._lines.show([Row(n, "text", line) for n, line in enumerate(describe(problem).splitlines())])
            return
        self._review = review
        self._show_review(review)

    def _show_review(self, review: "Review") -> None:
        count = len(review.changes)
        if review.obstacles:
            title = _("This machine is not ready")
        elif count:
            title = ngettext("{count} change", "{count} changes", count).format(count=count)
        else:
            title = _("Nothing would change: this machine is as the answers say")
        self._say(title, _below(review))
        self._lines.show(list(_rows(review)))

    def _blockers(self) -> Iterator[Row]:
        """What is wrong with the answers, each with the step where it is put right."""
        from wizard.readiness import Readiness, readiness
        from wizard.steps import steps

        surroundings = self.setup.surroundings
        if surroundings is None:
            return
        place = 0
        for step in steps():
            problems = step.problems(self.setup.draft)
            labels = {question.key: question.label for question in step.questions}
            said = [f"{labels[key]}: {words}" for key, words in problems.items()]
            state = readiness(step, self.setup.draft, surroundings)
            if state.state is Readiness.NEEDS_YOU and not said:
                said = [state.first]
            for words in said:
                yield Row(place, "wrong", f"{step.title}: {clean(words)}", page=step.name)
                place += 1

    def _say(self, title: str, below: str) -> None:
        words = Content.assemble(Content(title).stylize("bold"), Content(f"\n{below}").stylize("$text-muted"))
        self._heading.update(words)

    @on(LineView.Chosen, "#review-lines")
    async def _chosen(self, event: LineView.Chosen) -> None:
        row = event.row
        assert isinstance(row, Row)
        if row.page:
            await self.setup.go_to(row.page)
        elif row.change is not None:
            self._show_diff(row.change)
        elif row.text:
            self.app.notify(row.text, markup=False)

    def _show_diff(self, change: "Change") -> None:
        from screens.widgets.diff_view import DiffScreen

        rows: Sequence[Row] = self._lines.rows
        changes = [row.change for row in rows if row.change is not None]
        pages = [(_title(one), one.diff) for one in changes]
        self.app.push_screen(DiffScreen(pages, changes.index(change)))

    async def action_save(self) -> None:
        """Save the answers to a file."""
        await self.setup.run_action("save_answers")

    @work(exclusive=True, group="command", exit_on_error=False, description="find the answers")
    async def action_command(self) -> None:
        """The command that does the same without a screen, with the file that holds these answers."""
        from screens.setup.answers_files import file_with
        from screens.widgets.copy_screen import CopyScreen
        from wizard.places import ANSWERS_FILE

        draft, saved = self.setup.draft, self.setup.answers_file
        files = [path for path in (saved, ANSWERS_FILE) if path is not None]
        path = await apart(lambda: file_with(draft, files))
        if path is None:
            words = _("No file holds these answers yet: s saves them, then c shows the command.")
            self.app.notify(words, severity="warning", timeout=8, markup=False)
            return
        command = f"mailstead replay --answers {quote(str(path))}"
        words = _(
            "Does the same on this machine or the next one, without a person. It reads the answers from that "
            "file. Passwords that were typed are not in it: the file names the files below "
            "/etc/mailstead/secrets that hold them."
        )
        self.app.push_screen(CopyScreen(_("The same without a screen"), command, words))

    @work(exit_on_error=False, description="install")
    async def action_install(self) -> None:
        """After one last question, begin the run and go to its page."""
        from screens.setup.apply_page import ApplyPage
        from wizard.installing import installation

        draft, review = self.setup.draft, self._review
        if refusal := self._refusal():
            self.app.notify(refusal, severity="warning", timeout=8, markup=False)
            return
        assert review is not None
        if not await self.app.push_screen_wait(_last_question(review)):
            return
        try:
            ready = await apart(lambda: installation(draft, may_overwrite=bool(review.overwritten)))
        except (MailsteadError, OSError) as problem:
            self.app.notify(describe(problem), severity="error", timeout=20, markup=False)
            return
        self.setup.keep(draft)
        await self.setup.go_to("apply")
        self.setup.query_one(ApplyPage).begin(ready)

    def _refusal(self) -> str:
        """Why nothing can be installed now, or nothing."""
        review = self._review
        if getattr(self.app, "is_read_only", False):
            return _("This program only looks: it was started with --read-only.")
        if review is None:
            return _("There is no plan yet that could be carried out.")
        if review.obstacles:
            return clean(review.obstacles[0].problem)
        return ""


def _rows(review: "Review") -> Iterator[Row]:
    place = 0
    for obstacle in review.obstacles:
        page = "hardware" if obstacle.id else ""
        yield Row(place, "wrong", clean(obstacle.problem), page=page)
        yield Row(place + 1, "text", "  " + clean(obstacle.mend), page=page)
        place += 2
    for step in review.by_step():
        yield Row(place, "step", f"{step.title or _('Other')} ({step.count})")
        place += 1
        for group, changes in step.groups:
            yield Row(place, "group", f" {_group_title(group, len(changes))}")
            place += 1
            for change in changes:
                yield Row(place, "change", f"   {clean(change.summary)}", mark=_mark(change), change=change)
                place += 1


def _draw(row: Row, width: int) -> Text:
    marker = f" [{row.mark}]" if row.mark else ""
    room = max(4, width - cell_len(marker))
    line = Text(row.text, style=_STYLES[row.kind], no_wrap=True)
    if row.kind == "wrong":
        line = Text("! ", style="bold red").append_text(line)
    line.truncate(room, overflow="ellipsis")
    return line.append(marker, style="yellow")


def _mark(change: "Change") -> str:
    marks = [_("stays")] if not change.is_reversible else []
    marks += [_("changed by hand")] if change.is_drift else []
    return ", ".join(marks)


def _title(change: "Change") -> str:
    words = [clean(change.summary)]
    if not change.is_reversible:
        words.append(_("stays when the run is taken back"))
    if change.is_drift:
        words.append(_("changed by hand since the last run"))
    return " · ".join(words)


def _below(review: "Review") -> str:
    if review.obstacles:
        return _("Mend what stands here, then r looks again. Nothing was touched.")
    if not review.changes:
        return _("i checks everything and sends mail through the server all the same.")
    counts = " · ".join(_amount(group, n) for group, n in review.counts.items())
    parts = [_("Enter: what changes")]
    if review.staying:
        parts.append(_("[stays]: can't be taken back"))
    return f"{counts}\n{' · '.join(parts)}"


def _last_question(review: "Review") -> "Confirm":
    from screens.widgets.confirm import Confirm

    count = len(review.changes)
    if not count:
        return Confirm(
            _("Check everything and prove that mail flows?"),
            _("Nothing is changed."),
            yes=_("Check"),
            no=_("Not yet"),
        )
    question = ngettext("Make this change now?", "Make these {count} changes now?", count).format(count=count)
    consequence = _("The run goes on if the line drops, and can be taken back with: mailstead rollback")
    if review.overwritten:
        consequence += "\n" + _(
            "These were changed by hand and are written anew; the present ones are kept, and rollback brings "
            "them back:"
        )
        consequence += "\n" + "\n".join(clean(path) for path in review.overwritten[:5])
    return Confirm(question, consequence, yes=_("Install"), no=_("Not yet"))


def _amount(group: "Group", count: int) -> str:
    """Of the whole plan, in the heading."""
    words = {
        "packages": _("packages"),
        "files": ngettext("{count} file", "{count} files", count),
        "accounts": ngettext("{count} account", "{count} accounts", count),
        "firewall": _("firewall"),
        "services": ngettext("{count} service", "{count} services", count),
    }
    return words[group.value].format(count=count)


def _group_title(group: "Group", count: int) -> str:
    words = {
        "packages": _("Packages"),
        "files": _("Files and directories"),
        "accounts": _("Accounts, users, groups"),
        "firewall": _("Firewall"),
        "services": _("Services"),
    }
    return f"{words[group.value]} ({count})" if count > 1 else words[group.value]
