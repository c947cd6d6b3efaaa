"""Domains, accounts and aliases: one database that Postfix and Dovecot ask, so that none needs a reload."""

from collections.abc import Callable, Iterator
from functools import partial

from backends.accounts import database
from backends.accounts.database_resource import Database
from backends.accounts.entries import AccountEntry, AliasEntry, DomainEntry
from backends.accounts.mailboxes import list_accounts
from backends.accounts.passwords import first_line
from backends.accounts.settings import AccountsSettings, MailboxSettings
from backends.adapter import Adapter
from backends.checks import Check, Finding, fail, ok
from backends.errors import MailsteadError
from backends.language import _
from backends.resources import Membership, Resource, SystemGroup


class Accounts(Adapter):
    """The database in /var/lib/mailstead, which must be there, and what the answers want to be in it."""

    name, step = "accounts", "accounts"
    takes_additions = False

    def __init__(self, settings: AccountsSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The group that may read, the database, then its rows, domains first."""
        yield SystemGroup(database.GROUP)
        yield Membership("postfix", database.GROUP)  # Dovecot gives the group to its auth-worker by itself
        yield Database()
        yield from map(DomainEntry, self.settings.domains)
        for mailbox in self.settings.mailboxes:
            yield AccountEntry(mailbox.address, mailbox.quota_bytes, _password_of(mailbox))
        for alias in self.settings.aliases:
            yield AliasEntry(alias.address, alias.destinations)

    def checks(self) -> Iterator[Check]:
        """Whether the database can be read and is sound."""
        yield Check("accounts.database", _("The database of accounts is sound"), _is_sound)


def _password_of(mailbox: MailboxSettings) -> Callable[[], str]:
    if mailbox.read_password:
        return mailbox.read_password
    if mailbox.password_file:
        return partial(first_line, mailbox.password_file)
    raise MailsteadError(
        _("nothing says what the first password of {address} is").format(address=mailbox.address)
    )


def _is_sound() -> Finding:
    with database.reading() as connection:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        return fail(str(answer), _("ok"), _("bring /var/lib/mailstead/mail.db back: mailstead restore"))
    return ok(_("{list_accounts} accounts").format(list_accounts=len(list_accounts())))
