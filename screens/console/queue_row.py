"""How a queued message looks on one line, and in a few."""

import time

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content

from backends.language import _
from backends.postfix.queue import QueuedMessage
from screens.amounts import short_age, short_size
from screens.console.moments import date_and_time

_ID, _STATE, _AGE, _SIZE = 15, 4, 4, 4
_LEFT = _ID + _STATE + _AGE + _SIZE + 4
_STATES = {
    "deferred": _("wait"),
    "hold": _("hold"),
    "active": _("send"),
    "incoming": _("new"),
    "maildrop": _("new"),
}
_NARROWEST = 6


def column_titles(width: int) -> Text:
    """The line above the list."""
    titles = (_("From"), _("To"), _("Why it waits"))
    left = f"{_fit(_('Id'), _ID)} {_fit(_('Is'), _STATE)} {_('Age'):>{_AGE}} {_('Size'):>{_SIZE}}"
    return Text(_line(left, titles, width), no_wrap=True, end="")


def message_line(message: QueuedMessage, width: int) -> Text:
    """Id, state, age, size, sender, recipients and reason, in columns that share `width` cells."""
    state = _STATES.get(message.queue, message.queue)
    age = short_age(time.time() - message.arrived_at)
    size = short_size(message.size_bytes) if message.is_read else "…"
    left = f"{_fit(message.queue_id, _ID)} {_fit(state, _STATE)} {age:>{_AGE}} {size:>{_SIZE}}"
    return Text(_line(left, (sender_of(message), _recipients(message), message.reason), width), end="")


def message_details(message: QueuedMessage) -> Content:
    """The message under the cursor: what the columns had no room for."""
    age = short_age(time.time() - message.arrived_at)
    first = _("{id}  {queue}  arrived {time} ({age} ago)").format(
        id=message.queue_id, queue=message.queue, time=date_and_time(message.arrived), age=age
    )
    if not message.is_read:
        return Content("\n".join([first, _("Postfix has yet to open it.")]))
    size = _("{count} bytes").format(count=f"{message.size_bytes:,}")
    way = _("from {sender} to {recipients}").format(
        sender=sender_of(message), recipients=recipients_in_words(message)
    )
    return Content("\n".join([f"{first}  {size}", way, message.reason]))


def sender_of(message: QueuedMessage) -> str:
    """The envelope sender as people write it; `<>` for a bounce."""
    return message.sender or ("<>" if message.is_read else "…")


def recipients_in_words(message: QueuedMessage) -> str:
    """The first recipient, and how many more there are."""
    if not message.is_read:
        return "…"
    first, others = message.recipients[:1], len(message.recipients) - 1
    if others < 1:
        return "".join(first)
    return _("{first} and {count} more").format(first=first[0], count=others)


def _recipients(message: QueuedMessage) -> str:
    """The same in few cells, the number where it is not cut."""
    others = len(message.recipients) - 1
    return f"+{others} {message.recipients[0]}" if others > 0 else "".join(message.recipients)


def _line(left: str, columns: tuple[str, str, str], width: int) -> str:
    room = max(3 * _NARROWEST, width - _LEFT - 2)
    first = second = max(_NARROWEST, min(40, room * 7 // 20))
    sender, to, reason = columns
    return f"{left} {_fit(sender, first)} {_fit(to, second)} {_fit(reason, room - first - second)}"


def _fit(text: str, width: int) -> str:
    """The text in so many cells, with an ellipsis where it is cut."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"
