"""What the names of files in the queue's directories tell: enough for a list that has to be there at once.

Postfix opens every message before it tells of it, which takes seconds where there are 100,000; their names
are read in a tenth of one.
"""

import os
from pathlib import Path

from backends.postfix.queue import UNREAD, QueuedMessage
from backends.postfix.queue_directories import SPOOL, arrival
from backends.postfix.queue_id import is_unique

_SHOWN_QUEUES = ("active", "deferred", "hold", "incoming")
_SECONDS = 6
"""Letters of a long id that tell the second of arrival."""


def list_names(spool: Path = SPOOL) -> list[QueuedMessage]:
    """Every message with a long id, in no order: its id, queue and arrival, `size_bytes` being UNREAD.

    Raises OSError where the queue can't be read.
    """
    seconds: dict[str, int] = {}
    return [
        QueuedMessage(name, queue, _arrived_at(name, seconds), UNREAD, "", (), ())
        for queue in _SHOWN_QUEUES
        for name in filter(is_unique, _names(spool / queue))
    ]


def _names(directory: Path) -> list[str]:
    """What is here and below: busy queues are spread over directories, each named by one letter of the id.

    Nothing is asked of single files, which would take as long as all the rest.
    """
    found = os.listdir(directory) if directory.exists() else []  # noqa: PTH208  no path of each
    for name in found[:]:
        if len(name) == 1:
            found += _names(directory / name)
    return found


def _arrived_at(queue_id: str, known: dict[str, int]) -> int:
    """Seconds since 1970; messages often come many a second."""
    letters = queue_id[:_SECONDS]
    if letters not in known:
        when = arrival(queue_id)
        known[letters] = int(when.timestamp()) if when else 0
    return known[letters]
