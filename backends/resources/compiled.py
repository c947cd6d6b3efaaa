"""Files that a program makes out of another file: compiled Sieve scripts, lookup tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from backends.machine import files
from backends.machine.run import run
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class CompiledState(State):
    """Whether the made file is there, and is at least as new as its source."""

    exists: bool
    is_current: bool

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  it can be made again from its source
        """The state as JSON values."""
        return {"exists": self.exists, "is_current": self.is_current}


@dataclass(frozen=True)
class Compiled(Resource):
    """`path` is made from `source` by running `command`; it is made again whenever the source is newer."""

    kind = "compiled"

    path: str
    source: str
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """The path of what is made."""
        return self.path

    def identity(self) -> Record:
        """Both paths and the command."""
        return {"path": self.path, "source": self.source, "command": list(self.command)}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The same file, made by the same command."""
        return cls(identity["path"], identity["source"], tuple(identity["command"]))

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """Two times of modification each."""
        return [_state(Path(resource.path), Path(resource.source)) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """There and current."""
        return CompiledState(True, True)

    def put(self, state: State) -> None:
        """Make it anew; or, where it was not there, remove it."""
        if not isinstance(state, CompiledState):
            raise TypeError(state)
        if not state.exists:
            files.remove(Path(self.path))
        elif Path(self.source).exists():
            run(self.command)

    def describe(self, now: State, wanted: State) -> Description:  # noqa: ARG002
        """What is made from what."""
        return Description(Action.RUN, f"make {self.path} from {self.source}")

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return CompiledState(**record)


def _state(path: Path, source: Path) -> CompiledState:
    if not path.exists():
        return CompiledState(False, False)
    return CompiledState(True, source.exists() and path.stat().st_mtime_ns >= source.stat().st_mtime_ns)
