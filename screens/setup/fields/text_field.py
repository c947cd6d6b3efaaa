"""A line of text, or a number."""

from textual import on
from textual.app import ComposeResult
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input

from screens.setup.fields.field import Field
from screens.widgets.safe_input import SafeInput
from wizard.draft import Draft
from wizard.steps.question import Question


class TextField(Field):
    """For TEXT without choices, WHOLE and NUMBER."""

    def __init__(self, question: Question, key: str) -> None:
        super().__init__(question, key)
        self._known: object = None
        self._read = ""
        """What stood in the line when it was last looked at."""
        self._input = SafeInput(suggester=SuggestFromList([choice.value for choice in question.choices]))

    def controls(self) -> ComposeResult:
        """The line."""
        yield self._input

    @property
    def target(self) -> Widget:
        """The line."""
        return self._input

    def put(self, draft: Draft) -> None:
        """What is typed stays as it is where it means the same, or is on its way to the draft."""
        if self._input.value != self._read:
            return
        self._known = draft.value(self.key)
        if not self._says(self._known):
            self._input.put(self.question.text_of(self._known))
            self._read = self._input.value

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._read = self._input.value
        if not self._says(self._known):
            value = self._known = self.question.value_of(self._input.value)
            self.answer(lambda draft: draft.with_value(self.key, value))

    @on(SafeInput.Refused)
    def _not_taken(self, event: SafeInput.Refused) -> None:
        event.stop()
        self.refuse(event.reason)

    def _says(self, value: object) -> bool:
        """Whether what stands in the line means this value."""
        typed = self.question.value_of(self._input.value)
        return typed == value and type(typed) is type(value) if value is not None else not self._input.value
