"""What has changed by hand since Mailstead last wrote it."""

from dataclasses import dataclass

from backends.resources import look_at
from wizard.history import left_behind, load_runs
from wizard.way_back import resource_of, states_left


@dataclass(frozen=True)
class Drift:
    """A resource that is not as Mailstead left it; `diff` goes from what it left to what is now."""

    key: str
    summary: str
    diff: str


def find_drift() -> tuple[Drift, ...]:
    """Everything that is otherwise than the last run left it; touches nothing."""
    left = left_behind(load_runs())
    states = states_left(left)
    resources = {key: resource_of(applied) for key, (_, applied) in left.items() if key in states}
    now = look_at(list(resources.values()))
    found = []
    for key, resource in resources.items():
        if now[key] != states[key]:
            told = resource.describe(states[key], now[key])
            found.append(Drift(key, told.summary, told.diff))
    return tuple(found)
