"""What the machine needs for what the answers ask of it: plain arithmetic, which is shown to people."""

from dataclasses import dataclass

from wizard.draft import Draft
from wizard.value_types import parse_size

GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20

BASE_MEMORY = 768 * MEBIBYTE
"""Debian, Postfix, Dovecot, Rspamd with its Redis, Unbound and fail2ban, with little to do."""
MEMORY_PER_MAILBOX = 2 * MEBIBYTE
"""One program in two connected, with an imap process of about 4 MiB (doc.dovecot.org, service imap)."""
ANTIVIRUS_MEMORY = 3 * GIBIBYTE // 2
"""ClamAV keeps its signatures in memory."""
MAILBOXES_PER_CORE = 500
BASE_SPACE = 4 * GIBIBYTE
"""Debian and the packages, logs, and room for an upgrade."""
USUAL_QUOTA = 2 * GIBIBYTE
"""Counted for a mailbox that is expected and not listed, and for one without a limit."""


@dataclass(frozen=True)
class Needs:
    """What a machine should have; bytes."""

    mailboxes: int
    cores: int
    memory_bytes: int
    mail_bytes: int
    """All mailboxes filled up to their quota."""

    @property
    def space_bytes(self) -> int:
        """Free space where the mail lies: the mail, and what the system takes."""
        return self.mail_bytes + BASE_SPACE


def needs_of(draft: Draft) -> Needs:
    """The needs of a draft; answers that are wrong count as their defaults."""
    quotas = [_size(row["quota"]) for row in draft.rows("accounts.mailboxes")]
    expected = draft.value("site.expected_mailboxes")
    mailboxes = max(expected if isinstance(expected, int) else 0, len(quotas), 1)
    memory = BASE_MEMORY + mailboxes * MEMORY_PER_MAILBOX
    if draft.value("antispam.antivirus") is True:
        memory += ANTIVIRUS_MEMORY
    return Needs(
        mailboxes=mailboxes,
        cores=1 + mailboxes // MAILBOXES_PER_CORE,
        memory_bytes=memory,
        mail_bytes=sum(quotas) + (mailboxes - len(quotas)) * USUAL_QUOTA,
    )


def _size(text: object) -> int:
    try:
        return parse_size(text) or USUAL_QUOTA
    except ValueError:
        return USUAL_QUOTA
