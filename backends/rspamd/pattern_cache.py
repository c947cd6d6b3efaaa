"""What Rspamd keeps of compiled patterns, and the part of it that breaks it.

It writes each database of Hyperscan ready for use into a file `….unser` and maps that into memory without
looking whether it is whole. One that a full disk cut off ends it, and its own check of the configuration too,
by a segmentation fault, until the file is gone; then it makes it again. The other files of the cache it reads
with care.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from backends.checks import Finding, fail, ok
from backends.language import _, ngettext
from backends.machine import files
from backends.mends import replay
from backends.resources import Action, Description, FetchImage, KeepImage, Record, Resource, State

CACHE = Path("/var/lib/rspamd")

_MAGIC = b"\xdb\xdb\xdb\xdb"
_HEAD = 104
"""Bytes before the byte code, whose length stands at 8 (Hyperscan 5.4, struct hs_database)."""
_LENGTH = slice(8, 12)
_AT_WORK = 5.0
"""Seconds since the last writing, within which someone may still be at it."""


@dataclass(frozen=True)
class CacheState(State):
    """The names of the broken files in it."""

    broken: tuple[str, ...] = ()

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  nobody wants them back
        """The state as JSON values."""
        return {"broken": list(self.broken)}


@dataclass(frozen=True)
class PatternCache(Resource):
    """That nothing in the cache is broken. Going back brings no broken file back."""

    kind = "pattern-cache"

    directory: str = str(CACHE)
    validate: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The directory."""
        return self.directory

    @property
    def validators(self) -> tuple[tuple[str, ...], ...]:
        """The command given as `validate`."""
        return (self.validate,) if self.validate else ()

    def identity(self) -> Record:
        """The directory."""
        return {"directory": self.directory}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The cache in that directory."""
        return cls(identity["directory"])

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """The head of each file that is mapped into memory."""
        return [CacheState(broken_files(Path(resource.directory))) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """None broken."""
        return CacheState()

    def put(self, state: State) -> None:  # noqa: ARG002
        """Remove what is broken."""
        for name in broken_files(Path(self.directory)):
            files.remove(Path(self.directory, name))

    def describe(self, now: State, wanted: State) -> Description:  # noqa: ARG002
        """How many go, and which."""
        if not isinstance(now, CacheState):
            raise TypeError(now)
        count = len(now.broken)
        words = ngettext(
            "remove a broken file of compiled patterns from {directory}",
            "remove {count} broken files of compiled patterns from {directory}",
            count,
        ).format(count=count, directory=self.directory)
        return Description(Action.REMOVE, words, "\n".join(f"- {name}" for name in now.broken))

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return CacheState(tuple(record["broken"]))


def broken_files(directory: Path = CACHE) -> tuple[str, ...]:
    """The names of the files that are shorter than they say, and that nobody is writing any more."""
    return tuple(path.name for path in sorted(directory.glob("*.unser")) if _is_broken(path))


def is_whole(directory: Path = CACHE) -> Finding:
    """Whether Rspamd could start with what it finds there."""
    broken = broken_files(directory)
    if broken:
        return fail(
            _("{count} files in {directory} are cut off").format(count=len(broken), directory=directory),
            _("whole ones: Rspamd does not start with these"),
            _("make room on the disk, then: mailstead replay"),
            replay("antispam"),
        )
    return ok(_("none is cut off"))


def _is_broken(path: Path) -> bool:
    try:
        status = path.stat()
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return False
    length = _HEAD + int.from_bytes(head[_LENGTH], "little")
    is_whole = head.startswith(_MAGIC) and status.st_size >= length
    return not is_whole and time.time() - status.st_mtime > _AT_WORK
