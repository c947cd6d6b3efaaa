"""Name servers on the loopback's addresses, in a thread: slow ones, dead ones, and ones that say no."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from backends.dns.record import txt_strings

Held = dict[tuple[str, str], tuple[str, ...]]


@dataclass
class Servers:
    """What they hold, and how they behave. Change it while they run."""

    addresses: tuple[str, ...]
    port: int = 0
    held: Held = field(default_factory=dict)
    delay: float = 0
    """Seconds before each answer."""
    silent: set[str] = field(default_factory=set)
    """Servers that give no answer, and names that get none from any."""
    refusing: dict[str, dns.rcode.Rcode] = field(default_factory=dict)
    truncating: set[str] = field(default_factory=set)
    """Servers that want to be asked again over TCP, where nobody listens."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """The questions that were answered: by which server, for which name and type."""
    unheard: int = 0
    """Questions that got no answer."""

    def answer(self, server: str, wire: bytes) -> bytes:
        """The reply to one question."""
        question = dns.message.from_wire(wire)
        reply = dns.message.make_response(question)
        name, kind = question.question[0].name, question.question[0].rdtype
        self.asked.append((server, name.to_text(omit_final_dot=True), dns.rdatatype.to_text(kind)))
        reply.flags |= dns.flags.AA
        if server in self.refusing:
            reply.set_rcode(self.refusing[server])
            return reply.to_wire()
        alias = self.held.get((str(name).rstrip("."), "CNAME"))
        if alias and kind != dns.rdatatype.CNAME:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
            name = dns.name.from_text(alias[0])
        values = self.held.get((str(name).rstrip("."), dns.rdatatype.to_text(kind)))
        if values:
            texts = map(txt_strings, values) if kind == dns.rdatatype.TXT else values
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        elif not alias:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if server in self.truncating:
            reply.flags |= dns.flags.TC
        return reply.to_wire()


@contextlib.contextmanager
def serving(*addresses: str) -> Iterator[Servers]:
    """Servers at these addresses, all on one free port, within the block."""
    servers = Servers(addresses)
    loop = asyncio.new_event_loop()

    async def open_all() -> None:
        for address in addresses:
            transport, _protocol = await loop.create_datagram_endpoint(
                lambda address=address: _Server(servers, address),  # type: ignore[misc]
                local_addr=(address, servers.port),
            )
            servers.port = transport.get_extra_info("sockname")[1]

    loop.run_until_complete(open_all())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield servers
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class _Server(asyncio.DatagramProtocol):
    def __init__(self, servers: Servers, address: str) -> None:
        self._servers = servers
        self._address = address
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport
        name = dns.message.from_wire(data).question[0].name.to_text(omit_final_dot=True)
        if self._servers.silent.isdisjoint({self._address, name}):
            reply = self._servers.answer(self._address, data)
            asyncio.get_running_loop().call_later(self._servers.delay, self._transport.sendto, reply, addr)
        else:
            self._servers.unheard += 1
