"""The mail queue as `postqueue -j` tells it (postqueue(1)).

A queue may hold 100,000 messages: rows are light, reading costs some microseconds each, and those who show
them can begin before Postfix has told of the last.
"""

import json
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zlib import crc32

from backends.errors import MailsteadError
from backends.language import _
from backends.machine.run import stream
from backends.text import clean

QUEUES = ("active", "deferred", "hold", "incoming", "maildrop")
"""The queues that a message can be in (qmgr(8))."""

UNREAD = -1
"""The size of a message of which only the name is known so far (queue_names.py)."""

_LONGEST_REASON = 500
_READING_TIMEOUT = 300.0
_CRC_END = 1 << 32
_read = json.JSONDecoder(strict=False).decode
"""Takes bare control characters too: one strange message must not hide all the others."""


class QueuedMessage(NamedTuple):
    """A message that has not reached everybody. `queue` is one of QUEUES.

    A tuple, because 100,000 of them are made in less than half the time of frozen dataclasses.
    """

    queue_id: str
    queue: str
    arrived_at: int
    """Seconds since 1970, UTC."""
    size_bytes: int
    sender: str
    """Empty for a bounce."""
    recipients: tuple[str, ...]
    """Those who have yet to get it."""
    reasons: tuple[str, ...]
    """For each of them why that did not happen so far; empty where no attempt has failed yet."""

    @property
    def is_read(self) -> bool:
        """Whether more than its name is known."""
        return self.size_bytes != UNREAD

    @property
    def arrived(self) -> datetime:
        """When it came in."""
        return datetime.fromtimestamp(self.arrived_at, UTC)

    @property
    def reason(self) -> str:
        """The first of the reasons."""
        return next((reason for reason in self.reasons if reason), "")


@dataclass(frozen=True)
class QueueCounts:
    """How many messages are in each queue, their sizes together, and since when the oldest is there."""

    active: int
    deferred: int
    hold: int
    incoming: int
    size_bytes: int
    oldest: datetime | None

    @property
    def total(self) -> int:
        """All messages."""
        return self.active + self.deferred + self.hold + self.incoming


def by_age(message: QueuedMessage) -> float:
    """The key that sorts messages oldest first, those of one second always in the same order.

    A number, because 100,000 of them are sorted five times faster than pairs.
    """
    return message.arrived_at + crc32(message.queue_id.encode()) / _CRC_END


class QueueReader:
    """Reads the queue again and again: what is as it was at the last reading is not taken apart anew, and
    stays the same object.
    """

    def __init__(self) -> None:
        self._known: dict[int, QueuedMessage] = {}

    def read(self) -> Generator[list[QueuedMessage], None, None]:
        """Every message in no order, some hundred at a time, while Postfix is still reading its queue.

        Raises CommandFailed, after ten seconds where Postfix is down.
        """
        seen: dict[int, QueuedMessage] = {}
        for piece in stream(["postqueue", "-j"], timeout=_READING_TIMEOUT):
            yield [self._message(line, seen) for line in piece.split(b"\n") if line]
        self._known = seen

    def _message(self, line: bytes, seen: dict[int, QueuedMessage]) -> QueuedMessage:
        name = hash(line)
        message = self._known.get(name)
        if message is None or message.queue_id.encode() not in line:
            message = _message(line.decode("utf-8", errors="replace"))
        seen[name] = message
        return message


def list_queue() -> tuple[QueuedMessage, ...]:
    """Every message in the queue, oldest first, cleaned; raises CommandFailed where Postfix is down."""
    return tuple(sorted((message for piece in QueueReader().read() for message in piece), key=by_age))


def queue_counts(messages: Sequence[QueuedMessage] | None = None) -> QueueCounts:
    """The figures of these messages, or of the queue as it is now."""
    if messages is None:
        messages = list_queue()
    queues = [message.queue for message in messages]
    oldest = min((message.arrived_at for message in messages), default=None)
    return QueueCounts(
        active=queues.count("active"),
        deferred=queues.count("deferred"),
        hold=queues.count("hold"),
        incoming=queues.count("incoming") + queues.count("maildrop"),
        size_bytes=sum(message.size_bytes for message in messages if message.is_read),
        oldest=None if oldest is None else datetime.fromtimestamp(oldest, UTC),
    )


def parse_queue(text: str) -> tuple[QueuedMessage, ...]:
    """The messages in the output of `postqueue -j`, one JSON object a line; raises MailsteadError."""
    return tuple(sorted((_message(line) for line in text.split("\n") if line), key=by_age))


def _message(line: str) -> QueuedMessage:
    try:
        return _message_of(_read(line), is_plain=line.isascii() and line.isprintable() and "\\" not in line)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise MailsteadError(
            _("postqueue says something that can't be read"),
            tried="postqueue -j",
            seen=clean(str(problem), 200),
        ) from problem


def _message_of(entry: dict[str, Any], *, is_plain: bool) -> QueuedMessage:
    """`is_plain`: no character in here needs cleaning, since none of the JSON did."""
    safe = _cut if is_plain else clean
    sender, recipients = entry["sender"], entry["recipients"]
    return QueuedMessage(
        safe(entry["queue_id"]),
        sys.intern(safe(entry["queue_name"])),
        int(entry["arrival_time"]),
        int(entry["message_size"]),
        "" if sender == "MAILER-DAEMON" else sys.intern(safe(sender)),
        tuple([safe(one["address"]) for one in recipients]),
        tuple([sys.intern(safe(one.get("delay_reason", ""), _LONGEST_REASON)) for one in recipients]),
    )


def _cut(text: str, limit: int | None = None) -> str:
    return text if limit is None or len(text) <= limit else clean(text, limit)
