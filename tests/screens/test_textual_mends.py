"""What is mended in Textual stays mended."""

import weakref

from textual._styles_cache import StylesCache
from textual.color import Color

from screens.textual_mends import let_widgets_go


def test_the_picture_of_a_widget_goes_with_it() -> None:
    let_widgets_go()
    let_widgets_go()  # once for every app
    cache = StylesCache()
    inner, outer = cache.get_inner_outer(Color(0, 0, 0), Color(255, 255, 255))
    picture = weakref.ref(cache)
    del cache

    assert (inner.background, outer.background) == (Color(255, 255, 255), Color(0, 0, 0))
    assert picture() is None
