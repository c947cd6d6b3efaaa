"""Whether the service answers."""

import socket

from backends.checks import Finding, fail, ok
from backends.language import _
from backends.mends import restart
from backends.text import clean
from backends.tls_policy.settings import SERVICE, SOCKET

_PATIENCE = 10.0
_QUESTION = b"18:domain [127.0.0.1],"
"""Known without a look at the DNS: an address in brackets is no mail domain."""
_ANSWER = b"9:NOTFOUND ,"


def answers() -> Finding:
    """Ask as Postfix does (socketmap_table(5))."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE)
            connection.connect(SOCKET)
            connection.sendall(_QUESTION)
            said = connection.recv(len(_ANSWER), socket.MSG_WAITALL)
        seen = clean(said) or _("the connection was closed")
    except OSError as problem:
        said, seen = b"", f"{SOCKET}: {problem.strerror or problem}"
    if said == _ANSWER:
        return ok(_("it answers on {socket}").format(socket=SOCKET))
    mend = _("mail to others waits until then: journalctl -u {unit}").format(unit=SERVICE.unit)
    return fail(seen, _("an answer"), mend, restart(SERVICE.names))
