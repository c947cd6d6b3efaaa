"""A question to Redis over its socket, in its own protocol (RESP 2); enough for checks."""

import socket
from typing import BinaryIO

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

_LONGEST_ANSWER = 1 << 20


class RedisError(MailsteadError):
    """Redis does not answer, or answers with an error."""


def ask(path: str, *words: str, timeout: float = 5) -> str:
    """The text that Redis gives for a command; an integer as its digits, nothing as "".

    Raises RedisError, also when no answer comes within `timeout` seconds.
    """
    tried = clean(" ".join(words))
    command = b"*%d\r\n" % len(words)
    command += b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(command)
            with connection.makefile("rb") as answers:
                return _answer(answers, tried)
    except OSError as problem:
        raise RedisError(
            _("Redis does not answer on {path}").format(path=path),
            tried=tried,
            seen=clean(str(problem)),
            next_step=_("see what it says: journalctl -u redis-server@mail, or /var/log/syslog"),
        ) from problem


def _answer(answers: BinaryIO, tried: str) -> str:
    line = answers.readline(_LONGEST_ANSWER).rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind in {b"+", b":"}:
        return rest.decode(errors="replace")
    if kind == b"$" and int(rest) <= _LONGEST_ANSWER:
        return answers.read(max(int(rest), 0)).decode(errors="replace")
    raise RedisError(_("Redis refuses"), tried=tried, seen=clean(line, 200))
