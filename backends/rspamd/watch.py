"""Whether the filter does its work."""

import time

from backends.checks import Finding, fail, ok
from backends.rspamd import controller, milter
from backends.rspamd.settings import MILTER_SOCKET

_START = 20
"""Seconds that Rspamd may take to compile its rules after a start."""

_TEST_SPAM = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""The Generic Test for Unsolicited Bulk Email: every filter takes this line for spam."""


def milter_answers() -> Finding:
    """Whether the socket that Postfix hands mail to is served; waits while Rspamd starts."""
    deadline = time.monotonic() + _START
    while True:
        try:
            return ok(f"protocol version {milter.greet(MILTER_SOCKET)} on {MILTER_SOCKET}")
        except milter.NoMilterError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def knows_spam() -> Finding:
    """Whether a message that every filter must refuse is refused."""
    message = b"From: test@localhost\r\nTo: test@localhost\r\nSubject: test\r\n\r\n" + _TEST_SPAM + b"\r\n"
    result = controller.scan(message)
    if result.get("action") != "reject" or "GTUBE" not in result.get("symbols", {}):
        seen = f"the test message got {result.get('action')!r}"
        return fail(seen, "reject", "look for gtube_patterns in /etc/rspamd/override.d")
    return ok("the test message is refused")
