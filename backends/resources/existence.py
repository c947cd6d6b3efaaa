"""What is there or is not, with nothing in between: users, groups, mail domains."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class Existence(State):
    """Whether it is there."""

    exists: bool

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002
        """The state as JSON values."""
        return {"exists": self.exists}


class Entry(Resource):
    """What is there or is not. Subclasses are dataclasses of JSON values, which tell one from another."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether it is there now."""

    @abstractmethod
    def _set(self, *, exists: bool) -> None: ...

    @abstractmethod
    def _words(self, *, exists: bool) -> str: ...

    def identity(self) -> Record:
        """All its fields."""
        return dict(vars(self))

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The one with these fields."""
        return cls(**identity)

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """Whether each is there."""
        return [Existence(resource.exists()) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """There."""
        return Existence(True)

    def put(self, state: State) -> None:
        """Make or remove it."""
        if not isinstance(state, Existence):
            raise TypeError(state)
        if state.exists != self.exists():
            self._set(exists=state.exists)

    def describe(self, now: State, wanted: State) -> Description:  # noqa: ARG002
        """What is made or removed."""
        if not isinstance(wanted, Existence):
            raise TypeError(wanted)
        action = Action.CREATE if wanted.exists else Action.REMOVE
        return Description(action, self._words(exists=wanted.exists))

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return Existence(**record)
