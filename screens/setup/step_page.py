"""The page of a step: what has to be said first, then its questions."""

from collections.abc import Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Button, Static

from backends.language import _
from backends.machine.surroundings import Surroundings
from screens.setup.fields.field import Field
from screens.setup.finding_view import FindingView
from screens.setup.form import Form, FormScroll
from screens.setup.page import Page
from wizard.draft import Draft
from wizard.readiness import accept, accepted_ids
from wizard.steps import step
from wizard.steps.question import Question


class StepPage(Page):
    """Named for its step."""

    HAS_VIEWS = True

    def __init__(self, id: str) -> None:  # noqa: A002  Textual's own word
        super().__init__(id=id)
        self._step = step(id)
        self._form = Form(self._step.questions)
        self._findings: dict[str, FindingView] = {}
        self._was_left = False
        self._heading = Static(classes="step-heading")

    def compose(self) -> ComposeResult:
        """Heading, findings, questions, and the way on."""
        yield self._heading
        with FormScroll():
            yield Vertical(id=f"{self.id}-findings", classes="findings")
            yield self._form
            yield Button(_("Next (ctrl+n)"), compact=True, classes="next")

    def on_mount(self) -> None:
        """Follow the draft and the view."""
        self.watch(self.setup, "draft", self._show, init=False)
        self.watch(self.setup, "is_expert", self._show, init=False)

    def shown(self) -> None:
        """Show what the draft says now."""
        self._show()

    def hidden(self) -> None:
        """Who leaves a step has been there; from now on it tells everything that is wrong."""
        self._was_left = True
        self.setup.draft = self.setup.draft.with_visited(self._step.name)

    def enter(self) -> None:
        """Go to the first question that something is wrong with, else to the first."""
        fields = self._form.fields
        wrong = [field for field in fields if field.is_wrong]
        if wrong:
            wrong[0].mending_target.focus()
        elif fields:
            fields[0].target.focus()
        else:
            super().enter()

    def help(self) -> tuple[str, str]:
        """Of the question that has the focus, else of the step."""
        field = next((field for field in self._form.fields if field.has_focus_within), None)
        if field is None:
            return self._step.title, self._step.help
        question = field.question
        source = _("Source: {source}").format(source=question.source)
        place = _("In the answers file: {key}").format(key=field.key)
        return question.label, f"{question.help}\n\n{source}\n{place}"

    @on(Field.Changed)
    def _answered(self, event: Field.Changed) -> None:
        event.stop()
        self.setup.change(event.change)

    @on(FindingView.Accepted)
    def _accepted(self, event: FindingView.Accepted) -> None:
        event.stop()
        finding, is_accepted = event.finding, event.is_accepted
        self.setup.change(
            lambda draft: accept(draft, finding) if is_accepted else _not_accepted(draft, finding.id)
        )

    @on(Button.Pressed)
    async def _next(self, event: Button.Pressed) -> None:
        event.stop()
        await self.setup.action_next_page()

    def on_descendant_focus(self, _event: events.DescendantFocus) -> None:
        """A question that isn't asked any more goes when the focus has left it."""
        if self._form.has_leftover:
            self.call_after_refresh(self._show)

    def _show(self) -> None:
        surroundings = self.setup.surroundings
        if not self.display or surroundings is None:
            return
        draft, is_expert = self.setup.draft, self.setup.is_expert
        questions = self._step.shown(draft, is_expert=is_expert)
        self._show_heading(len(questions))
        self._show_findings(draft, surroundings)
        self._form.show(
            draft,
            questions,
            self._mistakes(draft),
            {q.key: _origin(q, draft) for q in questions if q.key in draft.suggested},
            tells_all=self._was_left,
        )

    def _show_heading(self, shown: int) -> None:
        every = len(self._step.questions)
        if self.setup.is_expert:
            view = _("all {all} questions, F2 shows fewer")
        elif shown < every:
            view = _("{shown} of {all} questions, F2 shows all")
        else:
            view = _("{all} questions")
        words = Content.assemble(
            Content(self._step.title).stylize("bold"),
            Content("  " + view.format(shown=shown, all=every)).stylize("$text-muted"),
            Content(f"\n{self._step.why}"),
        )
        if self._heading.content != words:
            self._heading.update(words)

    def _show_findings(self, draft: Draft, surroundings: Surroundings) -> None:
        found = {finding.id: finding for finding in self._step.findings(draft, surroundings)}
        accepted = accepted_ids(draft)
        for id_ in [id_ for id_ in self._findings if id_ not in found]:
            self._findings.pop(id_).remove()
        container = self.query_one(f"#{self.id}-findings")
        for id_, finding in found.items():
            if id_ not in self._findings:
                self._findings[id_] = FindingView(finding)
                container.mount(self._findings[id_])
            self._findings[id_].show(finding, is_accepted=id_ in accepted)

    def _mistakes(self, draft: Draft) -> Mapping[str, list[tuple[str, str]]]:
        """By the key of the question that they belong to."""
        found: dict[str, list[tuple[str, str]]] = {}
        for key, words in self._step.mistakes(draft).items():
            if question := self._step.question_at(key):
                found.setdefault(question.key, []).append((key, words))
        return found


def _origin(question: Question, draft: Draft) -> str:
    """Where a suggestion comes from: from the machine, unless it is the same whatever the machine is."""
    if draft.value(question.key) in (None, "", []):
        return ""
    if question.suggest(draft, Surroundings()) == draft.value(question.key):
        return _("follows from your answers")
    return _("found on this machine")


def _not_accepted(draft: Draft, id_: str) -> Draft:
    kept = [each for each in draft.value("hardware.accept") if each != id_]
    return draft.with_value("hardware.accept", kept)
