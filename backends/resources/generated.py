"""Files whose content is made once and then kept: keys, certificates, passwords."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State
from backends.resources.file import FileState, describe_file, file_state, file_state_from_record, put_file


@dataclass(frozen=True)
class FreshlyMade(State):
    """A wanted state whose content does not exist yet."""

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  there is nothing to keep yet
        """A mark; the outcome records what was made."""
        return {"type": "made"}


def _nothing() -> bytes:
    raise TypeError("a generated file known from a journal can't be made anew")


def _accept(content: bytes) -> bool:
    return bool(content)


@dataclass(frozen=True)
class GeneratedFile(Resource):
    """A file that is kept as it is while `is_valid` says so, and made by `generate` otherwise.

    Its content is a secret: it is shown nowhere. Both functions are called at the time of looking or
    applying, so they may read other files that come before this one.
    """

    kind = "generated"

    path: str
    generate: Callable[[], bytes] = field(default=_nothing, compare=False)
    is_valid: Callable[[bytes], bool] = field(default=_accept, compare=False)
    mode: int = 0o600
    owner: str = "root"
    group: str = "root"
    what: str = "a generated file"

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    @property
    def keeps_secret(self) -> bool:
        """Always: keys and passwords."""
        return True

    def identity(self) -> Record:
        """The path."""
        return {"path": self.path}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The file at that path; it can be put back but not made."""
        return cls(identity["path"])

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """What stands at each path."""
        return [file_state(Path(resource.path)) for resource in resources]

    def wanted(self, now: State) -> State:
        """What is there, with owner and mode set right, while it is valid; otherwise one freshly made."""
        if isinstance(now, FileState) and now.content and self.is_valid(now.content):
            return FileState("file", now.content, self.mode, self.owner, self.group)
        return FreshlyMade()

    def put(self, state: State) -> None:
        """Make it, or bring back a recorded one."""
        if isinstance(state, FreshlyMade):
            state = FileState("file", self.generate(), self.mode, self.owner, self.group)
        put_file(Path(self.path), state)

    def describe(self, now: State, wanted: State) -> Description:
        """What is made, never its content."""
        if isinstance(wanted, FreshlyMade):
            is_new = isinstance(now, FileState) and now.type == "absent"
            action = Action.CREATE if is_new else Action.MODIFY
            return Description(action, f"make {self.what}: {self.path}")
        return describe_file(self.path, now, wanted, is_secret=True)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:
        """The recorded state with its content fetched."""
        return FreshlyMade() if record["type"] == "made" else file_state_from_record(record, fetch)
