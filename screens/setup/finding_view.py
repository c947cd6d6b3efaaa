"""Something that has to be said before going on, with a word to go on all the same."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from backends.checks import Status
from backends.language import _
from backends.text import clean
from screens.widgets.toggle import Toggle
from wizard.steps.question import StepFinding

_COLOURS = {Status.FAIL: "$text-error", Status.WARN: "$text-warning"}


class FindingView(Vertical):
    """What was seen, what should be, and how to mend it; below that, where it may be accepted, a toggle."""

    WORDS: ClassVar[dict[Status, str]] = {
        Status.FAIL: _("problem"),
        Status.WARN: _("warning"),
        Status.OK: _("good"),
        Status.SKIP: _("not known"),
    }

    class Accepted(Message):
        """A person has read it and goes on, or takes that back."""

        def __init__(self, finding: StepFinding, is_accepted: bool) -> None:
            super().__init__()
            self.finding, self.is_accepted = finding, is_accepted

    def __init__(self, finding: StepFinding) -> None:
        super().__init__(classes="finding")
        self.finding = finding
        self._words = Static(_words(finding))
        self._toggle = Toggle(_("I have read this and go on with it"))
        self._toggle.display = _needs_word(finding)

    def compose(self) -> ComposeResult:
        """The words, the toggle."""
        yield self._words
        yield self._toggle

    def show(self, finding: StepFinding, *, is_accepted: bool) -> None:
        """Show it as it is now."""
        if finding != self.finding:
            self.finding = finding
            self._words.update(_words(finding))
            self._toggle.display = _needs_word(finding)
        self._toggle.is_on = is_accepted

    @on(Toggle.Changed)
    def _changed(self, event: Toggle.Changed) -> None:
        event.stop()
        self.post_message(self.Accepted(self.finding, event.is_on))


def _needs_word(finding: StepFinding) -> bool:
    return finding.is_acceptable and finding.status in _COLOURS


def _words(finding: StepFinding) -> Content:
    word = FindingView.WORDS[finding.status]
    colour = _COLOURS.get(finding.status, "")
    lines = [Content.assemble(Content(word).stylize(f"bold {colour}"), Content(f": {clean(finding.seen)}"))]
    if finding.status is Status.OK:
        needed = _("needed: {wanted}").format(wanted=clean(finding.wanted))
        return Content("\n").join([*lines, *([Content(needed)] if finding.wanted else [])])
    if finding.wanted:
        lines.append(Content(_("better: {wanted}").format(wanted=clean(finding.wanted))))
    if finding.mend:
        lines.append(Content(_("mend it: {mend}").format(mend=clean(finding.mend))))
    return Content("\n").join(lines)
