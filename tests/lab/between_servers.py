"""Mail between a server and another one: sent, and looked for in what either logs."""

import re
import time
from collections.abc import Callable

from tests.e2e.server import ADMIN
from tests.lab.machine import Machine


def log_of(server: Machine) -> str:
    """The server's mail log."""
    return server.read("/var/log/mail.log") if server.exists("/var/log/mail.log") else ""


def send(server: Machine, to: str) -> None:
    """A message from the server's own postmaster to somebody elsewhere."""
    text = f"From: {ADMIN}\nTo: {to}\nSubject: from {server.release}\n\nHello.\n"
    server.run("sendmail", "-f", ADMIN, to, input=text)


def seen(read: Callable[[], str], pattern: str, before: str, timeout: float = 30) -> str:
    """The first new line of a log that fits, waited for."""
    give_up = time.monotonic() + timeout
    while time.monotonic() < give_up:
        for line in read().removeprefix(before).splitlines():
            if re.search(pattern, line):
                return line
        time.sleep(0.3)
    raise AssertionError(f"no {pattern!r} in {timeout} s:\n{read().removeprefix(before)[-3000:]}")
