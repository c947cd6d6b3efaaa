"""The header of one message in the queue (postcat(1))."""

from collections.abc import Sequence
from contextlib import closing
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from itertools import takewhile

from backends.errors import CommandFailed, MailsteadError
from backends.language import _
from backends.machine.run import stream
from backends.postfix.queue_id import require_queue_id
from backends.text import clean

_MOST_BYTES = 1 << 16
_MOST_LINES = 500
_LONGEST_LINE = 2000


def read_headers(queue_id: str) -> tuple[str, ...]:
    """Its header lines as they are in the message, folded lines and all, cleaned: tabs have become spaces.

    The first 64 KiB and 500 lines of them; a last line `…` says that there are more. Raises WrongQueueId, and
    MailsteadError when the message has left the queue.
    """
    found = bytearray()
    command = ["postcat", "-qh", require_queue_id(queue_id)]
    try:
        with closing(stream(command, timeout=30)) as pieces:
            for piece in pieces:
                found += piece
                if len(found) > _MOST_BYTES:
                    break
    except CommandFailed as problem:
        if "No such file" not in problem.seen:
            raise
        raise MailsteadError(
            _("The message {id} has left the queue.").format(id=queue_id), tried=" ".join(command)
        ) from problem
    lines = found[:_MOST_BYTES].decode("utf-8", errors="replace").rstrip("\n").split("\n")
    shown = [clean(line.rstrip("\r").replace("\t", " "), _LONGEST_LINE) for line in lines[:_MOST_LINES]]
    is_cut = len(found) > _MOST_BYTES or len(lines) > _MOST_LINES
    return (*shown, "…") if is_cut else tuple(shown)


def subject_of(lines: Sequence[str]) -> str:
    """The subject as its reader would see it, with the encoded words of RFC 2047 decoded; cleaned. Empty
    where there is none.
    """
    start = next((n for n, line in enumerate(lines) if line.lower().startswith("subject:")), None)
    if start is None:
        return ""
    folded = takewhile(lambda line: line.startswith(" "), lines[start + 1 :])
    text = "".join([lines[start].partition(":")[2], *folded]).strip()
    try:
        return clean(str(make_header(decode_header(text))), _LONGEST_LINE)
    except (ValueError, LookupError, HeaderParseError):
        return clean(text, _LONGEST_LINE)
