"""What is mended in Textual 8.2 from outside, until it does it itself."""

from textual._styles_cache import StylesCache
from textual.css.stylesheet import Stylesheet
from textual.geometry import Size
from textual.screen import Screen


class SteadyStylesheet(Stylesheet):
    """What was parsed stays so while no colour changes. Textual's own is parsed anew with each screen
    and each theme that is set: four times before the first paint.
    """

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take these colours; what was parsed with others is forgotten."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse what has come since. Raises StylesheetParseError."""
        self.parse()


class SteadyScreen(Screen[None]):
    """Stays as it is laid out while its size stays. Textual lays a screen out anew, all of it, with each
    dialog that opens above.
    """

    _laid_out_for: Size | None = None

    def _screen_resized(self, size: Size) -> None:
        if size != self._laid_out_for:
            super()._screen_resized(size)
            self._laid_out_for = size if self.stack_updates and self.is_attached else None


def let_widgets_go() -> None:
    """Cache two colours by the colours alone. Textual takes the widget's whole picture into the key, and so
    keeps up to a thousand pictures of widgets that are gone (issue 6665 of Textualize/textual); Python's
    collector goes through all of them while a key waits.
    """
    cached = StylesCache.__dict__["get_inner_outer"]
    if not isinstance(cached, classmethod):
        StylesCache.get_inner_outer = classmethod(cached)  # type: ignore[assignment]
