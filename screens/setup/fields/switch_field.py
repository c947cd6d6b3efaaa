"""Yes or no."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from screens.setup.fields.field import Field
from screens.widgets.toggle import Toggle
from wizard.draft import Draft
from wizard.steps.question import Question


class SwitchField(Field):
    """For SWITCH."""

    def __init__(self, question: Question, key: str) -> None:
        super().__init__(question, key)
        self._toggle = Toggle(question.label)
        self._label.display = False

    def controls(self) -> ComposeResult:
        """The toggle."""
        yield self._toggle

    @property
    def target(self) -> Widget:
        """The toggle."""
        return self._toggle

    def show_label(self, label: Content) -> None:
        """The name stands behind the mark."""
        self._toggle.say(label)

    def put(self, draft: Draft) -> None:
        """As the draft says; what is no yes is a no, with its mistake below."""
        self._toggle.is_on = draft.value(self.key) is True

    @on(Toggle.Changed)
    def _changed(self, event: Toggle.Changed) -> None:
        event.stop()
        is_on = event.is_on
        self.answer(lambda draft: draft.with_value(self.key, is_on))
