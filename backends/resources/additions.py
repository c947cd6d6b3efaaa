"""A person's own additions, which a system includes by itself: what of them it has taken up."""

from dataclasses import dataclass

from backends.resources.base import Description, State
from backends.resources.file import File, FileState

DIRECTORY = "/var/lib/mailstead/additions"


@dataclass(frozen=True)
class Additions(File):
    """A record of the additions that a system's configuration was last validated and started with.

    The additions themselves are never touched. A change of them is one of this record, and so it is planned,
    validated, taken up and taken back like any other. Each line is a SHA-256 and a file's name.
    """

    kind = "additions"

    def describe(self, now: State, wanted: State) -> Description:
        """Which additions are new, changed or gone."""
        told = super().describe(now, wanted)
        before, after = _entries(now), _entries(wanted)
        names = sorted({name for _, name in before ^ after})
        system = self.path.rpartition("/")[2]
        words = f"take up additions to {system}: {', '.join(names) or 'none'}"
        return Description(told.action, words, told.diff, told.is_reversible)


def record_of(system: str, additions: tuple[tuple[str, str], ...], validate: tuple[str, ...]) -> Additions:
    """The record of these additions, each a file's name and its SHA-256; where there are none, no record."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(additions)]
    header = "# Mailstead writes here which additions in /etc/mailstead/override are in force.\n"
    content = (header + "".join(lines)).encode() if lines else None
    return Additions(f"{DIRECTORY}/{system}", content, 0o600, validate=validate)


def _entries(state: State) -> set[tuple[str, str]]:
    content = state.content if isinstance(state, FileState) and state.content else b""
    lines = content.decode(errors="replace").splitlines()
    return {(line[:64], line[66:]) for line in lines if not line.startswith("#")}
