"""One row of a list: a mailbox, an alias, a repository."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from backends.language import _
from backends.machine.surroundings import Surroundings
from screens.setup.fields.field import Field
from screens.setup.form import Form, FormScroll
from wizard.draft import Draft
from wizard.steps.question import Question

if TYPE_CHECKING:
    from screens.setup.setup_screen import SetupScreen


class RowDialog(ModalScreen["Draft | None"]):
    """Works on a draft of its own; gives it when the person takes the row, and None otherwise. A row with a
    mistake isn't taken.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", _("Cancel"), key_display="esc"),
        Binding("ctrl+s,ctrl+n", "take", _("Take it"), key_display="^s"),
        Binding("f1,ctrl+g,question_mark", "help", _("Help"), key_display="F1"),
    ]

    def __init__(self, draft: Draft, question: Question, place: int, *, is_new: bool) -> None:
        super().__init__()
        self._question, self._place, self._is_new = question, place, is_new
        self._row_key = f"{question.key}.{place}."
        self._draft = draft.with_row(question.key) if is_new else draft
        self._form = Form(question.columns, self._row_key)
        self._tells_all = not is_new

    def compose(self) -> ComposeResult:
        """The columns as fields, and two buttons."""
        title = f"{self._question.label}: " + (_("a new one") if self._is_new else str(self._place + 1))
        with Vertical(classes="dialog row-dialog"):
            yield Static(Content(title), classes="dialog-title")
            with FormScroll():
                yield self._form
                with Horizontal(classes="dialog-buttons"):
                    yield Button(_("Take it (ctrl+s)"), id="take", compact=True, variant="primary")
                    yield Button(_("Cancel (escape)"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """Suggest what can be suggested, and begin at the first column."""
        if self._is_new:
            self._suggest()
        self._show()
        self.call_after_refresh(self._form.fields[0].target.focus)

    def action_leave(self) -> None:
        """As if nothing was."""
        self.dismiss(None)

    def action_take(self) -> None:
        """Give the row, or tell what is wrong with it."""
        wrong = [field for field in self._form.fields if field.is_wrong]
        if not wrong:
            self.dismiss(self._draft)
            return
        self._tells_all = True
        self._show()
        wrong[0].mending_target.focus()

    def action_help(self) -> None:
        """Of the column that has the focus."""
        from screens.widgets.help_screen import HelpScreen

        field = next((field for field in self._form.fields if field.has_focus_within), None)
        question = field.question if field else self._question
        source = _("Source: {source}").format(source=question.source)
        self.app.push_screen(HelpScreen(question.label, f"{question.help}\n\n{source}"))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "take":
            self.action_take()
        else:
            self.action_leave()

    @on(Field.Changed)
    def _answered(self, event: Field.Changed) -> None:
        event.stop()
        self._draft = event.change(self._draft)
        self._show()

    def _show(self) -> None:
        mistakes: dict[str, list[tuple[str, str]]] = {}
        for key, words in self._draft.mistakes().items():
            if key.startswith(self._row_key):
                column = key.removeprefix(self._row_key).partition(".")[0]
                mistakes.setdefault(column, []).append((key, words))
        self._form.show(self._draft, self._question.columns, mistakes, {}, tells_all=self._tells_all)

    def _suggest(self) -> None:
        before = self._draft.without_row(self._question.key, self._place)
        surroundings = self._setup.surroundings or Surroundings()
        for column in self._question.columns:
            value = column.suggest(before, surroundings)
            if value is not None:
                self._draft = self._draft.with_value(f"{self._row_key}{column.key}", value)

    @property
    def _setup(self) -> "SetupScreen":
        return cast("SetupScreen", self.app.screen_stack[-2])
