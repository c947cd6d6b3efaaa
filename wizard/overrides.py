"""Local additions that replays keep: /etc/mailstead/override/SYSTEM/."""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from backends.adapter import Adapter

OVERRIDES = Path("/etc/mailstead/override")

_Any = TypeVar("_Any", bound=Adapter)

Overrides = Mapping[str, str]
"""Text by `SYSTEM/FILE`."""


def read_overrides(directory: Path = OVERRIDES) -> Overrides:
    """Every file two levels below the directory; bytes that are no UTF-8 become U+FFFD."""
    if not directory.is_dir():
        return {}
    found = (path for path in sorted(directory.glob("*/*")) if path.is_file())
    return {str(path.relative_to(directory)): path.read_text(errors="replace") for path in found}


def with_additions(adapter: _Any, overrides: Overrides) -> _Any:
    """The adapter, told of the files that its system includes by itself."""
    ours = {
        path.partition("/")[2]: text
        for path, text in overrides.items()
        if path.startswith(f"{adapter.name}/")
    }
    adapter.additions = tuple(
        (name, hashlib.sha256(text.encode()).hexdigest())
        for name, text in sorted(ours.items())
        if fnmatch(name, adapter.includes)
    )
    return adapter
