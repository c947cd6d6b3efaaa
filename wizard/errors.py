"""What can be wrong with what a person asked for."""

from collections.abc import Iterable
from dataclasses import dataclass

from backends.errors import MailsteadError


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong with an answer, in words that say how to mend it.

    `key` is dotted, as in `accounts.mailboxes[1].address`, and empty where the file as a whole is meant.
    `line` counts from 1 and is None where no line carries the key. All text is safe to print.
    """

    key: str
    line: int | None
    problem: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.problem}" if self.key else f"{where}{self.problem}"


class AnswersError(MailsteadError):
    """The answers can't be used; `mistakes` holds all that is wrong with them, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake], *, source: str = "the answers") -> None:
        self.mistakes = tuple(mistakes)
        self.source = source
        count = "one mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        super().__init__(
            f"{source}: {count}, nothing was touched",
            seen="\n".join(str(mistake) for mistake in self.mistakes),
            next_step="mend them, then look again with: mailstead answers check FILE",
        )


class SecretUnavailable(MailsteadError):
    """A secret that the answers refer to can't be read."""
