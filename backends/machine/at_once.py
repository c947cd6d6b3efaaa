"""Several slow looks at once, none of which may keep the others waiting."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def at_once(looks: Mapping[str, Callable[[], T]], patience: float) -> dict[str, T]:
    """What each of them gives, within so many seconds all together.

    One that is late or raises is left out. A late one is left behind in a thread that no program waits for
    when it ends.
    """
    found: dict[str, T] = {}
    threads = [
        threading.Thread(target=_look, args=(name, look, found), daemon=True) for name, look in looks.items()
    ]
    until = time.monotonic() + patience
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(found)


def _look(name: str, look: Callable[[], T], found: dict[str, T]) -> None:
    try:
        found[name] = look()
    except Exception:  # noqa: BLE001  whatever it was, what it looked for stays unknown
        return
