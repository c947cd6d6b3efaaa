"""Secrets that the answers refer to and that are nowhere yet."""

from collections.abc import Iterator

from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps.question import StepFinding


def missing_secret(draft: Draft, surroundings: Surroundings, key: str, label: str) -> Iterator[StepFinding]:
    """A finding where `secret:NAME` at this key is neither on the machine nor typed; `label` names it."""
    reference = draft.value(key)
    if not isinstance(reference, str) or not reference.startswith("secret:"):
        return
    name = reference.removeprefix("secret:")
    if name in draft.typed or name in surroundings.secrets:
        return
    yield StepFinding(
        id=f"secret.{key}",
        status=Status.FAIL,
        seen=_("{label}: there is no secret called {name} on this machine").format(label=label, name=name),
        wanted=_("the secret itself, or another reference"),
        mend=_("type it here, or write it into /etc/mailstead/secrets/{name}").format(name=name),
    )
