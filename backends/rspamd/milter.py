"""A first word to a milter, to see whether it listens (the protocol of libmilter, version 6)."""

import socket
import struct

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

_NEGOTIATE, _QUIT = b"O", b"Q"
_ALL_ACTIONS = 0x1FF
_NO_STEPS = 0x7F


class NoMilterError(MailsteadError):
    """Nothing that speaks the milter protocol is behind the socket."""


def greet(path: str, timeout: float = 5) -> int:
    """The protocol version that the milter agrees to; raises NoMilterError."""
    offer = _NEGOTIATE + struct.pack("!III", 6, _ALL_ACTIONS, _NO_STEPS)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(path)
            connection.sendall(struct.pack("!I", len(offer)) + offer)
            with connection.makefile("rb") as answers:
                answer = answers.read(17)
            connection.sendall(struct.pack("!I", 1) + _QUIT)
    except OSError as problem:
        raise NoMilterError(
            _("the milter does not answer on {path}").format(path=path),
            seen=clean(str(problem)),
            next_step=_("see what the filter says: journalctl -u rspamd, or /var/log/mail.log"),
        ) from problem
    if len(answer) < 17 or answer[4:5] != _NEGOTIATE:
        raise NoMilterError(_("no milter is behind {path}").format(path=path), seen=clean(answer, 100))
    (version,) = struct.unpack("!I", answer[5:9])
    return int(version)
