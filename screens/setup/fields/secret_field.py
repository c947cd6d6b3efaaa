"""Where a secret comes from: made here, typed, or from a place that is named."""

from threading import Thread

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from backends.language import _
from screens.setup.fields.field import Field
from screens.widgets.choice_list import ChoiceList, Option
from screens.widgets.safe_input import SafeInput
from wizard.draft import Draft
from wizard.steps.question import Question
from wizard.typed_passwords import password_problem

_TYPED = "typed"
_PLACES = ("secret", "file", "env")
_NOTHING = "secret:"
"""A reference to no secret: a mistake, until the person has typed one."""


class SecretField(Field):
    """For SECRET. What is typed is masked, judged while it is typed, and kept in memory only."""

    def __init__(self, question: Question, key: str) -> None:
        super().__init__(question, key)
        self._list = ChoiceList(_options(question))
        self._input = SafeInput()
        self._source = ""
        self._known: object = None
        self._read = ""
        self._draft = Draft()
        self._problem = ""

    def controls(self) -> ComposeResult:
        """The sources, and a line for the secret or its place."""
        yield self._list
        yield self._input

    @property
    def target(self) -> Widget:
        """The sources."""
        return self._list

    @property
    def mending_target(self) -> Widget:
        """The line, where there is one."""
        return self._input if self._input.display else self._list

    def put(self, draft: Draft) -> None:
        """As the draft says, unless what was typed is on its way to it."""
        self._draft = draft
        if self._input.value != self._read:
            return
        self._known = draft.value(self.key)
        if self._known == _NOTHING and self._source in {_TYPED, "secret"}:
            return
        source, text = _read(draft, self.key)
        if (source, text) != (self._source, self._input.value):
            self._show_source(source, text)
        if source == _TYPED:
            self._problem = password_problem(text, draft, self.key)

    def own_mistake(self) -> str:
        """What is wrong with the secret that was typed."""
        return self._problem if self._source == _TYPED else ""

    def remark(self) -> str:
        """Where a secret that is typed goes."""
        if self._source == _TYPED and not self._problem:
            return _("Good. It is kept in memory until you install.")
        return ""

    @on(ChoiceList.Changed)
    def _source_taken(self, event: ChoiceList.Changed) -> None:
        event.stop()
        self._show_source(event.value, "")
        if event.value == _TYPED:
            # zxcvbn takes 100 ms to load: now, not at the first key
            Thread(target=password_problem, args=("four words not guessed", Draft()), daemon=True).start()
        if event.value != "generate":
            self._input.focus()
        self._tell("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._read = self._input.value
        self._tell(self._input.value)

    @on(SafeInput.Refused)
    def _not_taken(self, event: SafeInput.Refused) -> None:
        event.stop()
        self.refuse(event.reason)

    def _tell(self, text: str) -> None:
        source = self._source
        if source == _TYPED:
            self._problem = password_problem(text, self._draft, self.key)
        if source == _TYPED and text:
            self.answer(lambda draft: draft.with_secret(self.key, text))
            return
        reference = {"generate": "generate", _TYPED: _NOTHING}.get(source, f"{source}:{text.strip()}")
        if reference != self._known:
            self._known = reference
            self.answer(lambda draft: draft.with_value(self.key, reference))

    def _show_source(self, source: str, text: str) -> None:
        self._source = source
        self._list.put(source)
        self._input.display = source != "generate"
        self._input.password = source == _TYPED
        self._input.put(text)
        self._read = self._input.value


def _options(question: Question) -> list[Option]:
    """What the question offers (`generate`, where the server can make the secret itself), and the places."""
    made = [(choice.value, choice.label, choice.why) for choice in question.choices]
    return [
        *made,
        (_TYPED, _("Type one"), ""),
        ("secret", _("One that is here"), _("name of a file in /etc/mailstead/secrets")),
        ("file", _("From a file"), _("its whole path")),
        ("env", _("From the environment"), _("name of a variable")),
    ]


def _read(draft: Draft, key: str) -> tuple[str, str]:
    """The source that the draft says, and what stands in the line."""
    reference = str(draft.value(key) or "")
    if draft.is_typed(key):
        return _TYPED, draft.typed[reference.removeprefix("secret:")]
    source, colon, place = reference.partition(":")
    if reference == "generate":
        return reference, ""
    return (source, place) if colon and source in _PLACES else ("secret", reference)
