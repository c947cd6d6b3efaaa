"""The line that names the panels."""

import socket
from collections.abc import Sequence
from itertools import accumulate

from textual import events
from textual.content import Content
from textual.widgets import Static

from backends.language import _
from backends.text import clean
from screens.console.panels import PanelEntry


class Tabs(Static):
    """Each panel with its number, the one shown in brackets; a click shows another. The host's name stands at
    the right where there is room, and whether this console only looks. On a narrow screen the others are only
    numbers.
    """

    def __init__(self, entries: Sequence[PanelEntry]) -> None:
        super().__init__(id="tabs")
        self._entries = entries
        self._shown = ""
        self._ends: list[int] = []

    def show(self, name: str) -> None:
        """Mark this one."""
        self._shown = name
        self.refresh(layout=True)

    def render(self) -> Content:
        """The line, as wide as the screen."""
        parts = self._parts(has_titles=True)
        length = sum(part.cell_length for part in parts)
        only_looks = Content(_("read-only")) if getattr(self.app, "is_read_only", False) else Content("")
        if length + only_looks.cell_length + (2 if only_looks else 0) > self.size.width:
            parts = self._parts(has_titles=False)
            length = sum(part.cell_length for part in parts)
        self._ends = list(accumulate(part.cell_length for part in parts))
        right = clean(socket.gethostname(), 40)
        if getattr(self.app, "is_read_only", False):
            right = _("read-only") + " · " + right
        room = self.size.width - length - 1
        tail = Content(right).truncate(max(0, room), ellipsis=True) if room > 8 else Content("")
        gap = Content(" " * max(0, self.size.width - length - tail.cell_length))
        return Content("").join([*parts, gap, tail])

    def _parts(self, *, has_titles: bool) -> list[Content]:
        """Each panel's number and title; without titles only the one that is shown has its own."""
        parts = []
        for number, entry in enumerate(self._entries, 1):
            is_shown = entry.id == self._shown
            text = f"{number} {entry.title}" if has_titles or is_shown else str(number)
            parts.append(Content(f"[{text}]").stylize("bold reverse") if is_shown else Content(f" {text} "))
        return parts

    async def on_click(self, event: events.Click) -> None:
        """Show the panel under the mouse."""
        for entry, end in zip(self._entries, self._ends, strict=True):
            if event.x < end:
                await self.screen.run_action(f"show_panel('{entry.id}')")
                return
