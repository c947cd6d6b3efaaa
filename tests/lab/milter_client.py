"""Hands a message to a milter as Postfix does, and gives what the milter wants done with it.

Runs inside a lab machine, with nothing but Python. The protocol is that of libmilter, version 6.
"""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

# What a milter may say in its first answer: that it gives no reply to a step (SMFIP_NR_…).
_NO_REPLY = {b"L": 0x80, b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"N": 0x40000, b"B": 0x80000}


@dataclass
class Verdict:
    """What came back: the letter and the text of the last answer, and the headers to add or take away."""

    action: str = ""
    reply: str = ""
    added: list[tuple[str, str]] = field(default_factory=list)
    removed: list[tuple[str, int]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        """The values of the headers to add that have this name."""
        return [value for header, value in self.added if header.lower() == name.lower()]


def submit(
    path: str,
    headers: Sequence[tuple[str, str]],
    body: str,
    *,
    sender: str,
    recipients: Sequence[str],
    client: str = "192.0.2.1",
    login: str = "",
    helo: str = "client.test",
) -> Verdict:
    """One message from `client`; with `login` from a user who has logged in."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(path)
        talk = _Talk(connection)
        talk.negotiate()
        talk.macros(b"C", {"j": "mail.example.test", "{daemon_name}": "smtpd"})
        talk.ask(b"C", client.encode() + b"\0" + b"4" + struct.pack("!H", 40000) + client.encode() + b"\0")
        talk.ask(b"H", helo.encode() + b"\0")
        talk.macros(
            b"M", {"i": "4TESTqueue", **({"{auth_authen}": login, "{auth_type}": "PLAIN"} if login else {})}
        )
        verdict = talk.ask(b"M", f"<{sender}>".encode() + b"\0")
        for recipient in recipients:
            verdict = verdict or talk.ask(b"R", f"<{recipient}>".encode() + b"\0")
        for name, value in headers:
            verdict = verdict or talk.ask(b"L", name.encode() + b"\0" + value.encode() + b"\0")
        verdict = verdict or talk.ask(b"N", b"") or talk.ask(b"B", body.encode())
        if verdict is None:
            talk.send(b"E", b"")
            verdict = talk.end()
        talk.send(b"Q", b"")
        return verdict


class _Talk:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._flags = 0

    def negotiate(self) -> None:
        self.send(b"O", struct.pack("!III", 6, 0x1FF, sum(_NO_REPLY.values())))
        _, answer = self.receive()
        _, _, self._flags = struct.unpack("!III", answer[:12])

    def send(self, command: bytes, data: bytes) -> None:
        self._connection.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def macros(self, command: bytes, values: dict[str, str]) -> None:
        self.send(b"D", command + b"".join(f"{k}\0{v}\0".encode() for k, v in values.items()))

    def receive(self) -> tuple[bytes, bytes]:
        (length,) = struct.unpack("!I", self._exactly(4))
        answer = self._exactly(length)
        return answer[:1], answer[1:]

    def ask(self, command: bytes, data: bytes) -> Verdict | None:
        """A step of the message; None while the milter wants to see more."""
        self.send(command, data)
        if self._flags & _NO_REPLY[command]:
            return None
        code, text = self.receive()
        return None if code == b"c" else Verdict(code.decode(), _text(text))

    def end(self) -> Verdict:
        verdict = Verdict()
        while True:
            code, data = self.receive()
            if code in {b"h", b"i"}:
                name, value, *_ = data[4 if code == b"i" else 0 :].split(b"\0")
                verdict.added.append((_text(name), _text(value)))
            elif code == b"m":
                (index,) = struct.unpack("!I", data[:4])
                verdict.removed.append((_text(data[4:].split(b"\0")[0]), index))
            elif code in {b"a", b"c", b"d", b"r", b"t", b"y"}:
                verdict.action, verdict.reply = code.decode(), _text(data)
                return verdict

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            piece = self._connection.recv(length - len(data))
            if not piece:
                raise EOFError("the milter hung up")
            data += piece
        return data


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="replace")
