"""What panels with a list and a filter have in common."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from textual import on
from textual.widgets import Input

from screens.console.panel import Panel
from screens.widgets.filter_bar import FilterBar
from screens.widgets.line_view import LineView

Row = TypeVar("Row")


class ListPanel(Panel, Generic[Row]):
    """A panel of a LineView with a FilterBar; `show_rows()` puts what is known, and fits, into the list."""

    @property
    @abstractmethod
    def view(self) -> LineView[Row]:
        """The list."""

    @abstractmethod
    def show_rows(self) -> None:
        """Show what is known and fits the filter."""

    def open_filter(self) -> None:
        """Show where to type."""
        self.query_one(FilterBar).open()

    def go_to_first(self, fits: Callable[[Row], bool]) -> None:
        """The cursor to the first row that fits; the filter, which may hide it, is emptied."""
        self.query_one(FilterBar).value = ""
        self.show_rows()
        place = next((number for number, row in enumerate(self.view.rows) if fits(row)), None)
        if place is not None:
            self.view.go_to(place)

    @on(Input.Changed)
    def _filter(self) -> None:
        self.show_rows()

    @on(FilterBar.Left)
    def _to_the_list(self) -> None:
        self.view.focus()
