"""Requests to Rspamd's controller over its unix socket, in HTTP with JSON answers."""

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from backends.errors import MailsteadError
from backends.language import _
from backends.rspamd.settings import CONTROLLER_SOCKET
from backends.text import clean

_LONGEST_ANSWER = 16 << 20


class ControllerError(MailsteadError):
    """The controller does not answer, or refuses."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    socket_path: str = CONTROLLER_SOCKET,
    timeout: float = 30,
) -> dict[str, Any]:
    """The controller's JSON answer to a GET, or with a body to a POST; texts in it are not cleaned.

    Raises ControllerError.
    """
    connection = _UnixConnection(socket_path, timeout)
    try:
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        answer = connection.getresponse()
        text = answer.read(_LONGEST_ANSWER)
        found = json.loads(text) if text else {}
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise ControllerError(
            _("the filter does not answer on {socket_path}").format(socket_path=socket_path),
            seen=clean(str(problem)),
            next_step=_("see what it says: journalctl -u rspamd, or /var/log/mail.log"),
        ) from problem
    finally:
        connection.close()
    if answer.status >= 400 or not isinstance(found, dict):
        raise ControllerError(_("the filter refuses {path}").format(path=path), seen=clean(text, 300))
    return found


def scan(message: bytes, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the filter thinks of a message: `action`, `score`, `symbols` (each with its score and options)."""
    return request("/checkv2", message, headers)
