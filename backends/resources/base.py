"""What every resource is: a thing on this machine that can be looked at, put into a state, and put back.

A state is a value: what was found, or what should be. Going there and going back are the same act, `put`,
with another state. The journal keeps states as JSON, their file contents beside it as images.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

Record = dict[str, Any]
"""A state or an identity as JSON values."""

KeepImage = Callable[[bytes], str]
"""Stores a file's content durably and gives the name to find it by (its SHA-256)."""

FetchImage = Callable[[str], bytes]
"""Gives the content that was stored under a name."""


class Action(StrEnum):
    """What a change does, in the words of the plan."""

    CREATE = "create"
    MODIFY = "modify"
    REMOVE = "remove"
    INSTALL = "install"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    RELOAD = "reload"
    RUN = "run"


class State(ABC):
    """What a resource is or should be. Two equal states need no act between them."""

    @abstractmethod
    def record(self, keep: KeepImage) -> Record:
        """This state as JSON values; contents of files go through `keep`."""


@dataclass(frozen=True)
class Description:
    """How a change is told to a person: one line, and the difference where there is one to show."""

    action: Action
    summary: str
    diff: str = ""
    is_reversible: bool = True


class Resource(ABC):
    """One thing on the machine that Mailstead cares for."""

    kind: ClassVar[str]
    """The name of this kind of resource in journals; never changes."""

    is_live: ClassVar[bool] = False
    """Whether it takes up what other resources configure: it comes after them, and after their validation."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What tells it from others of its kind: a path, a unit, an address."""

    @property
    def key(self) -> str:
        """What tells it from every other resource."""
        return f"{self.kind}:{self.name}"

    @property
    def validators(self) -> tuple[tuple[str, ...], ...]:
        """Commands that must succeed after this changed and before any service takes it up."""
        return ()

    @property
    def keeps_secret(self) -> bool:
        """Whether what it is after a change must not be kept anywhere else, only what it was before."""
        return False

    def waits_for(self) -> str:
        """What `put` would have to wait for now, in words for a person; empty when it can begin."""
        return ""

    @abstractmethod
    def identity(self) -> Record:
        """What `from_identity` needs to find this thing again, without what it should be."""

    @classmethod
    @abstractmethod
    def from_identity(cls, identity: Record) -> Self:
        """The resource that a journal speaks of: it can be looked at and put into recorded states."""

    @classmethod
    @abstractmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """What these are now, in the same order: one batched look, cheap and without a trace."""

    @abstractmethod
    def wanted(self, now: State) -> State:
        """What it should be, given what it is."""

    @abstractmethod
    def put(self, state: State) -> None:
        """Bring it into this state; doing it again changes nothing."""

    @abstractmethod
    def describe(self, now: State, wanted: State) -> Description:
        """What going from `now` to `wanted` means, for a person."""

    @classmethod
    @abstractmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:
        """The state that `State.record` wrote."""


def look_at(resources: Sequence[Resource]) -> dict[str, State]:
    """The present state of every resource by key, looked up kind by kind."""
    by_kind: dict[type[Resource], list[Resource]] = {}
    for resource in resources:
        by_kind.setdefault(type(resource), []).append(resource)
    states: dict[str, State] = {}
    for kind, members in by_kind.items():
        states.update(zip((member.key for member in members), kind.look(members), strict=True))
    return states


def identity_record(resource: Resource) -> Record:
    """A resource's kind and identity, as the journal writes them."""
    return {"kind": resource.kind, **resource.identity()}


def resource_from_record(record: Mapping[str, Any], kinds: Mapping[str, type[Resource]]) -> Resource:
    """The resource that `identity_record` wrote; raises KeyError for a kind this version does not know."""
    identity = dict(record)
    return kinds[identity.pop("kind")].from_identity(identity)
