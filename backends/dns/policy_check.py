"""Whether the MTA-STS policy can be fetched as senders fetch it, and says what it should (RFC 8461)."""

import asyncio
import http.client
import io
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from backends.dns.judging import Judgement, Question, Standing
from backends.dns.mta_sts import POLICY_PATH, PolicyMode, policy_host, policy_text
from backends.dns.record import Need
from backends.language import _
from backends.text import clean

_PATIENCE = 5.0
"""Seconds for connecting, TLS and the answer; senders wait a minute (section 3.3)."""

_LONGEST = 64 * 1024
"""Bytes of a policy (section 3.2) with what comes before it."""


@dataclass(frozen=True)
class Fetched:
    """What came of asking for the policy. `problem` and `distrust` are words, empty where all went well."""

    status: int = 0
    content_type: str = ""
    location: str = ""
    body: str = ""
    problem: str = ""
    """Why there is no answer."""
    distrust: str = ""
    """Why senders would not believe the certificate."""
    is_silent: bool = False
    """Whether nothing came back, not even a refusal."""


async def fetch(host: str, addresses: Sequence[str], ca_file: str = "", port: int = 443) -> Fetched:
    """GET the policy by HTTPS from the first of these addresses that answers (section 3.3).

    Redirects are not followed. `ca_file` is what certificates may lead to besides what this machine trusts.
    All in all it takes no more than 5 seconds.
    """
    try:
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(ca_file)
        async with asyncio.timeout(_PATIENCE):
            return await _from_any(host, addresses, context, port)
    except TimeoutError:
        return Fetched(problem=_("no answer in {seconds:g} s").format(seconds=_PATIENCE), is_silent=True)
    except ssl.SSLCertVerificationError as problem:
        return Fetched(distrust=clean(problem.verify_message or str(problem), 200))
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Fetched(problem=clean(str(problem) or type(problem).__name__, 200))


async def _from_any(host: str, addresses: Sequence[str], context: ssl.SSLContext, port: int) -> Fetched:
    for number, address in enumerate(addresses, start=1):
        try:
            return _read(await _exchange(host, address, context, port))
        except OSError:
            if number == len(addresses):
                raise
    raise OSError(_("{host} has no address").format(host=host))


async def _exchange(host: str, address: str, context: ssl.SSLContext, port: int) -> bytes:
    """The whole answer, up to a limit."""
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=host)
    try:
        request = (
            f"GET {POLICY_PATH} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
        )
        writer.write(request.encode("ascii"))
        found = b""
        while len(found) < _LONGEST and (piece := await reader.read(_LONGEST)):
            found += piece
        return found
    finally:
        writer.transport.abort()


def _read(raw: bytes) -> Fetched:
    answer = http.client.HTTPResponse(cast("socket.socket", _Received(raw)))
    answer.begin()
    return Fetched(
        status=answer.status,
        content_type=clean(answer.getheader("Content-Type", ""), 100),
        location=clean(answer.getheader("Location", ""), 200),
        body=answer.read().decode("utf-8", errors="replace"),
    )


class _Received:
    """What was received: as much of a socket as the standard library's parser asks for."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_arguments: object, **_options: object) -> io.BytesIO:
        """A file, as a socket makes one."""
        return io.BytesIO(self._raw)


def judge_policy(domain: str, hostname: str, mode: PolicyMode, fetched: Fetched) -> Judgement:
    """How it stands with the policy of one domain."""
    question = Question(domain, f"https://{policy_host(domain)}{POLICY_PATH}", "policy", Need.RECOMMENDED)
    wanted = _shown(policy_text(hostname, mode))
    mend = _("see what serves this address: mailstead check nginx")
    if fetched.is_silent:
        return question.unasked(fetched.problem)
    if fetched.problem:
        return question.judged(Standing.MISSING, fetched.problem, wanted, mend)
    if fetched.distrust:
        seen = _("senders do not trust its certificate: {reason}").format(reason=fetched.distrust)
        mend = _("let a public authority issue the certificate for this name")
        return question.judged(Standing.WRONG, seen, wanted, mend)
    if fetched.status != http.HTTPStatus.OK:
        seen = f"{fetched.status} {fetched.location}".rstrip()
        if fetched.status // 100 == 3:
            seen = _("it leads elsewhere, where senders don't follow: {answer}").format(answer=seen)
            return question.judged(Standing.WRONG, seen, wanted, mend)
        return question.judged(Standing.MISSING, seen, wanted, mend)
    shown = _shown(fetched.body)
    if fetched.content_type.partition(";")[0].strip().lower() != "text/plain":
        seen = _("it is not plain text but {type}").format(type=fetched.content_type or "?")
        return question.judged(Standing.WRONG, seen, "text/plain", mend)
    if _fields(fetched.body) != _fields(policy_text(hostname, mode)):
        return question.judged(Standing.WRONG, shown, wanted, mend)
    return question.right(shown)


def _fields(text: str) -> list[tuple[str, str]]:
    """The policy's fields, in whatever order they are written; how long it is kept is a matter of taste."""
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    fields = sorted((name.strip().lower(), value.strip().lower()) for name, _colon, value in pairs)
    return [field for field in fields if field[0] != "max_age"]


def _shown(text: str) -> str:
    return ", ".join(line.strip() for line in text.splitlines() if line.strip())
