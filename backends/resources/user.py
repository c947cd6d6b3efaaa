"""System users, groups and memberships."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from backends.machine import users
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class Existence(State):
    """Whether it is there."""

    exists: bool

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002
        """The state as JSON values."""
        return {"exists": self.exists}


class _Entry(Resource):
    """What is there or is not, with nothing in between."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether it is there now."""

    @abstractmethod
    def _set(self, *, exists: bool) -> None: ...

    @abstractmethod
    def _words(self, *, exists: bool) -> str: ...

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


@dataclass(frozen=True)
class SystemUser(_Entry):
    """A user that runs a service or owns its files: no shell, no password, a group of the same name."""

    kind = "user"

    user: str
    home: str = "/nonexistent"

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user

    def identity(self) -> Record:
        """Name and home directory."""
        return {"user": self.user, "home": self.home}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The user of this name."""
        return cls(**identity)

    def exists(self) -> bool:
        """Whether it is there now."""
        return users.user_exists(self.user)

    def _set(self, *, exists: bool) -> None:
        if exists:
            users.add_user(self.user, self.home)
        else:
            users.remove_user(self.user)

    def _words(self, *, exists: bool) -> str:
        return f"{'add' if exists else 'remove'} the system user {self.user}"


@dataclass(frozen=True)
class SystemGroup(_Entry):
    """A group that lets services share a socket or a file."""

    kind = "group"

    group: str

    @property
    def name(self) -> str:
        """The group's name."""
        return self.group

    def identity(self) -> Record:
        """The name."""
        return {"group": self.group}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The group of this name."""
        return cls(**identity)

    def exists(self) -> bool:
        """Whether it is there now."""
        return users.group_exists(self.group)

    def _set(self, *, exists: bool) -> None:
        if exists:
            users.add_group(self.group)
        else:
            users.remove_group(self.group)

    def _words(self, *, exists: bool) -> str:
        return f"{'add' if exists else 'remove'} the group {self.group}"


@dataclass(frozen=True)
class Membership(_Entry):
    """That a user is a member of a group."""

    kind = "membership"

    user: str
    group: str

    @property
    def name(self) -> str:
        """User and group."""
        return f"{self.user}@{self.group}"

    def identity(self) -> Record:
        """User and group."""
        return {"user": self.user, "group": self.group}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """This user in this group."""
        return cls(**identity)

    def exists(self) -> bool:
        """Whether it is there now."""
        return users.is_member(self.user, self.group)

    def _set(self, *, exists: bool) -> None:
        users.set_member(self.user, self.group, is_member=exists)

    def _words(self, *, exists: bool) -> str:
        return (
            f"{'add' if exists else 'take'} {self.user} {'to' if exists else 'out of'} the group {self.group}"
        )
