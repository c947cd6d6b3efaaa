"""The fields of a step or of a row, and the keys that lead from one to the next."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Offset, Region
from textual.widget import Widget

from backends.language import _
from screens.setup.fields.field import Field, entries
from screens.setup.fields.making import field_for
from wizard.draft import Draft
from wizard.steps.question import Question


class Form(Vertical):
    """Fields are made when they are first shown, and then only shown or hidden. One that has the focus stays
    until it hasn't.
    """

    def __init__(self, questions: Sequence[Question], prefix: str = "") -> None:
        """`prefix` is where the questions stand in the draft: `accounts.mailboxes.3.` for those of a row."""
        super().__init__(classes="form")
        self._questions, self._prefix = questions, prefix
        self._fields: dict[str, Field] = {}
        self.has_leftover = False
        """Whether a field is only still there because it has the focus."""

    def show(
        self,
        draft: Draft,
        questions: Iterable[Question],
        mistakes: Mapping[str, Sequence[tuple[str, str]]],
        origins: Mapping[str, str],
        *,
        tells_all: bool,
    ) -> None:
        """Show these questions as the draft has them. By the key of a question: the mistakes in it, each with
        its own key, and where its value comes from. With `tells_all`, mistakes show in fields nobody touched.
        """
        wanted = {question.key for question in questions}
        if not self._fields:
            self._make([question for question in self._questions if question.key in wanted])
        self.has_leftover = False
        after: Field | None = None
        for question in reversed(self._questions):
            field = self._fields.get(question.key)
            if question.key in wanted and field is None:
                field = self._fields[question.key] = field_for(question, f"{self._prefix}{question.key}")
                self.mount(field, before=after)
            if field is None:
                continue
            after = field
            is_leftover = question.key not in wanted and field.has_focus_within
            self.has_leftover |= is_leftover
            field.display = question.key in wanted or is_leftover
            if field.display:
                field.shows_mistakes = tells_all
                value = draft.value(field.key)
                found = entries(mistakes.get(question.key, ()), field.key, value)
                field.show(draft, found, origins.get(question.key, ""))

    def _make(self, questions: Sequence[Question]) -> None:
        """All at once, which draws faster than one after the other."""
        for question in questions:
            self._fields[question.key] = field_for(question, f"{self._prefix}{question.key}")
        self.mount(*self._fields.values())

    @property
    def fields(self) -> tuple[Field, ...]:
        """Those that are shown, from top to bottom."""
        found = (self._fields.get(question.key) for question in self._questions)
        return tuple(field for field in found if field is not None and field.display)

    def field_at(self, key: str) -> Field | None:
        """The field of a question, as far as it was ever shown."""
        return self._fields.get(key)


class FormScroll(VerticalScroll, can_focus=False):
    """Up, down and enter lead through everything in it that takes the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", _("Field above"), show=False),
        Binding("down", "go(1)", _("Field below"), show=False),
        Binding("enter", "go(1)", _("Next field"), show=False),
    ]

    def action_go(self, by: int) -> None:
        """To the next one, or the one before; nowhere at the ends."""
        chain = [widget for widget in self.screen.focus_chain if self in widget.ancestors]
        here = next((n for n, widget in enumerate(chain) if widget.has_focus), None)
        if here is None:
            return
        if 0 <= here + by < len(chain):
            chain[here + by].focus()
        elif by < 0:
            self.scroll_home(animate=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The whole field comes into view, its words included."""
        whole = next((w for w in event.widget.ancestors_with_self if isinstance(w, Field)), event.widget)
        self.call_after_refresh(self._bring_into_view, whole)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The terminal's cursor goes along, for screen readers and input methods."""
        super().watch_scroll_y(old_value, new_value)
        self.call_after_refresh(self._place_terminal_cursor)

    def scroll_to_region(self, region: Region, *, center: bool = False, **how: Any) -> Offset:
        """As little as it takes. What takes the focus is centred by Textual, even before the page has its
        layout; here the whole field is brought into view instead.
        """
        return Offset() if center else super().scroll_to_region(region, **how)

    def _bring_into_view(self, widget: Widget) -> None:
        if not widget.is_attached:
            return
        bottom = widget.region.bottom - self.scrollable_content_region.y + self.scroll_offset.y
        if bottom <= self.scrollable_content_region.height:
            self.scroll_home(animate=False)  # what stands above the first fields is worth seeing
        else:
            self.scroll_to_widget(widget, animate=False)
        self._place_terminal_cursor()

    def _place_terminal_cursor(self) -> None:
        focused = self.app.focused
        place = getattr(focused, "cursor_screen_offset", None)
        if focused is not None and self in focused.ancestors and place is not None:
            self.app.cursor_position = place
