"""What is mended in Textual 8.2 from outside, until it does it itself."""

from textual._styles_cache import StylesCache


def let_widgets_go() -> None:
    """Cache two colours by the colours alone. Textual takes the widget's whole picture into the key, and so
    keeps up to a thousand pictures of widgets that are gone (issue 6665 of Textualize/textual); Python's
    collector goes through all of them while a key waits.
    """
    cached = StylesCache.__dict__["get_inner_outer"]
    if not isinstance(cached, classmethod):
        StylesCache.get_inner_outer = classmethod(cached)  # type: ignore[assignment]
