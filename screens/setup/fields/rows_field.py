"""A list of rows: mailboxes, aliases, repositories."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from backends.language import _, ngettext
from backends.text import clean
from screens.setup.fields.field import Field
from screens.widgets.line_view import LineView
from wizard.draft import Draft
from wizard.steps.question import Kind, Question

Row = tuple[int, dict[str, Any]]
"""Its place, and its keys with their values."""
_TALLEST = 8


class RowList(LineView[Row]):
    """The rows, one line each. Up and down leave it at its ends."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # the line below the list names them
        Binding("a,insert", "add", _("Add"), show=False),
        Binding("e", "choose", _("Edit"), show=False),
        Binding("d,delete", "remove", _("Remove"), show=False),
    ]

    class Add(Message):
        """The person wants a new row."""

    class Remove(Message):
        """The person wants this row gone."""

    def action_move(self, by: int) -> None:
        """Move, or leave at the ends."""
        if not 0 <= self.cursor + by < len(self.rows):
            raise SkipAction
        super().action_move(by)

    def action_choose(self) -> None:
        """Edit; with no row yet, add one."""
        if self.rows:
            super().action_choose()
        else:
            self.action_add()

    def action_add(self) -> None:
        """A new row."""
        self.post_message(self.Add())

    def action_remove(self) -> None:
        """The row under the cursor."""
        if self.row is not None:
            self.post_message(self.Remove())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Nothing to edit or to remove in an empty list."""
        return bool(self.rows) or action != "remove"


class RowsField(Field):
    """For ROWS. A row is edited in a dialog with a field for each of its columns."""

    def __init__(self, question: Question, key: str) -> None:
        super().__init__(question, key)
        self._list = RowList(self._draw, key=lambda row: row[0])
        self._hint = Static(classes="rows-hint")
        self._document: object = None
        self._widest: list[int] = []
        """Cells that the widest value of each column takes."""
        self._wrong: frozenset[int] = frozenset()
        self._draft = Draft()

    def controls(self) -> ComposeResult:
        """The list, and what can be done with it."""
        yield self._list
        yield self._hint

    @property
    def target(self) -> Widget:
        """The list."""
        return self._list

    def put(self, draft: Draft) -> None:
        """The rows, drawn anew only where they have changed: there may be a thousand."""
        self._draft = draft
        section, name = self.key.split(".")
        document = draft.document.get(section, {}).get(name)
        wrong = frozenset(_places(draft.mistakes(), self.key))
        if document is self._document and document is not None and wrong == self._wrong:
            return
        self._document, self._wrong = document, wrong
        rows = list(enumerate(draft.rows(self.key)))
        self._widest = [
            max((cell_len(_shown(column, row[column.key], draft)) for _place, row in rows), default=0)
            for column in self.question.columns
        ]
        self._list.show(rows)
        self._list.styles.height = max(1, min(len(rows), _TALLEST))
        self._hint.update(Content(_hint(len(rows))).stylize("$text-muted"))
        self._list.refresh_bindings()

    @on(RowList.Add)
    def _add(self, event: RowList.Add) -> None:
        event.stop()
        self._edit(len(self._list.rows), is_new=True)

    @on(LineView.Chosen)
    def _chosen(self, event: LineView.Chosen) -> None:
        event.stop()
        self._edit(self._list.cursor, is_new=False)

    @on(RowList.Remove)
    def _remove(self, event: RowList.Remove) -> None:
        event.stop()
        place = self._list.cursor
        self.answer(lambda draft: draft.without_row(self.key, place))

    @work(exclusive=True, group="row")
    async def _edit(self, place: int, *, is_new: bool) -> None:
        from screens.setup.row_dialog import RowDialog

        draft = self._draft
        edited = await self.app.push_screen_wait(RowDialog(draft, self.question, place, is_new=is_new))
        if edited is not None:
            self.answer(lambda _before: edited)
            self._list.call_after_refresh(self._list.go_to, place)

    def _draw(self, row: Row, width: int) -> Text:
        place, values = row
        mark = ("! " if place in self._wrong else "  ") if self._wrong else ""
        cells = [_shown(column, values.get(column.key), self._draft) for column in self.question.columns]
        widths = _shared(self._widest, width - len(mark))
        return Text(mark + "".join(_fitted(cell, room) for cell, room in zip(cells, widths, strict=True)))


def _shared(widest: Sequence[int], room: int) -> list[int]:
    """How many cells each column gets, blanks between them included: none more than it needs, as long as
    others need it.
    """
    given = [0] * len(widest)
    by_need = sorted(range(len(widest)), key=lambda n: widest[n])
    for done, number in enumerate(by_need):
        given[number] = min(widest[number] + 2, room // (len(by_need) - done))
        room -= given[number]
    return given


def _fitted(text: str, room: int) -> str:
    """Exactly as many cells, two blanks at the end; an ellipsis where something was cut."""
    room = max(0, room - 2)
    cut = set_cell_size(text, room)
    if cut.rstrip() != text.rstrip() and room:
        cut = set_cell_size(text, room - 1) + "…"
    return cut + "  "


def _shown(column: Question, value: object, draft: Draft) -> str:
    if column.kind is Kind.SECRET:
        name = str(value).removeprefix("secret:")
        if name in draft.typed:
            return _("typed")
        return next((c.label for c in column.choices if c.value == value), clean(str(value)))
    return ", ".join(clean(line) for line in column.text_of(value).split("\n"))


def _places(mistakes: Sequence[str] | Any, key: str) -> list[int]:
    """The rows that something is wrong with."""
    parts = [
        each.removeprefix(f"{key}.").partition(".")[0] for each in mistakes if each.startswith(f"{key}.")
    ]
    return [int(part) for part in parts if part.isdecimal()]


def _hint(count: int) -> str:
    if count == 0:
        return _("none yet; a adds one")
    return ngettext(
        "{count} row: a adds, enter edits, d removes", "{count} rows: a adds, enter edits, d removes", count
    ).format(count=count)
