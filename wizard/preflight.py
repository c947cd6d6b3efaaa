"""What stands in the way of a run, found out before anything is touched."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backends.certificates.settings import IMPORTED_FILES
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.facts import MachineFacts
from backends.nginx.own import is_own_running
from backends.nginx.settings import PORT
from backends.packages.foreign_mail import foreign_queue_length, other_mail_server
from wizard.answers import Answers
from wizard.certificate_settings import imported_settings

OWN_PROCESSES = frozenset(
    {"master", "dovecot", "smtpd", "postscreen", "imap-login", "pop3-login", "managesieve-lo"}
)
"""What listens on mail ports here when Mailstead has set it up: Postfix's master(8), Dovecot and its
children.
"""

_SPACE = 100 << 20
"""Bytes that must be free before a run: configuration, before-images, what services write as they start."""


class InTheWay(MailsteadError):
    """The machine has something on it that a run would break, or that would break the run."""


@dataclass(frozen=True)
class Obstacle:
    """One thing in the way; those with an `id` can be accepted in [hardware] accept."""

    id: str
    problem: str
    mend: str


def refuse_obstacles(answers: Answers, machine: MachineFacts) -> None:
    """Raise InTheWay with everything that is in the way and not accepted."""
    found = [o for o in obstacles(answers, machine) if not o.id or o.id not in answers.hardware.accept]
    if found:
        raise InTheWay(
            _("this machine is not ready; nothing was touched"),
            seen="\n".join(obstacle.problem for obstacle in found),
            next_step="\n        ".join(obstacle.mend for obstacle in found if obstacle.mend),
        )


def obstacles(answers: Answers, machine: MachineFacts) -> Iterator[Obstacle]:
    """Too little space, other mail servers, their mail, and ports that others hold."""
    yield from _too_little_space()
    yield from _unusable_certificate(answers)
    other = other_mail_server()
    if other:
        yield from _other_server(other)
    for name, listener in answers.protocols.listeners().items():
        holder = machine.ports_held.get(listener.port)
        if listener.enabled and holder is not None and holder not in OWN_PROCESSES and not other:
            yield Obstacle(
                "",
                f"port {listener.port} ({name}) is held by {holder or 'another process'}",
                f"stop it, or give {name} another port in [protocols]",
            )
    yield from _held_web_port(answers, machine)


def _held_web_port(answers: Answers, machine: MachineFacts) -> Iterator[Obstacle]:
    """A web server that was here before stays as it is: ours needs the port, and gets it from nobody."""
    holder = machine.ports_held.get(PORT)
    if answers.clients.enabled and holder is not None and not is_own_running():
        yield Obstacle(
            "",
            _("port {port}, which [clients] needs, is held by {holder}; it was left alone").format(
                port=PORT, holder=holder or _("another process")
            ),
            _("set [clients] enabled = false, or move that web server to another port"),
        )


def _unusable_certificate(answers: Answers) -> Iterator[Obstacle]:
    """Files to import that can't be served; when they are gone, what was installed before is enough."""
    source = imported_settings(answers)
    if source is None:
        return
    from backends.certificates.adapter import is_installed  # loads the TLS library
    from backends.certificates.imported import UnusableCertificate, read_imported

    try:
        read_imported(source, answers.site.hostname)
    except UnusableCertificate as problem:
        are_gone = not (Path(source.certificate).exists() and Path(source.key).exists())
        if not (are_gone and is_installed(IMPORTED_FILES[0], answers.site.hostname)):
            yield from (Obstacle("", line, problem.next_step) for line in problem.seen.splitlines()[:1])
            yield from (Obstacle("", line, "") for line in problem.seen.splitlines()[1:])


def _too_little_space() -> Iterator[Obstacle]:
    for place in ("/etc", "/var/lib"):
        free = shutil.disk_usage(place).free
        if free < _SPACE:
            yield Obstacle(
                "",
                f"only {free >> 20} MiB are free where {place} lies",
                f"make room: a run needs {_SPACE >> 20} MiB, and mail needs more",
            )


def _other_server(package: str) -> Iterator[Obstacle]:
    waiting = foreign_queue_length()
    if waiting:
        yield Obstacle(
            "",
            f"{package} is installed, and messages wait in its queue ({waiting}), which would be lost",
            "deliver or remove them first (exim -bp lists them, exim -qff tries again)",
        )
    yield Obstacle(
        "other-mail-server",
        f"{package} is installed; Postfix takes its place",
        'if it may go, say so in the answers: [hardware] accept = ["other-mail-server"]',
    )
