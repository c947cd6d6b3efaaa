"""What the id of a message in the queue looks like (postconf(5), enable_long_queue_ids)."""

import re

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

_DIGITS = "0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y"
_LONG = re.compile(rf"[{_DIGITS}z]{{10,20}}z[{_DIGITS}]{{1,20}}")
"""The time in base 52, a z, the number of the file in base 51."""
_SHORT = re.compile(r"[0-9A-F]{6,30}")
"""Microseconds and the number of the file."""


class WrongQueueId(MailsteadError):
    """A text that is no queue id."""


def require_queue_id(text: str) -> str:
    """The text, if it can be the id of a message; raises WrongQueueId."""
    if _LONG.fullmatch(text) or _SHORT.fullmatch(text):
        return text
    raise WrongQueueId(
        _("{text} is no queue id").format(text=clean(text, 60)), next_step=_("mailstead queue list")
    )


def is_unique(queue_id: str) -> bool:
    """Whether no later message can get this id. That is so for long ones, which Mailstead's Postfix gives;
    mail from before it may have short ones.
    """
    return _LONG.fullmatch(queue_id) is not None
