"""Checks: what was seen, what should be, and how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from backends.errors import MailsteadError
from backends.text import clean


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class Finding:
    """What a check found. `seen` and `wanted` are one line each; `mend` says what to do when it isn't ok."""

    status: Status
    seen: str
    wanted: str = ""
    mend: str = ""


def ok(seen: str) -> Finding:
    """All is as it should be."""
    return Finding(Status.OK, clean(seen))


def warn(seen: str, wanted: str, mend: str) -> Finding:
    """It works, but someone should look."""
    return Finding(Status.WARN, clean(seen), clean(wanted), clean(mend))


def fail(seen: str, wanted: str, mend: str) -> Finding:
    """Something that people rely on does not work."""
    return Finding(Status.FAIL, clean(seen), clean(wanted), clean(mend))


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
            return fail(seen, "an answer", problem.next_step or _LOOK)
        except (OSError, LookupError, ValueError) as problem:
            return fail(f"{type(problem).__name__}: {problem}", "an answer", _LOOK)


_LOOK = "see the log of this service: journalctl -e, /var/log/mail.log"
