"""Python's garbage is collected while nobody waits for a key.

A full collection looks at every object there is, of which a console has half a million: for 25 to 100 ms it
holds up a key. So here none begins by itself. What is in no cycle goes at once, as ever; the rest waits for a
pause in the typing.
"""

import gc
from time import monotonic

from screens.memory import give_back

_YOUNG, _MIDDLE, _NEVER = 700, 10, 1_000_000
"""Thresholds of gc.set_threshold(): often enough that the collections of what is young take milliseconds."""

_PAUSE = 2.0
_AGAIN = 10.0
_WHOLE_EVERY = 600.0
"""Seconds."""

_TOO_MUCH = 120
"""Collections of middle-aged objects after which a key has to wait: megabytes may have come together."""


class Garbage:
    """When to collect: `typed` with every key, and `collect` now and then."""

    def __init__(self) -> None:
        self._typed_at = self._whole_at = monotonic()
        self._collected_at = 0.0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """From here on no full collection begins by itself; what there is already stays."""
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        gc.freeze()

    def end(self) -> None:
        """Python collects by itself again."""
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def typed(self) -> None:
        """Somebody is at work."""
        self._typed_at = monotonic()

    def collect(self) -> None:
        """Collect in a pause, where there is anything new. What is left is looked at again in ten minutes."""
        now, grown = monotonic(), gc.get_count()[2]
        in_pause = now - self._typed_at >= _PAUSE and now - self._collected_at >= _AGAIN
        if not (grown and (in_pause or grown >= _TOO_MUCH)):
            return
        self._collected_at = now
        if now - self._whole_at >= _WHOLE_EVERY:
            self._whole_at = now
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        if in_pause:
            give_back()
