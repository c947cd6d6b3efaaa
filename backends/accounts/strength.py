"""How strong a password that a person chose has to be."""

from dataclasses import dataclass

from backends.accounts.passwords import WrongPassword
from backends.language import _
from backends.text import clean

_LOOKED_AT = 72
"""Characters that zxcvbn looks at; more don't make a password weaker."""


@dataclass(frozen=True)
class PasswordRules:
    """Least length in characters, and least score as zxcvbn counts: 0 is guessed at once, 4 never."""

    min_length: int = 12
    min_score: int = 3


def require_strength(password: str, address: str, rules: PasswordRules) -> None:
    """Raises WrongPassword, with advice, for a password that is too short or easily guessed.

    Words out of `address` count as known to whoever guesses.
    """
    if len(password) < rules.min_length:
        raise WrongPassword(
            _("the password is too short; it needs {min_length} characters").format(
                min_length=rules.min_length
            )
        )
    from zxcvbn import zxcvbn  # loads lists of words, 100 ms

    dotted = address.replace("@", ".")
    known = [address, dotted, address.rpartition("@")[2], *dotted.split(".")]
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=known)
    if found["score"] < rules.min_score:
        advice = [found["feedback"]["warning"], *found["feedback"]["suggestions"]]
        raise WrongPassword(
            _("the password is too easy to guess"),
            seen=clean(" ".join(words for words in advice if words)),
            next_step=_("take four words that don't belong together, or let a program make one"),
        )
