"""The name server that takes DNS UPDATE: for publishing, and for proofs to certificate authorities."""

import socket
from ipaddress import ip_address

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean


def address_of(server: str) -> str:
    """Its address, also where it is given by name: certbot's plug-in takes no name.

    Raises MailsteadError where it has none.
    """
    try:
        return str(ip_address(server))
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(server, 53, proto=socket.IPPROTO_TCP)[0][4][0])
    except OSError as problem:
        raise MailsteadError(
            _("{server} has no address; DNS updates go there").format(server=server),
            seen=clean(str(problem), 200),
            next_step=_("give [dns.rfc2136] server the address of the name server"),
        ) from problem
