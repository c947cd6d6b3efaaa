"""What `/` understands in every list: words that all have to be there, and words that must not."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def folded(texts: Iterable[str]) -> list[str]:
    """Texts as they are compared, whatever their case; kept, so that 20,000 rows are filtered at each key."""
    return [text.casefold() for text in texts]


def rows_with(rows: Sequence[Row], wanted: str, texts: Sequence[str]) -> Sequence[Row]:
    """The rows whose text holds each word of `wanted` and none of those that begin with `!`; `texts` are
    theirs, folded, in the same order.
    """
    words = wanted.casefold().split()
    present = [word for word in words if not word.startswith("!")]
    absent = [word[1:] for word in words if word.startswith("!") and len(word) > 1]
    places: Iterable[int] = range(len(rows))
    for word in present:
        places = [place for place in places if word in texts[place]]
    for word in absent:
        places = [place for place in places if word not in texts[place]]
    return [rows[place] for place in places] if present or absent else rows
