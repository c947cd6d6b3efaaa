"""The service that Postfix asks: socketmap_table(5) on a unix socket."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from backends.dns.asking import Network
from backends.dns.policy_check import fetch
from backends.text import clean
from backends.tls_policy.deciding import Deciding
from backends.tls_policy.memory import Memory

_LONGEST = 1000
"""Bytes of a question; Postfix asks for names only."""
_IDLE = 300.0
"""Seconds after which a connection without questions ends; Postfix ends its own after ten."""
_PATIENCE = 60.0
"""Seconds for an answer; Postfix waits for a hundred."""
_WAITING = 200
"""Clients that may wait to be let in: Postfix has a hundred at most."""

Decide = Callable[[str], Awaitable[str]]


class BadQuestion(ValueError):
    """It is no netstring with a map's name and a key."""


async def read_question(reader: asyncio.StreamReader) -> str | None:
    """The key that is asked for; None at the end. Raises BadQuestion, IncompleteReadError, OSError."""
    try:
        length = await reader.readuntil(b":")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise BadQuestion from ended
        return None
    except asyncio.LimitOverrunError as endless:
        raise BadQuestion from endless
    digits = length[:-1]
    if not digits.isdigit() or len(digits) > 4 or int(digits) > _LONGEST:
        raise BadQuestion
    text = await reader.readexactly(int(digits) + 1)
    _map, space, key = text[:-1].decode("utf-8", errors="replace").partition(" ")
    if text[-1:] != b"," or not space:
        raise BadQuestion
    return key


def netstring(text: str) -> bytes:
    """An answer as it goes over the wire."""
    raw = text.encode()
    return b"%d:%s," % (len(raw), raw)


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, decide: Decide) -> None:
    """Answer one client's questions until it goes. What fails is answered too: Postfix tries again later."""
    try:
        while True:
            async with asyncio.timeout(_IDLE):
                key = await read_question(reader)
            if key is None:
                return
            writer.write(netstring(await _answer(key, decide)))
            await writer.drain()
    except (BadQuestion, OSError, asyncio.IncompleteReadError, TimeoutError):
        return
    finally:
        writer.transport.abort()


async def _answer(key: str, decide: Decide) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await decide(key)
    except TimeoutError:
        return "TEMP no answer in time"
    except Exception as problem:  # noqa: BLE001  whatever it is, mail waits instead of going unprotected
        _say(f"{key}: {type(problem).__name__}: {problem}")
        return "TEMP the policy could not be found out"
    return f"OK {found}" if found else "NOTFOUND "


def serve(path: Path, memory: Path, *, has_dane: bool) -> None:
    """Answer on this socket until SIGTERM. Raises OSError and sqlite3.Error where that can't begin."""
    with closing(_listening(path)) as listening, closing(Memory(memory)) as kept:
        deciding = Deciding(Network, fetch, kept, has_dane=has_dane, say=_say)
        asyncio.run(_serve(listening, deciding.decide))


def _listening(path: Path) -> socket.socket:
    """The socket, in the place of one that was left behind. Its directory says who may come that far."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o666)
    return listening


async def _serve(listening: socket.socket, decide: Decide) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await asyncio.start_unix_server(
        lambda reader, writer: answer_all(reader, writer, decide), sock=listening, backlog=_WAITING
    )
    async with server:
        await ended.wait()


def _say(text: str) -> None:
    """A line of the service's log."""
    sys.stderr.write(f"{clean(text, 500)}\n")
    sys.stderr.flush()
