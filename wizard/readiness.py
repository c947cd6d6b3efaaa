"""How far each step is, and whether there is anything in the way of installing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from backends.checks import Status
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps import steps
from wizard.steps.question import Step, StepFinding


class Readiness(StrEnum):
    """The state of a step."""

    UNTOUCHED = "untouched"
    """Nobody has been there; its defaults are fine."""
    READY = "ready"
    NEEDS_YOU = "needs-you"
    """Something is wrong, or needs a decision; nothing can be installed before."""
    WARNING = "warning"
    """It can be installed like this, and something should be known first."""


@dataclass(frozen=True)
class StepReadiness:
    """A step's state, how many things are behind it, and the first of them in words."""

    state: Readiness
    count: int = 0
    first: str = ""


def readiness(step: Step, draft: Draft, surroundings: Surroundings) -> StepReadiness:
    """The state of a step: mistakes first, then what has to be decided, then warnings."""
    blocking = [f"{step.label_at(key)}: {words}" for key, words in step.mistakes(draft).items()]
    findings = step.findings(draft, surroundings)
    accepted = accepted_ids(draft)
    blocking += [f.seen for f in findings if _blocks(f, accepted)]
    if blocking:
        return StepReadiness(Readiness.NEEDS_YOU, len(blocking), blocking[0])
    warnings = [f.seen for f in findings if f.status in {Status.WARN, Status.FAIL} and f.id not in accepted]
    if warnings:
        return StepReadiness(Readiness.WARNING, len(warnings), warnings[0])
    return StepReadiness(Readiness.READY if step.name in draft.visited else Readiness.UNTOUCHED)


def all_readiness(draft: Draft, surroundings: Surroundings) -> Mapping[str, StepReadiness]:
    """The state of each step, by its name, in their order."""
    return {step.name: readiness(step, draft, surroundings) for step in steps()}


def is_ready_to_install(draft: Draft, surroundings: Surroundings) -> bool:
    """Whether every step can be installed as it is, with warnings or without."""
    return all(each.state is not Readiness.NEEDS_YOU for each in all_readiness(draft, surroundings).values())


def accepted_ids(draft: Draft) -> frozenset[str]:
    """What a person has read and accepted."""
    accepted = draft.value("hardware.accept")
    return (
        frozenset(each for each in accepted if isinstance(each, str))
        if isinstance(accepted, list)
        else frozenset()
    )


def accept(draft: Draft, finding: StepFinding) -> Draft:
    """The draft of a person who has read this and goes on; raises ValueError where nobody can."""
    if not finding.is_acceptable:
        raise ValueError(finding.id)
    if finding.id in accepted_ids(draft):
        return draft
    accepted = draft.value("hardware.accept")
    others = accepted if isinstance(accepted, list) else []
    return draft.with_value("hardware.accept", [*others, finding.id])


def _blocks(finding: StepFinding, accepted: frozenset[str]) -> bool:
    return finding.status is Status.FAIL and not (finding.is_acceptable and finding.id in accepted)
