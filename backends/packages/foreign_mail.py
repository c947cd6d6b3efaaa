"""Mail servers that were here before: only one package may provide mail-transport-agent."""

from backends.machine.packages import installed_versions
from backends.machine.run import find_program, run

_OTHERS = (
    "exim4-daemon-light",
    "exim4-daemon-heavy",
    "sendmail-bin",
    "opensmtpd",
    "courier-mta",
    "nullmailer",
    "msmtp-mta",
    "ssmtp",
    "dma",
    "citadel-server",
)
"""Packages that provide mail-transport-agent in Debian 12 and 13, Postfix aside."""


def other_mail_server() -> str:
    """The package of another mail server that is installed; empty when there is none."""
    return next(iter(installed_versions(_OTHERS)), "")


def foreign_queue_length() -> int:
    """How many messages wait in Exim's queue (exim(8), -bpc); 0 where there is no Exim."""
    exim = find_program("exim4")
    if exim is None:
        return 0
    answer = run([exim, "-bpc"], check=False)
    return int(answer.text.strip() or 0) if answer.is_ok else 0
