"""Python's garbage is collected while nobody waits for a key.

A full collection looks at every object there is, of which a console has half a million: for 25 to 100 ms it
holds up a key. So here none begins by itself. What is in no cycle goes at once, as ever; the rest waits for a
pause in the typing.
"""

import gc
from time import monotonic

_NEVER = 1_000_000
"""A threshold of gc.set_threshold() that is not reached."""

_PAUSE = 2.0
_WHOLE_EVERY = 600.0
"""Seconds."""

_TOO_MUCH = 120
"""Collections of middle-aged objects after which a key has to wait: megabytes may have come together."""


class Garbage:
    """When to collect: `typed` with every key, and `collect` now and then."""

    def __init__(self) -> None:
        self._typed_at = self._whole_at = monotonic()
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """From here on no full collection begins by itself; what there is already stays."""
        young, middle, _old = self._before
        gc.set_threshold(young, middle, _NEVER)
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
        if not grown or (now - self._typed_at < _PAUSE and grown < _TOO_MUCH):
            return
        if now - self._whole_at >= _WHOLE_EVERY:
            self._whole_at = now
            gc.unfreeze()
        gc.collect()
        gc.freeze()
