"""Checks: what was seen, what should be, and how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class Mend:
    """The one action that mends what a check found, for a face to offer on a key.

    `label` names the act: "restart postfix.service". `command` are the words of a command line that does the
    same; where they begin with `mailstead`, the program itself is called, else `do` is.
    """

    label: str
    command: tuple[str, ...]
    do: Callable[[], object] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Finding:
    """What a check found. `seen` and `wanted` are one line each; `mend` says what to do when it isn't ok, and
    `action` does it, where one act is all it takes.
    """

    status: Status
    seen: str
    wanted: str = ""
    mend: str = ""
    action: Mend | None = None


def ok(seen: str) -> Finding:
    """All is as it should be."""
    return Finding(Status.OK, clean(seen))


def warn(seen: str, wanted: str, mend: str, action: Mend | None = None) -> Finding:
    """It works, but someone should look."""
    return Finding(Status.WARN, clean(seen), clean(wanted), clean(mend), action)


def fail(seen: str, wanted: str, mend: str, action: Mend | None = None) -> Finding:
    """Something that people rely on does not work."""
    return Finding(Status.FAIL, clean(seen), clean(wanted), clean(mend), action)


def skip(why: str) -> Finding:
    """It could not be looked at, and why."""
    return Finding(Status.SKIP, clean(why))


@dataclass(frozen=True)
class Check:
    """A question about the running system.

    `id` is stable and names the system first (`postfix.port-25`). With `is_gate` a run that has just changed
    the system asks it before it goes on, again and again for `patience` seconds while the answer is `fail`,
    and takes its changes back when it stays so.
    """

    id: str
    title: str
    find: Callable[[], Finding]
    is_gate: bool = False
    patience: float = 10.0

    def result(self) -> Finding:
        """The finding; an error while looking is a failed check, never a crash."""
        try:
            return self.find()
        except MailsteadError as problem:
            seen = " ".join(f"{problem.message}: {problem.seen}".split()).removesuffix(":")
            return fail(seen, _("an answer"), problem.next_step or _LOOK)
        except (OSError, LookupError, ValueError) as problem:
            return fail(f"{type(problem).__name__}: {problem}", _("an answer"), _LOOK)


_LOOK = "see the log of this service: journalctl -e, /var/log/mail.log"
