"""The rules in the kernel as a resource: loading them puts them on trial."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from backends.machine.facts import IPAddress
from backends.nftables import table, trial
from backends.resources import Action, Description, FetchImage, KeepImage, Record, Resource, State


@dataclass(frozen=True)
class FirewallState(State):
    """Which rules are in force. `digest` is empty where there are none."""

    digest: str
    rules: bytes = field(default=b"", compare=False)
    is_confirmed: bool = field(default=False, compare=False)
    """Rules that were in force before need no trial when they come back."""

    def record(self, keep: KeepImage) -> Record:
        """The state as JSON values, the rules as an image."""
        return {"digest": self.digest, "image": keep(self.rules), "is_confirmed": self.is_confirmed}


@dataclass(frozen=True)
class Firewall(Resource):
    """These rules, in force in the kernel. `lifeline` and `confirm_within` say how they come into force."""

    kind = "firewall"
    is_live = True

    rules: bytes
    lifeline: tuple[IPAddress, ...] = field(default=(), compare=False)
    confirm_within: int = field(default=300, compare=False)

    @property
    def name(self) -> str:
        """The table."""
        return "inet mailstead"

    def identity(self) -> Record:
        """There is one firewall on a machine."""
        return {}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:  # noqa: ARG003
        """The firewall of this machine."""
        return cls(b"")

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """One `nft list table`."""
        listed = table.listing()
        if listed is None:
            return [FirewallState("") for _ in resources]
        now = trial.loaded(listed)
        is_confirmed = trial.was_confirmed(now) or not trial.is_on_trial(now)
        return [FirewallState(now, trial.rules_of(listed), is_confirmed) for _ in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """The rules."""
        return FirewallState(trial.digest(self.rules), self.rules)

    def put(self, state: State) -> None:
        """Load the rules: on trial where they are new; then ease them in. Raises CommandFailed."""
        if not isinstance(state, FirewallState):
            raise TypeError(state)
        if not state.digest:
            trial.forget()
            return
        if state.is_confirmed or trial.was_confirmed(state.digest):
            trial.settle(state.rules)
        else:
            trial.begin(state.rules, self.confirm_within)
        table.ease_in(self.lifeline)

    def describe(self, now: State, wanted: State) -> Description:
        """What happens to the rules, and that they went back by themselves where they did."""
        if not isinstance(now, FirewallState) or not isinstance(wanted, FirewallState):
            raise TypeError(now, wanted)
        if not wanted.digest:
            return Description(Action.REMOVE, "take the firewall's rules away")
        summary = "load the firewall's rules"
        if now.digest != wanted.digest and trial.is_taken_back(now.digest):
            summary += " again: they took themselves back, because nobody confirmed them"
        elif now.digest.startswith("["):
            summary += " again: someone has changed them"
        return Description(Action.MODIFY if now.digest else Action.CREATE, summary)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:
        """The recorded state with its rules fetched."""
        return FirewallState(record["digest"], fetch(record["image"]), record["is_confirmed"])
