"""What a person looks over before a run: everything that would change, by step and by kind."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from wizard import secret_files
from wizard.answers import Answers
from wizard.plan import Change
from wizard.planning import prepare
from wizard.preflight import Obstacle, obstacles
from wizard.steps import steps


class Group(StrEnum):
    """The kinds of changes that a person tells apart."""

    PACKAGES = "packages"
    FILES = "files"
    ACCOUNTS = "accounts"
    FIREWALL = "firewall"
    SERVICES = "services"


_GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "packages": Group.PACKAGES,
        "service": Group.SERVICES,
        "firewall": Group.FIREWALL,
        **dict.fromkeys(
            ("account", "alias", "domain", "database", "user", "group", "membership"), Group.ACCOUNTS
        ),
    }
)
"""By the kind of resource; all others are files."""


@dataclass(frozen=True)
class StepChanges:
    """What changes for one step, by kind, in the order of `Group`."""

    step: str
    """The name of the wizard's step."""
    title: str
    groups: tuple[tuple[Group, tuple[Change, ...]], ...]

    @property
    def count(self) -> int:
        """How many changes."""
        return sum(len(changes) for _, changes in self.groups)


@dataclass(frozen=True)
class Review:
    """A plan as people read it, and what stands in the way of it."""

    changes: tuple[Change, ...]
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def counts(self) -> dict[Group, int]:
        """How many changes of each kind, those that there are."""
        kinds = [group_of(change) for change in self.changes]
        return {group: kinds.count(group) for group in Group if group in kinds}

    @property
    def staying(self) -> tuple[Change, ...]:
        """What can't be taken back."""
        return tuple(change for change in self.changes if not change.is_reversible)

    @property
    def overwritten(self) -> tuple[str, ...]:
        """The files that were changed by hand since the last run, and would be written anew."""
        return tuple(change.key.partition(":")[2] for change in self.changes if change.is_drift)

    def by_step(self) -> tuple[StepChanges, ...]:
        """Everything, in the order of the steps; what belongs to no step comes last."""
        of_section = {section: step for step in steps() for section in step.sections}
        found = []
        for step in steps():
            own = [change for change in self.changes if of_section.get(change.step) is step]
            if own:
                found.append(StepChanges(step.name, step.title, _by_group(own)))
        rest = [change for change in self.changes if change.step not in of_section]
        return (*found, StepChanges("", "", _by_group(rest))) if rest else tuple(found)


def group_of(change: Change) -> Group:
    """What kind of change this is to a person."""
    return _GROUPS.get(change.key.partition(":")[0], Group.FILES)


def look_over(answers: Answers) -> Review:
    """What a run of these answers would change here; takes a second or two, and touches nothing.

    Raises what `prepare` raises.
    """
    environment = secret_files.variables_of(answers, os.environ)
    prepared = prepare(answers, ssh_connection=os.environ.get("SSH_CONNECTION", ""), environment=environment)
    in_the_way = obstacles(answers, prepared.facts)
    accepted = answers.hardware.accept
    return Review(prepared.plan.changes, tuple(o for o in in_the_way if not o.id or o.id not in accepted))


def _by_group(changes: list[Change]) -> tuple[tuple[Group, tuple[Change, ...]], ...]:
    groups = ((group, tuple(change for change in changes if group_of(change) is group)) for group in Group)
    return tuple((group, members) for group, members in groups if members)
