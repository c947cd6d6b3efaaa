"""What a person asked of a run: written into the run's directory, read by the process that does it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from backends.machine.files import remove, write_atomically

Command = Literal["replay", "rollback"]


@dataclass(frozen=True)
class Request:
    """A run to make.

    `run` names it, and `takes_back` the run that a rollback undoes. `steps` limits a replay to these steps
    of the answers. `environment` holds the variables that the answers refer to: it is kept apart from the
    rest, and only until the run has ended.
    """

    command: Command
    run: str
    takes_back: str = ""
    steps: tuple[str, ...] = ()
    ssh_connection: str = ""
    may_overwrite: bool = False
    environment: dict[str, str] = field(default_factory=dict, repr=False)


def save_request(directory: Path, request: Request) -> None:
    """Write it into the run's directory; secrets of the environment into a file of their own."""
    fields = asdict(request)
    environment = fields.pop("environment")
    write_atomically(directory / "request.json", json.dumps(fields).encode(), mode=0o600)
    if environment:
        write_atomically(directory / "environment.json", json.dumps(environment).encode(), mode=0o600)


def load_request(directory: Path) -> Request:
    """The request of this run; raises FileNotFoundError when there is none."""
    fields = json.loads((directory / "request.json").read_text())
    fields["steps"] = tuple(fields["steps"])
    kept = directory / "environment.json"
    environment = json.loads(kept.read_text()) if kept.exists() else {}
    return Request(**fields, environment=environment)


def forget_environment(directory: Path) -> None:
    """Remove the secrets that came by the environment: the run is over."""
    remove(directory / "environment.json")
