"""Whether a service runs, and a port answers in the words of its protocol."""

import socket
import ssl
from collections.abc import Callable

from backends.checks import Check, Finding, fail, ok
from backends.language import _
from backends.machine.services import ServiceNames, service_manager
from backends.text import clean

PATIENCE = 15.0
"""Seconds until a port must answer: a mail server that was just started loads its filter and its tables."""

_ATTEMPT = 8.0
_LONGEST_GREETING = 512


def service_check(check_id: str, title: str, service: ServiceNames) -> Check:
    """A gate: that the service runs."""

    def find() -> Finding:
        (status,) = service_manager().statuses([service])
        if status.is_active:
            return ok(_("running"))
        seen = "not running" if status.is_known else "not known to this machine"
        return fail(
            seen, _("running"), _("systemctl restart {unit}; mailstead log").format(unit=service.unit)
        )

    return Check(check_id, title, find, is_gate=True)


def greeting_check(
    check_id: str, title: str, port: int, *, begins: str, has_tls: bool = False, host: str = "127.0.0.1"
) -> Check:
    """A gate: that the port greets with these words, inside TLS from the start with `has_tls`."""

    def find() -> Finding:
        try:
            words = greeting(host, port, has_tls=has_tls)
        except OSError as error:
            problem = f"port {port}: {error}"
        else:
            if words.startswith(begins):
                return ok(words)
            problem = f"port {port} says {words!r}"
        return fail(problem, f"{begins} …", _("look at the service's log: mailstead log"))

    return Check(check_id, title, find, is_gate=True, patience=PATIENCE)


def greeting(host: str, port: int, *, has_tls: bool, timeout: float = _ATTEMPT) -> str:
    """The first line that a server says, cleaned; raises OSError (ssl.SSLError is one)."""
    with socket.create_connection((host, port), timeout) as plain:
        if not has_tls:
            return _first_line(plain.recv)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as secured:
            return _first_line(secured.recv)


def _first_line(receive: Callable[[int], bytes]) -> str:
    said = b""
    while b"\n" not in said and len(said) < _LONGEST_GREETING:
        more = receive(_LONGEST_GREETING)
        if not more:
            break
        said += more
    return clean(said.split(b"\n", 1)[0].strip(b"\r"))
