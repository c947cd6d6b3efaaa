"""What tells whether Dovecot does its work."""

from collections.abc import Iterator

from backends.certificates.served import certificate_check
from backends.certificates.settings import StartTls
from backends.checks import Check
from backends.dovecot.settings import DovecotSettings
from backends.listeners import greeting_check, service_check
from backends.machine.services import ServiceNames


def dovecot_checks(settings: DovecotSettings) -> Iterator[Check]:
    """The service, each port, and the certificate that each port serves."""
    unit = "dovecot.service"
    service = ServiceNames(unit, unit, "dovecot")
    yield service_check("dovecot.service", "Dovecot runs", service)
    ports: tuple[tuple[int | None, str, str, StartTls | None], ...] = (
        (settings.imap_port, "IMAP with STARTTLS", "* OK", "imap"),
        (settings.imaps_port, "IMAP with TLS", "* OK", None),
        (settings.pop3_port, "POP3 with STARTTLS", "+OK", "pop3"),
        (settings.pop3s_port, "POP3 with TLS", "+OK", None),
        (settings.sieve_port, "ManageSieve", '"IMPLEMENTATION"', "sieve"),
    )
    for port, what, begins, starttls in ports:
        if not port:
            continue
        yield greeting_check(
            f"dovecot.port-{port}",
            f"Port {port} offers {what}",
            port,
            begins=begins,
            has_tls=starttls is None,
        )
        yield certificate_check(
            f"dovecot.certificate-{port}",
            f"Port {port} serves the certificate on disk",
            port,
            starttls=starttls,
            server_name=settings.hostname,
            files=settings.certificates,
            reload_command="systemctl reload dovecot",
            service=service,
        )
