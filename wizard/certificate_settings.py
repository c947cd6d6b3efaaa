"""What the answers say of certificates, as the systems that get and show them want it."""

from collections.abc import Iterator, Sequence

from backends.certificates.settings import AcmeSettings, DnsUpdateSettings, ImportedSettings, Server, TlsPort
from backends.machine.facts import MachineFacts
from backends.machine.services import ServiceNames
from backends.nginx.own import CONFIGURATION as NGINX_CONFIGURATION
from backends.nginx.settings import SERVICE as WEB_SERVICE
from wizard import secret_files
from wizard.answers import Answers
from wizard.dns_settings import acme_directory
from wizard.tls_ports import WEB, tls_ports

_OF_POSTFIX = frozenset({"smtp", "submission", "submissions"})


def imported_settings(answers: Answers) -> ImportedSettings | None:
    """The files that are to be imported, if any are."""
    files = answers.certificates.imported
    return (
        ImportedSettings(files.certificate, files.key) if answers.certificates.source == "imported" else None
    )


def acme_settings(answers: Answers) -> AcmeSettings:
    """How certificates are asked for, where an ACME authority issues them."""
    acme, rfc2136 = answers.certificates.acme, answers.dns.rfc2136
    key_file = secret_files.path_of(rfc2136.key_secret, secret_files.DNS_UPDATE)
    return AcmeSettings(
        directory=acme_directory(answers),
        email=acme.email,
        challenge=acme.challenge,
        ca_file=acme.ca_file,
        keeps_keys=answers.dns.policy.dane,
        dns=DnsUpdateSettings(rfc2136.server, rfc2136.key_name, key_file)
        if acme.challenge == "dns-01"
        else None,
    )


def is_proved_by_http(answers: Answers) -> bool:
    """Whether the authority asks on port 80."""
    return answers.certificates.source == "acme" and answers.certificates.acme.challenge == "http-01"


def servers(answers: Answers, machine: MachineFacts) -> tuple[Server, ...]:
    """Dovecot, Postfix and the web server, with the ports on which they show certificates."""
    ports = tls_ports(answers)
    status_unit = "postfix@-.service" if machine.release == "bookworm" else "postfix.service"
    return (
        Server(
            ServiceNames("dovecot.service", "dovecot.service", "dovecot"),
            "/etc/dovecot/dovecot.conf",
            tuple(port for port in ports if port.name not in {*_OF_POSTFIX, WEB}),
        ),
        Server(
            ServiceNames("postfix.service", status_unit, "postfix"),
            "/etc/postfix/main.cf",
            tuple(port for port in ports if port.name in _OF_POSTFIX),
        ),
        *_web_server(ports),
    )


def _web_server(ports: Sequence[TlsPort]) -> Iterator[Server]:
    served = tuple(port for port in ports if port.name == WEB)
    if served:
        yield Server(WEB_SERVICE.names, NGINX_CONFIGURATION, served)
