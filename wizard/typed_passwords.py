"""What is wrong with a secret that a person types, while it is typed."""

from backends.accounts.passwords import WrongPassword
from backends.accounts.strength import PasswordRules, require_strength
from backends.language import _
from wizard.answers import Passwords
from wizard.draft import Draft
from wizard.secrets import LONGEST_SECRET


def password_problem(password: str, draft: Draft, key: str = "") -> str:
    """Why this can't be the secret of `key` (`accounts.mailboxes.0.password`), in words; empty where it can.

    What people choose themselves has to be strong, as the draft's rules for passwords have it; what others
    gave them (a smarthost's password, a key) is taken as it is. Takes 10 ms or so for what zxcvbn looks at.
    """
    if not password:
        return _("is empty")
    if len(password) > LONGEST_SECRET:
        return _("is longer than {count} characters").format(count=LONGEST_SECRET)
    if not password.isprintable():
        return _("has a line break or a control character in it, which no program can type or send")
    if not _is_chosen_here(key):
        return ""
    try:
        require_strength(password, _address(draft, key), _rules(draft))
    except WrongPassword as problem:
        advice = [problem.message, problem.seen.rstrip("."), problem.next_step]
        return "; ".join(words for words in advice if words)
    return ""


def _is_chosen_here(key: str) -> bool:
    return not key or key.startswith(("accounts.", "backups."))


def _address(draft: Draft, key: str) -> str:
    """Whose password it is: nobody's own address should help others to guess it."""
    row = draft.value(key.rpartition(".")[0]) if key.startswith("accounts.mailboxes.") else None
    return str((row or {}).get("address") or "")


def _rules(draft: Draft) -> PasswordRules:
    """The rules of the draft; a rule that is itself a mistake counts as its default."""
    wrong = draft.mistakes()
    usual = Passwords()

    def rule(name: str) -> int:
        key = f"accounts.passwords.{name}"
        return int(getattr(usual, name) if key in wrong else draft.value(key))

    return PasswordRules(rule("min_length"), rule("min_score"))
