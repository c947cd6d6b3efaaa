"""What tells whether Postfix does its work."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial

from backends.certificates.served import certificate_check
from backends.checks import Check, Finding, Mend, ok, warn
from backends.language import _
from backends.listeners import greeting_check, service_check
from backends.machine.run import run
from backends.machine.services import ServiceNames
from backends.postfix.queue import QueueReader
from backends.postfix.queue_directories import QueueCounter
from backends.postfix.settings import PostfixSettings

_MANY_DEFERRED = 100
_LONG = timedelta(hours=12)


def postfix_checks(settings: PostfixSettings, status_unit: str) -> Iterator[Check]:
    """The service, each port, the certificate that each port serves, the queue."""
    service = ServiceNames("postfix.service", status_unit, "postfix")
    yield service_check("postfix.service", "Postfix runs", service)
    ports = (
        (settings.smtp_port, "takes mail from other servers", False),
        (settings.submission_port, "takes mail from people (STARTTLS)", False),
        (settings.submissions_port, "takes mail from people (TLS)", True),
    )
    for port, does, has_tls in ports:
        if not port:
            continue
        yield greeting_check(
            f"postfix.port-{port}", f"Port {port} {does}", port, begins="220 ", has_tls=has_tls
        )
        yield certificate_check(
            f"postfix.certificate-{port}",
            f"Port {port} serves the certificate on disk",
            port,
            starttls=None if has_tls else "smtp",
            server_name=settings.hostname,
            files=settings.certificates,
            reload_command="systemctl reload postfix",
            service=service,
        )
    yield Check("postfix.queue", _("Mail leaves the queue"), _leaves_the_queue)


def _leaves_the_queue() -> Finding:
    """Counted in the queue's directories: reading 100,000 messages would take seconds at every look."""
    totals = QueueCounter().count()
    if not totals.deferred:
        return ok(_("{count} messages, none waiting for another try").format(count=totals.total))
    age = datetime.now(UTC) - (totals.oldest_deferred or datetime.now(UTC))
    seen = _("{count} messages wait for another try, the oldest for {hours:.0f} hours").format(
        count=totals.deferred, hours=age.total_seconds() / 3600
    )
    if totals.deferred > _MANY_DEFERRED or age > _LONG:
        reason = _a_reason()
        seen = f"{seen}: {reason}" if reason else seen
        return warn(seen, _("mail that leaves"), _("mailstead queue list"), _try_again())
    return ok(seen)


def _a_reason() -> str:
    """Why the first message that Postfix tells of waits."""
    with closing(QueueReader().read()) as pieces:
        waiting = (message for piece in pieces for message in piece if message.queue == "deferred")
        return next((message.reason for message in waiting), "")


def _try_again() -> Mend:
    """Every message at once, instead of when its turn comes (postqueue(1))."""
    command = ("postqueue", "-f")
    return Mend(_("try all deferred mail again now"), command, partial(run, command))
