"""A name server on the loopback that knows one key, holds one zone, and refuses as it is told to."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.tsigkeyring
import dns.update

ZONE = "example.test"
KEY, SECRET = "update", "c2VjcmV0IG9mIHRoZSB1cGRhdGUga2V5IDMyIG9jdHM="


@dataclass
class Server:
    """What it holds under each name and type, and how it behaves. Change it while it runs."""

    port: int = 0
    held: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    refusing: dns.rcode.Rcode = dns.rcode.NOERROR
    tsig_error: int = 0
    is_unsigned: bool = False
    is_silent: bool = False
    is_authoritative: bool = True
    updates: list[dns.update.UpdateMessage] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes:
        """The reply to one message; none where it is silent."""
        if self.is_silent:
            return b""
        ring = dns.tsigkeyring.from_text({KEY: ("hmac-sha256", SECRET)})
        message = dns.message.from_wire(wire, keyring=ring)
        reply = dns.message.make_response(message, tsig_error=self.tsig_error)
        if self.tsig_error:
            reply.set_rcode(dns.rcode.NOTAUTH)
        elif isinstance(message, dns.update.UpdateMessage):
            reply.set_rcode(self.refusing)
            self.updates.append(message)
        elif not self.is_authoritative:
            reply.set_rcode(dns.rcode.REFUSED)
        else:
            self._fill(message, reply)
        if self.is_unsigned:
            plain = dns.message.make_response(dns.message.from_wire(wire, keyring=ring))
            plain.tsig = None
            return plain.to_wire()
        return reply.to_wire()

    def _fill(self, message: dns.message.Message, reply: dns.message.Message) -> None:
        name, kind = message.question[0].name, dns.rdatatype.to_text(message.question[0].rdtype)
        reply.flags |= dns.flags.AA
        values = self.held.get((name.to_text(omit_final_dot=True), kind))
        if values:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *values))
            return
        soa = dns.rrset.from_text(f"{ZONE}.", 60, "IN", "SOA", "ns.test. h.test. 1 3600 600 86400 60")
        (reply.answer if kind == "SOA" and name == soa.name else reply.authority).append(soa)


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server on a free port of 127.0.0.1, by UDP and TCP, within the block."""
    server = Server()

    class ByUdp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            if reply := server.answer(data):
                socket.sendto(reply, self.client_address)

    class ByTcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            wire = self.rfile.read(int.from_bytes(self.rfile.read(2)))
            if reply := server.answer(wire):
                self.wfile.write(len(reply).to_bytes(2) + reply)
            else:
                self.rfile.read(1)

    with (
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), ByTcp) as tcp,
        socketserver.ThreadingUDPServer(tcp.server_address[:2], ByUdp) as udp,
    ):
        server.port = tcp.server_address[1]
        tcp.daemon_threads = udp.daemon_threads = True
        for one in (tcp, udp):
            threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        tcp.shutdown()
        udp.shutdown()
