"""What tells whether Postfix does its work."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from backends.certificates.served import certificate_check
from backends.checks import Check, Finding, ok, warn
from backends.listeners import greeting_check, service_check
from backends.machine.services import ServiceNames
from backends.postfix.queue import list_queue
from backends.postfix.settings import PostfixSettings

_MANY_DEFERRED = 100
_LONG = timedelta(hours=12)


def postfix_checks(settings: PostfixSettings, status_unit: str) -> Iterator[Check]:
    """The service, each port, the certificate that each port serves, the queue."""
    yield service_check(
        "postfix.service", "Postfix runs", ServiceNames("postfix.service", status_unit, "postfix")
    )
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
        )
    yield Check("postfix.queue", "Mail leaves the queue", _leaves_the_queue)


def _leaves_the_queue() -> Finding:
    messages = list_queue()
    deferred = [message for message in messages if message.queue == "deferred"]
    if not deferred:
        return ok(f"{len(messages)} messages, none waiting for another try")
    oldest = datetime.now(UTC) - min(message.arrived for message in deferred)
    hours = oldest.total_seconds() / 3600
    seen = f"{len(deferred)} messages wait for another try, the oldest for {hours:.0f} hours"
    if len(deferred) > _MANY_DEFERRED or oldest > _LONG:
        reason = deferred[0].reason
        return warn(f"{seen}: {reason}" if reason else seen, "mail that leaves", "mailstead queue list")
    return ok(seen)
