"""Directories: that they are there, with this owner and mode. What is in them is not theirs to remove."""

import contextlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from backends.machine import files
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class DirectoryState(State):
    """Whether a directory is there, and whose it is."""

    exists: bool
    mode: int = 0
    owner: str = ""
    group: str = ""

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  directories have no content of their own
        """The state as JSON values."""
        return {"exists": self.exists, "mode": self.mode, "owner": self.owner, "group": self.group}


@dataclass(frozen=True)
class Directory(Resource):
    """A directory with this owner and mode; its parent must be there or be a resource before it."""

    kind = "directory"

    path: str
    mode: int = 0o755
    owner: str = "root"
    group: str = "root"

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    def identity(self) -> Record:
        """The path."""
        return {"path": self.path}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The directory at that path."""
        return cls(identity["path"])

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """Whether each is there, and whose it is."""
        return [_directory_state(Path(resource.path)) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """There, with its owner and mode."""
        return DirectoryState(True, self.mode, self.owner, self.group)

    def put(self, state: State) -> None:
        """Make it; or, going back, remove it if nothing is left in it."""
        if not isinstance(state, DirectoryState):
            raise TypeError(state)
        path = Path(self.path)
        if not state.exists:
            with contextlib.suppress(OSError):
                path.rmdir()
            return
        path.mkdir(exist_ok=True)
        files.set_ownership(path, files.Ownership(state.mode, state.owner, state.group))
        files.sync_directory(path.parent)

    def describe(self, now: State, wanted: State) -> Description:
        """The path with its mode and owner."""
        if not isinstance(now, DirectoryState) or not isinstance(wanted, DirectoryState):
            raise TypeError(now, wanted)
        if not wanted.exists:
            return Description(Action.REMOVE, f"remove {self.path} if it is empty")
        whose = f"{wanted.mode:04o} {wanted.owner}:{wanted.group}"
        if not now.exists:
            return Description(Action.CREATE, f"make {self.path} ({whose})")
        was = f"{now.mode:04o} {now.owner}:{now.group}"
        return Description(Action.MODIFY, f"change {self.path}", f"- {was}\n+ {whose}")

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return DirectoryState(**record)


def _directory_state(path: Path) -> DirectoryState:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return DirectoryState(False)
    if not stat.S_ISDIR(status.st_mode):
        return DirectoryState(False)
    who = files.ownership_of(status)
    return DirectoryState(True, who.mode, who.owner, who.group)
