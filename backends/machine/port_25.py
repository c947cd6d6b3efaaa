"""Whether this machine can reach other mail servers: many providers block port 25 on the way out."""

import errno
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from backends.language import _
from backends.machine.at_once import at_once
from backends.text import clean

PORT = 25
DOMAINS = ("gmail.com", "outlook.com")
"""Two whose servers are always there, of two operators, so that one's outage or dislike decides nothing."""
PATIENCE = 3.0
"""Seconds. RFC 5321 section 4.5.3.2.1 allows five minutes for a greeting; a person doesn't wait so long."""

_DNS_PATIENCE = 1.0
_GREETING_BYTES = 512


@dataclass(frozen=True)
class Port25:
    """Whether a connection to another mail server's port 25 came about."""

    is_open: bool | None
    """None where that could not be found out."""
    why: str
    """What was seen, in one line; empty where nobody looked."""


NOT_TRIED = Port25(None, "")
"""What is known where nobody looked."""


@dataclass(frozen=True)
class Exchanger:
    """A mail server of another domain: its name, and one of its addresses."""

    name: str
    address: str


def try_port_25(
    domains: Sequence[str] = DOMAINS,
    *,
    find: Callable[[str], Exchanger] | None = None,
    port: int = PORT,
    patience: float = PATIENCE,
) -> Port25:
    """Connect to a mail exchanger of each domain, all at once, and wait for its greeting.

    `find` gives the mail exchanger of a domain, or raises OSError with the reason; by default it asks the
    DNS. One server that greets is enough for yes; no needs all that could be found to be out of reach.
    """
    look_up = find or mail_exchanger
    tries = {domain: _Try(domain, look_up, port, patience) for domain in domains}
    found = at_once({domain: each.result for domain, each in tries.items()}, patience)
    results = [found[domain] for domain in domains if domain in found]
    for wanted in (True, False):
        if matching := [each for each in results if each.is_open is wanted]:
            return matching[0]
    if results:
        return results[0]
    seconds = f"{patience:g}"
    if any(each.is_connected for each in tries.values()):
        return Port25(None, _("no greeting within {seconds} seconds").format(seconds=seconds))
    if any(each.exchanger for each in tries.values()):
        return Port25(False, _("no answer within {seconds} seconds").format(seconds=seconds))
    return Port25(None, _("the DNS gave no answer within {seconds} seconds").format(seconds=seconds))


def mail_exchanger(domain: str) -> Exchanger:
    """The most preferred mail exchanger of a domain (RFC 5321 section 5.1); raises OSError."""
    import dns.exception
    import dns.resolver

    try:
        answers = dns.resolver.resolve(domain, "MX", lifetime=_DNS_PATIENCE)
        best = min(answers, key=lambda record: record.preference).exchange
        address = dns.resolver.resolve(best, "A", lifetime=_DNS_PATIENCE)[0].address
    except dns.exception.DNSException as problem:
        reason = _("the DNS names no mail server of {domain}").format(domain=domain)
        raise OSError(errno.EHOSTUNREACH, reason) from problem
    return Exchanger(clean(best.to_text(omit_final_dot=True), 100), address)


class _Try:
    """One connection. How far it came is known at any time, also while it still waits."""

    def __init__(self, domain: str, find: Callable[[str], Exchanger], port: int, patience: float) -> None:
        self.exchanger: Exchanger | None = None
        self.is_connected = False
        self._domain, self._find, self._port, self._patience = domain, find, port, patience

    def result(self) -> Port25:
        """What came of it."""
        try:
            self.exchanger = exchanger = self._find(self._domain)
        except OSError as problem:
            return Port25(None, clean(problem.strerror or str(problem), 200))
        try:
            greeting = self._greeting(exchanger.address)
        except TimeoutError:
            words = _("{host} did not answer").format(host=exchanger.name)
            return Port25(None if self.is_connected else False, words)
        except OSError as problem:
            words = f"{exchanger.name}: {clean(problem.strerror or str(problem), 100)}"
            # without a network nothing is known about the port
            return Port25(None if problem.errno == errno.ENETUNREACH else False, words)
        if not greeting:
            words = _("{host} took the connection and said nothing").format(host=exchanger.name)
            return Port25(None, words)
        return Port25(True, _("{host} answered on port 25").format(host=exchanger.name))

    def _greeting(self, address: str) -> bytes:
        with socket.create_connection((address, self._port), self._patience) as connection:
            self.is_connected = True
            greeting = connection.recv(_GREETING_BYTES)
            with suppress(OSError):
                connection.sendall(b"QUIT\r\n")
            return greeting
