"""The MTA-STS policy fetched over real TLS, from a web server on the loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.dns import policy_check
from backends.dns.mta_sts import policy_text
from backends.dns.policy_check import Fetched, fetch
from tests.issuer import Issuer, key_pem, pem

HOST = "mta-sts.example.test"
TEXT = policy_text("mail.example.test", "enforce")
OK = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(TEXT)}\r\n\r\n{TEXT}"


class Web:
    """A server that answers everything with the same, and its certificate."""

    def __init__(self, directory: Path, name: str = HOST) -> None:
        issuer = Issuer()
        key, certificate = issuer.issue(name)
        self.root = str(directory / "root.pem")
        Path(self.root).write_text(pem(issuer.root))
        (directory / "key.pem").write_text(key_pem(key))
        (directory / "chain.pem").write_text(pem(certificate, issuer.middle))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(directory / "chain.pem", directory / "key.pem")
        self.requests: list[bytes] = []

    @asynccontextmanager
    async def answering(self, answer: str, *, closes: bool = True) -> AsyncIterator[int]:
        """Listens at 127.0.0.1; gives the port."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer.encode())
            if closes:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self.context)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


async def test_it_is_asked_for_by_its_name_and_read(tmp_path: Path) -> None:
    web = Web(tmp_path)
    async with web.answering(OK) as port:
        assert await fetch(HOST, ["127.0.0.1"], web.root, port) == Fetched(200, "text/plain", "", TEXT)
    assert web.requests[0].startswith(
        b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.test\r\n"
    )


async def test_pieces_are_put_together(tmp_path: Path) -> None:
    web = Web(tmp_path)
    pieces = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nver\r\n4\r\nsion\r\n0\r\n\r\n"
    async with web.answering(pieces) as port:
        assert (await fetch(HOST, ["127.0.0.1"], web.root, port)).body == "version"


async def test_a_redirect_is_told_and_not_followed(tmp_path: Path) -> None:
    web = Web(tmp_path)
    async with web.answering("HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\x1b[2J\r\n\r\n") as port:
        found = await fetch(HOST, ["127.0.0.1"], web.root, port)
    assert (found.status, found.location) == (302, "https://127.0.0.1/␛[2J")
    assert len(web.requests) == 1


async def test_a_certificate_that_senders_do_not_trust_is_told(tmp_path: Path) -> None:
    web = Web(tmp_path)
    async with web.answering(OK) as port:
        assert "issuer certificate" in (await fetch(HOST, ["127.0.0.1"], "", port)).distrust


async def test_a_certificate_for_another_name_is_told(tmp_path: Path) -> None:
    web = Web(tmp_path, "www.example.test")
    async with web.answering(OK) as port:
        assert HOST in (await fetch(HOST, ["127.0.0.1"], web.root, port)).distrust


async def test_the_next_address_is_tried_where_one_refuses(tmp_path: Path) -> None:
    web = Web(tmp_path)
    async with web.answering(OK) as port:
        assert (await fetch(HOST, ["127.0.0.9", "127.0.0.1"], web.root, port)).status == 200
        assert (await fetch(HOST, ["127.0.0.9"], web.root, port)).problem


async def test_a_server_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_check, "_PATIENCE", 0.3)
    web = Web(tmp_path)
    async with web.answering("HTTP/1.1 200 OK\r\n", closes=False) as port:
        assert (await fetch(HOST, ["127.0.0.1"], web.root, port)).is_silent


@pytest.mark.parametrize("answer", ["", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
async def test_what_is_no_answer_is_a_problem(tmp_path: Path, answer: str) -> None:
    web = Web(tmp_path)
    async with web.answering(answer) as port:
        found = await fetch(HOST, ["127.0.0.1"], web.root, port)
    assert found.problem
    assert not found.is_silent


async def test_no_more_is_read_than_a_policy_may_have(tmp_path: Path) -> None:
    web = Web(tmp_path)
    async with web.answering("HTTP/1.1 200 OK\r\n\r\n" + "x" * (1 << 20)) as port:
        found = await fetch(HOST, ["127.0.0.1"], web.root, port)
    assert len(found.body) < 1 << 18
