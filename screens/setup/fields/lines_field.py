"""A list of texts, one in each line."""

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import TextArea

from backends.language import _
from screens.setup.fields.field import Field
from screens.widgets.text_lines import TextLines
from wizard.draft import Draft
from wizard.steps.question import Question


class LinesField(Field):
    """For LINES."""

    def __init__(self, question: Question, key: str) -> None:
        super().__init__(question, key)
        self._known: object = []
        self._read = ""
        self._lines = TextLines()

    def controls(self) -> ComposeResult:
        """The lines."""
        yield self._lines

    @property
    def target(self) -> Widget:
        """The lines."""
        return self._lines

    def put(self, draft: Draft) -> None:
        """What is typed stays as it is where it means the same, or is on its way to the draft."""
        if self._lines.text != self._read:
            return
        self._known = draft.value(self.key) or []
        if self.question.value_of(self._lines.text) != self._known:
            self._lines.put(self.question.text_of(self._known))
            self._read = self._lines.text

    def hint(self) -> str:
        """The entries that many have."""
        values = ", ".join(choice.value for choice in self.question.choices)
        return _("Many take: {values}").format(values=values) if values else ""

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._read = self._lines.text
        value = self.question.value_of(self._lines.text)
        if value != self._known:
            self._known = value
            self.answer(lambda draft: draft.with_value(self.key, value))

    def on_descendant_blur(self) -> None:
        """Lines that say nothing go when the focus has left."""
        if self._lines.text == self._read and self._read != self.question.text_of(self._known):
            self._lines.put(self.question.text_of(self._known))
            self._read = self._lines.text

    @on(TextLines.Refused)
    def _not_taken(self, event: TextLines.Refused) -> None:
        event.stop()
        self.refuse(event.reason)
