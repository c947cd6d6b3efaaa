"""The database itself, as the engine sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from backends.accounts import database
from backends.machine.files import Ownership, ownership_of
from backends.resources import Action, Description, FetchImage, KeepImage, Record, Resource, State

_MODE = 0o640


@dataclass(frozen=True)
class DatabaseState(State):
    """Whether the database is there, with which schema, whose it is, and with what its readers need."""

    exists: bool
    version: int = 0
    mode: int = 0
    owner: str = ""
    group: str = ""
    has_log: bool = False

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  rows are no part of it
        """The state as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Database(Resource):
    """The database with the schema of this program, readable by one group.

    Going back removes it only when nothing is in it; an older schema never comes back.
    """

    kind = "database"

    path: str = str(database.DATABASE)
    group: str = database.GROUP

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    def identity(self) -> Record:
        """Path and group."""
        return {"path": self.path, "group": self.group}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The database at that path."""
        return cls(**identity)

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """Its version and owner."""
        return [_database_state(Path(resource.path)) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """There, with this program's schema, for root and the group."""
        return DatabaseState(True, database.VERSION, _MODE, "root", self.group, has_log=True)

    def put(self, state: State) -> None:
        """Make it or bring it up to date; or, going back, remove it while it is empty."""
        if not isinstance(state, DatabaseState):
            raise TypeError(state)
        path = Path(self.path)
        if state.exists:
            database.prepare(path, Ownership(state.mode, state.owner, state.group))
        elif path.is_file() and database.is_empty(path):
            database.remove(path)

    def describe(self, now: State, wanted: State) -> Description:
        """What is made, upgraded or removed."""
        if not isinstance(now, DatabaseState) or not isinstance(wanted, DatabaseState):
            raise TypeError(now, wanted)
        if not wanted.exists:
            return Description(Action.REMOVE, f"remove {self.path} if nothing is in it")
        if not now.exists:
            return Description(Action.CREATE, f"make {self.path} for domains, accounts and aliases")
        is_upgrade = now.version != wanted.version
        words = (
            f"bring {self.path} up to date"
            if is_upgrade
            else f"make {self.path} readable for its group alone"
        )
        return Description(Action.MODIFY, words, is_reversible=not is_upgrade)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return DatabaseState(**record)


def _database_state(path: Path) -> DatabaseState:
    if not path.is_file():
        return DatabaseState(False)
    who = ownership_of(path.stat())
    version, has_log = database.version(path), database.has_log(path)
    return DatabaseState(True, version, who.mode, who.owner, who.group, has_log)
