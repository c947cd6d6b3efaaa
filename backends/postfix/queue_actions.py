"""What can be done with messages in the queue (postsuper(1), postqueue(1)).

Each takes messages as the person saw them, and gives the ids of those that really were changed: a message
may have been delivered in the meantime, or be in a queue where there is nothing to do. Thousands take
minutes: `told` is called now and then with how many have been gone through.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from backends.errors import MailsteadError
from backends.language import _
from backends.machine.run import run
from backends.postfix.queue import QueuedMessage, list_queue
from backends.postfix.queue_id import is_unique, require_queue_id

Told = Callable[[int], None]

_BATCH = 500
_MANY = 500
"""From here on it is worth asking whether all deferred mail is meant, which one call tries again."""
_BATCH_TIMEOUT = 600.0
_AT_ONCE = "4"
_DONE = re.compile(r"postsuper: (\w+): (?:placed on hold|released from hold|removed)")


def _nobody(_count: int) -> None:
    """Nobody wants to know how far it is."""


def hold(messages: Sequence[QueuedMessage], told: Told = _nobody) -> tuple[str, ...]:
    """Let no attempt be made to deliver them, until they are released. Raises CommandFailed."""
    return _postsuper("-h", messages, told)


def release(messages: Sequence[QueuedMessage], told: Told = _nobody) -> tuple[str, ...]:
    """Let those on hold be delivered again, when Postfix next looks at its deferred mail."""
    return _postsuper("-H", messages, told)


def delete(messages: Sequence[QueuedMessage], told: Told = _nobody) -> tuple[str, ...]:
    """Take them out of the queue for good; nobody is told."""
    return _postsuper("-d", messages, told)


def retry(messages: Sequence[QueuedMessage], told: Told = _nobody) -> tuple[str, ...]:
    """Try at once to deliver those that are deferred; what is on hold has to be released first."""
    names = [require_queue_id(message.queue_id) for message in messages if message.queue == "deferred"]
    if len(names) > _MANY and set(names) >= {one.queue_id for one in list_queue() if one.queue == "deferred"}:
        run(["postqueue", "-f"])
        return tuple(names)
    return _in_batches(names, _retry_batch, told)


def _postsuper(option: str, messages: Sequence[QueuedMessage], told: Told) -> tuple[str, ...]:
    def batch(names: Sequence[str]) -> list[str]:
        done = run(["postsuper", option, "-"], stdin=_lines(names), timeout=_BATCH_TIMEOUT)
        asked = set(names)
        return [name for name in _DONE.findall(done.stderr.decode(errors="replace")) if name in asked]

    for message in messages:
        require_queue_id(message.queue_id)
    return _in_batches([message.queue_id for message in _still_there(messages)], batch, told)


def _retry_batch(names: Sequence[str]) -> list[str]:
    """One call for each, as postqueue(1) wants it; xargs(1) makes them without Python's cost of each."""
    run(["xargs", "-n", "1", "-P", _AT_ONCE, "postqueue", "-i"], stdin=_lines(names), timeout=_BATCH_TIMEOUT)
    return list(names)


def _still_there(messages: Sequence[QueuedMessage]) -> Sequence[QueuedMessage]:
    """The same messages; but of those with an id that may be used again, only what is still what was seen."""
    if all(is_unique(message.queue_id) for message in messages):
        return messages
    now = {message.queue_id: _identity(message) for message in list_queue()}
    return [
        message
        for message in messages
        if is_unique(message.queue_id) or now.get(message.queue_id) == _identity(message)
    ]


def _identity(message: QueuedMessage) -> tuple[int, int, str]:
    return message.arrived_at, message.size_bytes, message.sender


def _in_batches(
    names: Sequence[str], act: Callable[[Sequence[str]], list[str]], told: Told
) -> tuple[str, ...]:
    done: list[str] = []
    for start in range(0, len(names), _BATCH):
        told(start)
        try:
            done += act(names[start : start + _BATCH])
        except MailsteadError as problem:
            if done:
                words = _("{count} messages were done before this happened.").format(count=len(done))
                problem.seen = "\n".join(part for part in (problem.seen, words) if part)
            raise
    return tuple(done)


def _lines(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()
