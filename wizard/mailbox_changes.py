"""Changes to mailboxes as a person makes them, from the command line or the console; they hold at once."""

from pathlib import Path

from backends.accounts import mailboxes
from backends.accounts.passwords import WrongPassword
from backends.accounts.strength import PasswordRules, require_strength
from backends.dovecot.sessions import end_sessions
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import proof_address

DEFAULT_QUOTA = 2 << 30
"""Bytes."""


def password_rules() -> PasswordRules:
    """What the answers in force ask of a password."""
    passwords = answers_in_force().accounts.passwords
    return PasswordRules(passwords.min_length, passwords.min_score)


def complaint_about(password: str, address: str, rules: PasswordRules) -> str:
    """What is wrong with a password, on one line; empty where it will do."""
    try:
        require_strength(password, address, rules)
    except WrongPassword as problem:
        return " ".join(part for part in (problem.message, problem.seen) if part)
    return ""


def make_mailbox(address: str, password: str, quota_bytes: int = DEFAULT_QUOTA) -> str:
    """A new mailbox whose owner can log in at once; gives its address as it is written here.

    Raises WrongPassword for a weak one, WrongAddress, NotThere for the domain, AlreadyThere.
    """
    require_strength(password, address, password_rules())
    return mailboxes.add_account(address, password, quota_bytes)


def change_password(address: str, password: str) -> None:
    """Another password, from the next login on; raises NotThere, and WrongPassword for a weak one."""
    require_strength(password, address, password_rules())
    mailboxes.set_password(address, password)


def suspend(address: str) -> None:
    """Let nobody log in any more, and end the connections there are; mail is still taken. Raises NotThere."""
    mailboxes.disable_account(address)
    end_sessions(address)


def delete_mailbox(address: str) -> Path:
    """Take the account away and end its connections; its mail stays, where, is given. Raises NotThere."""
    left = mailboxes.remove_account(address)
    end_sessions(address)
    return left


def made_by_answers() -> frozenset[str]:
    """Addresses of mailboxes and aliases that a replay makes again, because the answers name them."""
    answers = answers_in_force()
    return frozenset(
        (
            *(mailbox.address for mailbox in answers.mailboxes),
            *(alias.address for alias in answers.aliases),
            *answers.site.domains,
            proof_address(answers),
        )
    )
