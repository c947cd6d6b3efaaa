"""Whether the filter does its work."""

from pathlib import Path

from backends.checks import Finding, fail, ok
from backends.language import _
from backends.machine import files
from backends.rspamd import controller, milter
from backends.rspamd.settings import MILTER_SOCKET

COMPILING = 120.0
"""Seconds that Rspamd may take to compile its rules at its very first start, on a slow machine."""

_TEST_SPAM = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""The Generic Test for Unsolicited Bulk Email: every filter takes this line for spam."""


def milter_answers() -> Finding:
    """Whether the socket that Postfix hands mail to is served."""
    version = milter.greet(MILTER_SOCKET)
    who = files.ownership_of(Path(MILTER_SOCKET).stat())
    if (who.mode & 0o060, who.group) != (0o060, "postfix"):
        seen = f"{MILTER_SOCKET} is {who.mode:04o} {who.owner}:{who.group}"
        return fail(seen, _("writable by the group postfix"), _("systemctl restart rspamd, then see its log"))
    return ok(
        _("protocol version {version} on {milter_socket}").format(
            version=version, milter_socket=MILTER_SOCKET
        )
    )


def knows_spam() -> Finding:
    """Whether a message that every filter must refuse is refused."""
    message = b"From: test@localhost\r\nTo: test@localhost\r\nSubject: test\r\n\r\n" + _TEST_SPAM + b"\r\n"
    result = controller.scan(message)
    if result.get("action") != "reject" or "GTUBE" not in result.get("symbols", {}):
        seen = f"the test message got {result.get('action')!r}"
        return fail(seen, _("reject"), _("look for gtube_patterns in /etc/rspamd/override.d"))
    return ok(_("the test message is refused"))
