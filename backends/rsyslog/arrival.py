"""Whether a line that is logged arrives in the file where people look for it."""

import secrets
import syslog
import time
from pathlib import Path

from backends.checks import Finding, fail, ok
from backends.language import _

MAIL_LOG = Path("/var/log/mail.log")

_PATIENCE = 5.0
_TAIL = 64 * 1024


def a_line_arrives() -> Finding:
    """Log one line with the facility of mail, and look for it at the end of the mail log."""
    token = secrets.token_hex(6)
    syslog.openlog("mailstead", facility=syslog.LOG_MAIL)
    syslog.syslog(syslog.LOG_INFO, f"checking that this log is written: {token}")
    syslog.closelog()
    started = time.monotonic()
    while time.monotonic() - started < _PATIENCE:
        if MAIL_LOG.exists() and token.encode() in _end_of(MAIL_LOG):
            return ok(_("after {seconds:.1f} s").format(seconds=time.monotonic() - started))
        time.sleep(0.05)
    return fail(
        _("a line that was logged is not in {log} after {seconds:g} s").format(
            log=MAIL_LOG, seconds=_PATIENCE
        ),
        _("every line, within a second"),
        _("look whether rsyslog runs and the disk has space, then: mailstead replay"),
    )


def _end_of(log: Path) -> bytes:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        return file.read()
