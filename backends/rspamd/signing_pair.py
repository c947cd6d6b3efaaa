"""Which pair of DKIM keys signs: what a run changes, and can take back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from backends.dns.rotation import taken_up
from backends.dns.rotation_file import load_rotation, save_rotation
from backends.language import _
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, State
from backends.resources.sole import Sole
from backends.rspamd.settings import FIRST_PAIR, selectors


@dataclass(frozen=True)
class PairState(State):
    """The number of the pair."""

    pair: int

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002
        """The state as JSON values."""
        return {"pair": self.pair}


@dataclass(frozen=True)
class SigningPair(Sole):
    """What the rotation of keys takes for the signing pair, beside the filter's own configuration.

    Taken back, it waits for a person to say when it shall go on.
    """

    kind = "dkim-pair"

    pair: int = FIRST_PAIR

    @property
    def name(self) -> str:
        """There is one on a machine."""
        return "signing"

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """What the rotation says."""
        return [PairState(load_rotation().signing) for _each in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002
        """The pair that it was made for."""
        return PairState(self.pair)

    def put(self, state: State) -> None:
        """Let the rotation take it for the signing one; raises MailsteadError where its keys are gone."""
        if not isinstance(state, PairState):
            raise TypeError(state)
        save_rotation(taken_up(load_rotation(), state.pair, datetime.now(UTC)))

    def describe(self, now: State, wanted: State) -> Description:
        """From which keys to which."""
        if not isinstance(now, PairState) or not isinstance(wanted, PairState):
            raise TypeError(now, wanted)
        words = _("sign with the DKIM keys {new} instead of {old}").format(
            new=" + ".join(selectors(wanted.pair)), old=" + ".join(selectors(now.pair))
        )
        return Description(Action.MODIFY, words)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return PairState(record["pair"])
