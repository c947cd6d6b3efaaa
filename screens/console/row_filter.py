"""What `/` understands in every list: words that all have to be there, and words that must not."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def rows_with(rows: Sequence[Row], wanted: str, text_of: Callable[[Row], str]) -> Sequence[Row]:
    """The rows whose text holds each word of `wanted`, whatever its case, and none of those that begin
    with `!`.
    """
    words = wanted.casefold().split()
    present = [word for word in words if not word.startswith("!")]
    absent = [word[1:] for word in words if word.startswith("!") and len(word) > 1]
    if not (present or absent):
        return rows

    def fits(row: Row) -> bool:
        text = text_of(row).casefold()
        return all(word in text for word in present) and not any(word in text for word in absent)

    return [row for row in rows if fits(row)]
