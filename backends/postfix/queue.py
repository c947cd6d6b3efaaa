"""The mail queue as `postqueue -j` tells it (postqueue(1))."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backends.errors import MailsteadError
from backends.machine.run import run
from backends.text import clean

_LONGEST_REASON = 500


@dataclass(frozen=True)
class QueuedRecipient:
    """Somebody who has yet to get a message, and why that did not happen so far."""

    address: str
    reason: str


@dataclass(frozen=True)
class QueuedMessage:
    """A message that has not reached everybody. `queue` is active, deferred, hold, incoming or maildrop."""

    queue_id: str
    queue: str
    arrived: datetime
    size_bytes: int
    sender: str
    """Empty for a bounce."""
    recipients: tuple[QueuedRecipient, ...]


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


def list_queue() -> tuple[QueuedMessage, ...]:
    """Every message in the queue, oldest first, cleaned; raises CommandFailed when Postfix is down."""
    return parse_queue(run(["postqueue", "-j"]).text)


def queue_counts(messages: tuple[QueuedMessage, ...] | None = None) -> QueueCounts:
    """The figures of these messages, or of the queue as it is now."""
    if messages is None:
        messages = list_queue()
    queues = [message.queue for message in messages]
    return QueueCounts(
        active=queues.count("active"),
        deferred=queues.count("deferred"),
        hold=queues.count("hold"),
        incoming=queues.count("incoming") + queues.count("maildrop"),
        size_bytes=sum(message.size_bytes for message in messages),
        oldest=min((message.arrived for message in messages), default=None),
    )


def parse_queue(text: str) -> tuple[QueuedMessage, ...]:
    """The messages in the output of `postqueue -j`, one JSON object a line; raises MailsteadError."""
    try:
        messages = [_message(json.loads(line)) for line in text.splitlines() if line.strip()]
    except (ValueError, KeyError, TypeError) as problem:
        raise MailsteadError(
            "postqueue says something that can't be read", tried="postqueue -j", seen=clean(str(problem), 200)
        ) from problem
    return tuple(sorted(messages, key=lambda message: message.arrived))


def _message(entry: dict[str, Any]) -> QueuedMessage:
    return QueuedMessage(
        queue_id=clean(entry["queue_id"]),
        queue=clean(entry["queue_name"]),
        arrived=datetime.fromtimestamp(entry["arrival_time"], UTC),
        size_bytes=int(entry["message_size"]),
        sender=_address(entry["sender"]),
        recipients=tuple(
            QueuedRecipient(_address(r["address"]), clean(r.get("delay_reason", ""), _LONGEST_REASON))
            for r in entry["recipients"]
        ),
    )


def _address(text: str) -> str:
    return "" if text == "MAILER-DAEMON" else clean(text)
