"""QR codes (ISO/IEC 18004) for terminals, paper and web pages."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segno import QRCode

QUIET = 4
"""Modules of empty space that a reader wants on each side (section 9.1); many are content with one."""

_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""By whether the upper and the lower module of a pair are dark."""


def half_blocks(text: str, width: int) -> tuple[str, ...]:
    """Lines of block characters, two modules high each, dark on light; none where it is too wide."""
    rows = _rows(text, width)
    return tuple(
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip_longest(rows[::2], rows[1::2], fillvalue=[False] * len(rows))
    )


def ascii_blocks(text: str, width: int) -> tuple[str, ...]:
    """Lines for terminals without block characters: two signs a module; none where it is too wide."""
    return tuple("".join("##" if dark else "  " for dark in row) for row in _rows(text, width // 2))


def svg(text: str) -> str:
    """An <svg> element to stand in a page."""
    return _code(text).svg_inline(scale=5, border=QUIET)


def _rows(text: str, width: int) -> Sequence[list[bool]]:
    """The modules of each row, true for dark, with as much of the quiet space as there is room for."""
    code = _code(text)
    size = len(code.matrix)
    border = min(QUIET, (width - size) // 2)
    return list(_dark(code, border)) if border >= 1 else []


def _dark(code: "QRCode", border: int) -> Iterator[list[bool]]:
    for row in code.matrix_iter(border=border):
        yield [bool(module) for module in row]


def _code(text: str) -> "QRCode":
    import segno  # most commands show none

    return segno.make_qr(text, error="l", boost_error=True)
