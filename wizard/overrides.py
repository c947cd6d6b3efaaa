"""Local additions that replays keep: /etc/mailstead/override/SYSTEM/."""

from collections.abc import Mapping
from pathlib import Path

OVERRIDES = Path("/etc/mailstead/override")

Overrides = Mapping[str, str]
"""Text by `SYSTEM/FILE`."""


def read_overrides(directory: Path = OVERRIDES) -> Overrides:
    """Every file two levels below the directory; bytes that are no UTF-8 become U+FFFD."""
    if not directory.is_dir():
        return {}
    found = (path for path in sorted(directory.glob("*/*")) if path.is_file())
    return {str(path.relative_to(directory)): path.read_text(errors="replace") for path in found}
