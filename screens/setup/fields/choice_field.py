"""One of a few values; for TEXT also another one."""

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from backends.language import _
from screens.setup.fields.field import Field
from screens.widgets.choice_list import ChoiceList
from screens.widgets.safe_input import SafeInput
from wizard.draft import Draft
from wizard.steps.question import Kind, Question

_OTHER = "\0other"
"""No value of an answer."""


class ChoiceField(Field):
    """For CHOICE, and for TEXT with choices, which takes something else as well."""

    def __init__(self, question: Question, key: str) -> None:
        super().__init__(question, key)
        self._is_open = question.kind is Kind.TEXT
        self._known: object = None
        self._read = ""
        options = [(choice.value, choice.label, choice.why) for choice in question.choices]
        if self._is_open:
            options.append((_OTHER, _("Another, typed below"), ""))
        self._list = ChoiceList(options)
        self._input = SafeInput()
        self._input.display = False

    def controls(self) -> ComposeResult:
        """The choices, and the line for another one."""
        yield self._list
        if self._is_open:
            yield self._input

    @property
    def target(self) -> Widget:
        """The choices."""
        return self._list

    @property
    def mending_target(self) -> Widget:
        """The line, where there is one."""
        return self._input if self._input.display else self._list

    def put(self, draft: Draft) -> None:
        """As the draft says, unless what was typed is on its way to it."""
        if self._input.value != self._read:
            return
        self._known = draft.value(self.key)
        is_listed = any(choice.value == self._known for choice in self.question.choices)
        if self._is_open and self._list.value == _OTHER and self._input.value.strip() == self._known:
            return
        if self._is_open and not is_listed:
            self._list.put(_OTHER)
            self._put_typed(self.question.text_of(self._known))
        else:
            self._list.put(self.question.text_of(self._known))
        self._input.display = self._list.value == _OTHER

    @on(ChoiceList.Changed)
    def _taken(self, event: ChoiceList.Changed) -> None:
        event.stop()
        value = event.value
        self._input.display = value == _OTHER
        if value == _OTHER:
            self._put_typed("")
            self._input.focus()
            value = ""
        self.answer(lambda draft: draft.with_value(self.key, value))

    @on(ChoiceList.TakenAgain)
    def _taken_again(self, event: ChoiceList.TakenAgain) -> None:
        event.stop()
        if self._input.display:
            self._input.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._read = self._input.value
        value = self._input.value.strip()
        if self._list.value == _OTHER and value != self._known:
            self._known = value
            self.answer(lambda draft: draft.with_value(self.key, value))

    @on(SafeInput.Refused)
    def _not_taken(self, event: SafeInput.Refused) -> None:
        event.stop()
        self.refuse(event.reason)

    def _put_typed(self, text: str) -> None:
        self._input.put(text)
        self._read = self._input.value
