"""Which messages of the queue somebody means."""

import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from backends.errors import MailsteadError
from backends.language import _
from backends.postfix.queue import QUEUES, QueuedMessage

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WORD = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_BOUNCE = ("<>", "mailer-daemon")
"""What people write for the empty sender of bounces."""


class WrongFilter(MailsteadError):
    """Nobody can tell which messages are meant."""


@dataclass(frozen=True)
class QueueFilter:
    """Everything that is given has to hold; without anything every message matches.

    `sender`, `recipient`, `reason` and each of `words` are patterns without regard to case: text that
    occurs in it, or with `*` (any text) and `?` (any character) what the whole is like. A bounce has the
    sender `<>`. One matching recipient or reason is enough. `words` may occur anywhere: in the id, the
    addresses or a reason.
    """

    sender: str = ""
    recipient: str = ""
    reason: str = ""
    older_seconds: int = 0
    queue: str = ""
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return self != QueueFilter()

    def choose(self, messages: Iterable[QueuedMessage], now: float) -> tuple[QueuedMessage, ...]:
        """Those that match, in the same order; `now` is in seconds since 1970."""
        tests = self._tests(now)
        if not tests:
            return tuple(messages)
        if len(tests) == 1:
            return tuple(filter(tests[0], messages))
        return tuple([message for message in messages if all(test(message) for test in tests)])

    def _tests(self, now: float) -> list[Callable[[QueuedMessage], bool]]:
        """The cheapest first."""
        tests: list[Callable[[QueuedMessage], bool]] = []
        if self.queue:
            tests.append(lambda message: message.queue == self.queue)
        if self.older_seconds:
            tests.append(lambda message: now - message.arrived_at >= self.older_seconds)
        if self.sender:
            is_sender = _matcher(self.sender)
            tests.append(lambda message: any(map(is_sender, _senders(message))))
        if self.recipient:
            is_recipient = _matcher(self.recipient)
            tests.append(lambda message: any(map(is_recipient, message.recipients)))
        if self.reason:
            is_reason = _matcher(self.reason)
            tests.append(lambda message: any(map(is_reason, message.reasons)))
        tests += [_anywhere(word) for word in self.words]
        return tests


def parse_filter(text: str) -> QueueFilter:
    """What a person types: `from:anna to:*@example.test reason:"timed out" older:2h queue:hold word`.

    `sender:` is `from:`, `recipient:` is `to:`; a field without a value asks for nothing yet. Raises
    WrongFilter for an age or a queue that is none.
    """
    found: dict[str, str] = {}
    words: list[str] = []
    for name, quoted, bare in _WORD.findall(text):
        field = _FIELDS.get(name.lower(), "")
        value = quoted or bare
        if field:
            found[field] = value
        elif value and value.lower() not in _UNFINISHED:
            words.append(f"{name}:{value}" if name else value)
    older = found.get("older", "")
    queue = found.get("queue", "").lower()
    return QueueFilter(
        sender=found.get("sender", ""),
        recipient=found.get("recipient", ""),
        reason=found.get("reason", ""),
        older_seconds=parse_age(older) if older else 0,
        queue=_queue(queue) if queue else "",
        words=tuple(words),
    )


_FIELDS = {
    "sender": "sender",
    "from": "sender",
    "recipient": "recipient",
    "to": "recipient",
    "reason": "reason",
    "older": "older",
    "queue": "queue",
}
_UNFINISHED = frozenset(f"{name}:" for name in _FIELDS)


def parse_age(text: str) -> int:
    """Seconds, from a number and one of the units s, m, h, d, w, as in `2h`; raises WrongFilter."""
    found = re.fullmatch(r"(\d{1,8})([smhdw])", text.strip().lower())
    if not found:
        raise WrongFilter(_("An age is a number and s, m, h, d or w, like 2h."))
    return int(found[1]) * _SECONDS[found[2]]


def _queue(text: str) -> str:
    """The queue that this begins; raises WrongFilter."""
    names = [name for name in QUEUES if name.startswith(text)]
    if len(names) != 1:
        raise WrongFilter(_("The queues are {names}.").format(names=", ".join(QUEUES)))
    return names[0]


def _matcher(pattern: str) -> Callable[[str], bool]:
    wanted = pattern.lower()
    if "*" not in wanted and "?" not in wanted:
        return lambda text: wanted in text.lower()
    # A bracket is what address literals have. fnmatch's patterns never go back and forth for long.
    whole = re.compile(fnmatch.translate(wanted.replace("[", "[[]")))
    return lambda text: whole.fullmatch(text.lower()) is not None


def _anywhere(word: str) -> Callable[[QueuedMessage], bool]:
    matches = _matcher(word)
    return lambda message: (
        matches(message.queue_id)
        or any(map(matches, _senders(message)))
        or any(map(matches, message.recipients))
        or any(map(matches, message.reasons))
    )


def _senders(message: QueuedMessage) -> tuple[str, ...]:
    return (message.sender,) if message.sender or not message.is_read else _BOUNCE
