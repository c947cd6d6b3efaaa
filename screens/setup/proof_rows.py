"""A line of the page Proof."""

from dataclasses import dataclass
from typing import Literal

from rich.text import Text

Kind = Literal["title", "ok", "bad", "doubtful", "do", "text"]
_STYLES = {"title": "bold", "ok": "green", "bad": "bold red", "doubtful": "yellow", "do": "", "text": ""}
_MARKS = {"ok": "+ ", "bad": "! ", "doubtful": "? ", "do": "- "}


@dataclass(frozen=True)
class Row:
    """A line. `more` is said below the list while the cursor is on it; `copy` is what c copies."""

    kind: Kind
    text: str
    more: str = ""
    copy: str = ""
    number: int = 0


def draw(row: Row, width: int) -> Text:
    """The line with its mark, as far as it fits."""
    line = Text(f"{_MARKS.get(row.kind, '')}{row.text}", style=_STYLES[row.kind], no_wrap=True)
    line.truncate(width, overflow="ellipsis")
    return line
