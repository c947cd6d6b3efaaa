"""What is mended in Textual 8.2 from outside, until it does it itself."""

from textual._styles_cache import StylesCache
from textual.css.stylesheet import Stylesheet


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


def let_widgets_go() -> None:
    """Cache two colours by the colours alone. Textual takes the widget's whole picture into the key, and so
    keeps up to a thousand pictures of widgets that are gone (issue 6665 of Textualize/textual); Python's
    collector goes through all of them while a key waits.
    """
    cached = StylesCache.__dict__["get_inner_outer"]
    if not isinstance(cached, classmethod):
        StylesCache.get_inner_outer = classmethod(cached)  # type: ignore[assignment]
