"""What a machine has one of: its kind says which it is."""

from typing import Self

from backends.resources.base import Record, Resource


class Sole(Resource):
    """The only one of its kind on a machine."""

    def identity(self) -> Record:
        """Nothing: there is no other."""
        return {}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:  # noqa: ARG003
        """The one of this machine."""
        return cls()
