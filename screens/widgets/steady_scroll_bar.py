"""A scroll bar for lists that grow many times a second."""

from collections.abc import Hashable
from math import ceil
from typing import Self

from textual.geometry import Region
from textual.scrollbar import ScrollBar

_PARTS = 8
"""Of a cell, in which a thumb begins and ends."""


class SteadyScrollBar(ScrollBar):
    """Is drawn when it looks different: over a slow line a column of cells counts, and with 10,000 lines the
    thumb hardly ever moves.
    """

    _drawn: Hashable = None

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw it, unless it would look as it does."""
        looks = self._looks() if self.is_mounted else None
        if repaint and looks is not None and looks == self._drawn and not (layout or recompose):
            return self
        self._drawn = looks
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _looks(self) -> Hashable:
        """Where the thumb is, as textual.scrollbar.ScrollBarRender reckons it, and its colours."""
        size, length, window = self.size.height, self.window_virtual_size, self.window_size
        if not size or not length or window >= length:
            place, thumb = 0.0, 0.0
        else:
            thumb = max(1.0, window * size / length)
            place = (size - thumb) * self.position / (length - window)
        return (
            int(place * _PARTS),
            ceil(thumb * _PARTS),
            self.size,
            self.mouse_over,
            self.grabbed is None,
            self.app.theme,
        )
