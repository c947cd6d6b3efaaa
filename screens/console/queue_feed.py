"""Gets the mail queue for the panel, off the event loop."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event

from backends.postfix.queue import QueueCounts, QueuedMessage, QueueReader, by_age, queue_counts
from backends.postfix.queue_names import list_names

_FIRST_AFTER, _OFTEN = 0.1, 1.0
"""Seconds until what has been read is worth showing: soon at first, then every second."""
_FEW = 2000


@dataclass(frozen=True)
class QueueSnapshot:
    """The queue, oldest message first, or with `is_complete` False what has been read of it so far."""

    messages: tuple[QueuedMessage, ...] = ()
    counts: QueueCounts = field(default_factory=partial(queue_counts, ()))
    is_complete: bool = False
    seconds: float = 0.0
    """How long the reading took."""


class QueueFeed:
    """Reads the queue each time it is asked. Postfix takes seconds to tell of 100,000 messages, so the first
    reading shows their names at once, and what is in them as it comes.
    """

    def __init__(self) -> None:
        self._reader = QueueReader()
        self._was_complete = False

    def read(self, show: Callable[[QueueSnapshot], None], stop: Event) -> QueueSnapshot:
        """The whole queue; raises CommandFailed. Blocks: call it in a thread. With `stop` set it ends early,
        with what it has.
        """
        begun = time.monotonic()
        due = begun + _FIRST_AFTER
        found: list[QueuedMessage] = []
        unread = {} if self._was_complete else _names()
        if unread:
            show(_snapshot(list(unread.values()), begun, is_complete=False))
        pieces = self._reader.read()
        for piece in pieces:
            found += piece
            if stop.is_set():
                pieces.close()
                break
            if not self._was_complete and time.monotonic() > due:
                for message in found:
                    unread.pop(message.queue_id, None)
                show(_snapshot([*found, *unread.values()], begun, is_complete=False))
                now = time.monotonic()
                due = now + min(_OFTEN, now - begun)
        else:
            self._was_complete = True
        return _snapshot(found, begun, is_complete=self._was_complete)


def with_moved(snapshot: QueueSnapshot, ids: Collection[str], queue: str | None) -> QueueSnapshot:
    """The snapshot with these messages in another queue, or without them where `queue` is None."""
    moved = set(ids)
    messages = tuple(
        message._replace(queue=queue) if queue and message.queue_id in moved else message
        for message in snapshot.messages
        if queue or message.queue_id not in moved
    )
    return replace(snapshot, messages=messages, counts=queue_counts(messages))


def _names() -> dict[str, QueuedMessage]:
    """Few messages are read as fast as their names; who may not look into the directories waits."""
    try:
        names = {message.queue_id: message for message in list_names()}
    except OSError:
        return {}
    return names if len(names) > _FEW else {}


def _snapshot(found: list[QueuedMessage], begun: float, *, is_complete: bool) -> QueueSnapshot:
    found.sort(key=by_age)
    messages = tuple(found)
    return QueueSnapshot(messages, queue_counts(messages), is_complete, time.monotonic() - begun)
