"""What every field of a step has: a label, the value, why it matters, and what is wrong with it."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from backends.language import _
from backends.text import clean
from wizard.draft import Draft
from wizard.steps.question import Question

Change = Callable[[Draft], Draft]
_MISTAKES_SHOWN = 3


class Field(Vertical):
    """Shows one question. What a person answers is told as Changed; what the draft says is put in by
    `show()`, which leaves alone what already says the same, so that the cursor stays where it is.
    """

    class Changed(Message):
        """A person changed the answer."""

        def __init__(self, field: "Field", change: Change) -> None:
            super().__init__()
            self.field, self.change = field, change

    def __init__(self, question: Question, key: str) -> None:
        """`key` is where the answer stands in the draft: that of the question, or within a row."""
        super().__init__(classes="field")
        self.question, self.key = question, key
        self.is_touched = False
        self.shows_mistakes = False
        """Whether mistakes are told though nobody touched the field."""
        self._refused = ""
        self._mistakes: Sequence[str] = ()
        self._label = Static(classes="field-label")
        self._note = Static(classes="field-note")

    def controls(self) -> ComposeResult:
        """What the answer is given in."""
        raise NotImplementedError

    @property
    def target(self) -> Widget:
        """What gets the focus."""
        raise NotImplementedError

    @property
    def mending_target(self) -> Widget:
        """What gets the focus to mend a mistake."""
        return self.target

    def put(self, draft: Draft) -> None:
        """Show the draft's value, unless it is shown already."""
        raise NotImplementedError

    def own_mistake(self) -> str:
        """What is wrong with what was typed, where that is not in the draft; empty where nothing is."""
        return ""

    def hint(self) -> str:
        """What many answer, where that is worth a line."""
        return ""

    def remark(self) -> str:
        """What else there is to say, where nothing is wrong."""
        return ""

    def compose(self) -> ComposeResult:
        """The label, the value, the words below."""
        yield self._label
        yield from self.controls()
        yield self._note

    def show(self, draft: Draft, mistakes: Sequence[str] = (), origin: str = "") -> None:
        """Show what the draft says, what is wrong with it, and where it comes from."""
        self.put(draft)
        label = Content(self.question.label).stylize("bold")
        if origin:
            label = Content.assemble(label, Content(f"  {origin}").stylize("$text-muted"))
        self.show_label(label)
        self._mistakes = mistakes
        self._show_note()

    def show_label(self, label: Content) -> None:
        """Show the question's name."""
        _update(self._label, label)

    def answer(self, change: Change) -> None:
        """Tell what a person changed."""
        self.is_touched, self._refused = True, ""
        self.post_message(self.Changed(self, change))

    def refuse(self, reason: str) -> None:
        """Say why something that was typed was not taken."""
        self._refused = clean(reason)
        self._show_note()

    @property
    def is_wrong(self) -> bool:
        """Whether something is wrong here, told already or not."""
        return bool(self._mistakes or self.own_mistake())

    def _show_note(self) -> None:
        lines = [Content(words).stylize("$text-muted") for words in (self.question.why, self.hint()) if words]
        wrong = [self._refused] if self._refused else []
        if self.is_touched or self.shows_mistakes:
            own = self.own_mistake()
            wrong += [own] if own else [clean(words) for words in self._mistakes]
        if not wrong and (remark := self.remark()):
            lines.append(Content(remark).stylize("$text-success"))
        hidden = len(wrong) - _MISTAKES_SHOWN
        lines += [Content(f"! {words}").stylize("$text-error") for words in wrong[:_MISTAKES_SHOWN]]
        if hidden > 0:
            lines.append(Content(_("! and {count} more").format(count=hidden)).stylize("$text-error"))
        _update(self._note, Content("\n").join(lines))
        self.set_class(bool(wrong), "wrong")


def _update(static: Static, content: Content) -> None:
    """Lay out anew only what has changed."""
    if static.content != content:
        static.update(content)


def entries(mistakes: Sequence[tuple[str, str]], key: str, value: Any) -> list[str]:
    """Mistakes at a key or at entries of its list, in words: those at an entry name its line."""
    words = []
    for place, problem in mistakes:
        entry = place.removeprefix(f"{key}.")
        if isinstance(value, list) and entry.isdecimal():
            words.append(_("line {number}: {problem}").format(number=int(entry) + 1, problem=problem))
        else:
            words.append(problem)
    return words
