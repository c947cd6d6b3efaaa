"""What goes into the set-up sheet and the profile of one mailbox."""

from pathlib import Path

from backends.accounts.mailboxes import list_accounts
from backends.clients.settings import MailAccess
from backends.errors import MailsteadError
from backends.language import _
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import mail_access


class NoSuchMailbox(MailsteadError):
    """Nobody has a mailbox of that address here."""


class NoWayIn(MailsteadError):
    """People can't read their mail here, or can't send any."""


def access_of(address: str) -> tuple[MailAccess, bytes]:
    """How the owner of this mailbox reaches it, and the authority to trust first (PEM, empty for none).

    Raises NothingSetUp, NoSuchMailbox or NoWayIn.
    """
    answers = answers_in_force()
    if address not in {account.address for account in list_accounts()}:
        raise NoSuchMailbox(
            _("there is no mailbox {address}").format(address=address),
            next_step=_("mailstead account list shows those there are; an alias has none of its own"),
        )
    access = mail_access(answers)
    if not access.incoming or not access.outgoing:
        raise NoWayIn(
            _("people can't both read and send mail on this server"),
            next_step=_("switch submissions and imaps on in [protocols], then: mailstead replay"),
        )
    return access, _authority(access)


def _authority(access: MailAccess) -> bytes:
    path = access.own_authority
    return Path(path).read_bytes() if path and Path(path).exists() else b""
