"""How full a mailbox is, as Dovecot counts it (doveadm-quota(1))."""

import json
from dataclasses import dataclass

from backends.errors import CommandFailed
from backends.language import _
from backends.machine.run import run
from backends.text import clean


@dataclass(frozen=True)
class MailboxUse:
    """Bytes and messages in a mailbox."""

    used_bytes: int
    messages: int


def mailbox_use(address: str) -> MailboxUse:
    """What the mailbox of this address holds. Raises CommandFailed where Dovecot can't say."""
    answer = run(["doveadm", "-f", "json", "quota", "get", "-u", address], timeout=15)
    try:
        values = {row["type"]: int(row["value"]) for row in json.loads(answer.stdout)}
        return MailboxUse(values["STORAGE"] * 1024, values["MESSAGE"])
    except (ValueError, KeyError, TypeError) as problem:
        raise CommandFailed(
            _("doveadm says something that can't be read"),
            tried=" ".join(answer.argv),
            seen=clean(answer.text, 200),
        ) from problem
