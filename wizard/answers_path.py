"""Where in the answers a value stands: ("accounts", "mailboxes", 1, "address"), for people
accounts.mailboxes[1].address.
"""

import re
from collections.abc import Iterable

from backends.text import clean

Path = tuple[str | int, ...]
"""Keys of tables, and positions in arrays counted from 0."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")


def dotted(path: Path) -> str:
    """The path as a person reads it, safe to print whatever keys it has."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else f'"{clean(part, 40)}"')
    return text


def overlaps(path: Path, others: Iterable[Path]) -> bool:
    """Whether one of the others is this path, holds it, or lies within it."""
    return any(path[: len(other)] == other[: len(path)] for other in others)
