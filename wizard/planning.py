"""From answers to a plan for this machine, touching nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backends.adapter import Adapter
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.facts import MachineFacts, gather_facts
from backends.resources import State
from wizard.answers import Answers
from wizard.blueprint import blueprint
from wizard.history import Run, left_behind, load_runs, unsettled
from wizard.overrides import read_overrides
from wizard.plan import Change, Plan, make_plan
from wizard.way_back import states_left

_OWNED_KINDS = ("file:", "generated:")
"""What a person may have edited; a service that was stopped by hand is simply started again."""


class ChangedByHand(MailsteadError):
    """Files that a run would write have been changed by someone since Mailstead wrote them."""


@dataclass(frozen=True)
class Prepared:
    """All that a run needs to know: the machine, what should be on it, and what would change."""

    facts: MachineFacts
    adapters: tuple[Adapter, ...]
    plan: Plan


def prepare(
    answers: Answers,
    *,
    steps: Sequence[str] = (),
    ssh_connection: str = "",
    environment: Mapping[str, str] | None = None,
) -> Prepared:
    """Look at the machine and make the plan; with `steps`, only for these steps of the answers.

    `environment` holds the variables that secrets of the answers refer to.
    """
    facts = gather_facts(ssh_connection or None)
    adapters = blueprint(answers, facts, read_overrides(), environment or {})
    chosen = [a for a in adapters if not steps or a.step in steps or a.name in {"packages", "state"}]
    runs = load_runs()
    plan = make_plan(chosen, unsettled(runs), owned_states(runs))
    return Prepared(facts, tuple(adapters), plan)


def foresee(answers: Answers, ssh_connection: str, environment: Mapping[str, str]) -> MachineFacts:
    """The facts, and the errors that `prepare` would raise for these answers here, without a plan."""
    facts = gather_facts(ssh_connection or None)
    blueprint(answers, facts, read_overrides(), environment)
    return facts


def adapters_for(answers: Answers, ssh_connection: str = "") -> tuple[Adapter, ...]:
    """The adapters of these answers on this machine, for what they observe and check."""
    return blueprint(answers, gather_facts(ssh_connection or None), read_overrides(), {})


def owned_states(runs: Sequence[Run]) -> dict[str, State]:
    """What Mailstead left its files as, by key."""
    left = {key: what for key, what in left_behind(runs).items() if key.startswith(_OWNED_KINDS)}
    return states_left(left)


def refuse_to_overwrite(changes: Sequence[Change]) -> None:
    """Raise ChangedByHand when one of these changes would overwrite what a person wrote since."""
    edited = [change.key.partition(":")[2] for change in changes if change.is_drift]
    if edited:
        raise ChangedByHand(
            _(
                "files of Mailstead were changed by hand since its last run, and this run would "
                "overwrite them"
            ),
            seen="\n".join(edited),
            next_step=_(
                "look: mailstead drift --diff; keep additions in /etc/mailstead/override/; then: mailstead "
                "replay --overwrite (the present files are kept, and rollback brings them back)"
            ),
        )
