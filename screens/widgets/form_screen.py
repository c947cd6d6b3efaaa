"""A few fields over what is shown, with what is wrong said while they are filled in."""

import asyncio
from typing import ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from backends.language import _
from screens.widgets.choice_list import ChoiceList
from screens.widgets.safe_input import SafeInput

T = TypeVar("T")


class FormScreen(ModalScreen[T | None]):
    """Gives what its fields hold, or None on escape. Enter in any field is the button at the right.

    A form lists its fields in `fields()`, says in `problem()` what is wrong with them (empty: nothing) and
    what is good to know in `advice()`, and makes its result in `result()`.
    """

    DEFAULT_CSS = """
    FormScreen { align: center middle; }
    FormScreen .form-row { height: auto; }
    FormScreen .form-label { width: 12; }
    FormScreen SafeInput { width: 1fr; height: 1; border: none; padding: 0; background: $boost; }
    FormScreen SafeInput:focus { border: none; background: $primary-muted; }
    FormScreen ChoiceList { width: 1fr; height: auto; }
    FormScreen #form-hint { height: auto; min-height: 2; margin: 1 0; }
    FormScreen #form-hint.wrong { color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", _("Cancel")),
        Binding("enter", "submit", _("Done"), show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, yes: str) -> None:
        super().__init__()
        self._title, self._yes = title, yes

    def fields(self) -> ComposeResult:
        """The rows: `yield self.row(_("Address"), SafeInput(id="address"))`."""
        yield from ()

    async def problem(self) -> str:
        """What is wrong with what the fields hold now; empty where nothing is."""
        return ""

    def is_begun(self) -> bool:
        """Whether enough is filled in to complain of the rest."""
        return True

    def advice(self) -> str:
        """What to know where nothing is wrong."""
        return ""

    def result(self) -> T:
        """What the form gives."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Title, fields, what is wrong, and two buttons."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._title), classes="dialog-title")
            yield from self.fields()
            yield Static(Content(self.advice()), id="form-hint")
            with Horizontal(classes="dialog-buttons"):
                yield Button(Content(_("Cancel")), id="form-cancel")
                yield Button(Content(self._yes), id="form-yes", variant="primary")

    @staticmethod
    def row(label: str, field: Widget, row_id: str | None = None) -> Widget:
        """A field with its label at the left."""
        return Horizontal(Static(Content(label), classes="form-label"), field, classes="form-row", id=row_id)

    def text_of(self, field: str) -> str:
        """What stands in this line, without white space around it."""
        return self.query_one(f"#{field}", SafeInput).value.strip()

    def action_cancel(self) -> None:
        """Leave without a result."""
        self.dismiss(None)

    @work(exclusive=True, group="submit", exit_on_error=False)
    async def action_submit(self) -> None:
        """Give the result, if nothing is wrong."""
        if problem := await self.problem():
            self._hint(problem, is_wrong=True)
        else:
            self.dismiss(self.result())

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "form-yes":
            self.action_submit()
        else:
            self.action_cancel()

    @on(SafeInput.Refused)
    def _refused(self, event: SafeInput.Refused) -> None:
        self._hint(event.reason, is_wrong=True)

    @on(Input.Changed)
    @on(ChoiceList.Changed)
    def _changed(self) -> None:
        self.changed()
        self._look()

    def changed(self) -> None:
        """For forms whose fields depend on each other."""

    @work(exclusive=True, group="look", exit_on_error=False)
    async def _look(self) -> None:
        await asyncio.sleep(0.1)  # a word is typed faster
        problem = await self.problem() if self.is_begun() else ""
        self._hint(problem or self.advice(), is_wrong=bool(problem))

    def _hint(self, text: str, *, is_wrong: bool) -> None:
        hint = self.query_one("#form-hint", Static)
        hint.set_class(is_wrong, "wrong")
        hint.update(Content(f"! {text}" if is_wrong else text))
