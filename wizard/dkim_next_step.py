"""What comes next in a change of DKIM keys, and doing it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from backends.dns.rotation import Rotation, due_to_retire, is_switch_due, signs_from
from backends.machine.facts import gather_facts
from wizard.answers_in_force import answers_in_force
from wizard.dkim_rotation import Work, begin, carry_on, retire, settle
from wizard.whole_run import run_to_its_end

Step = Literal["begin", "go on", "look", "switch", "wait", "delete", "keep", "look away"]
"""Make new keys; let a change that was taken back go on; look whether the new ones are seen everywhere; let
them sign; wait until they may; delete old ones; wait until these may go; look whether their records are gone.
"""

WAITS: frozenset[Step] = frozenset({"wait", "keep"})
"""Steps that only time does."""


def next_step(rotation: Rotation, now: datetime) -> Step:
    """The first that is to be done, going by what was seen last."""
    if rotation.coming:
        if rotation.coming.is_held:
            return "go on"
        if signs_from(rotation) is None:
            return "look"
        return "switch" if is_switch_due(rotation, now) else "wait"
    if rotation.leaving:
        return "delete" if due_to_retire(rotation, now) else "keep"
    return "look away" if rotation.gone else "begin"


def take_step(step: Step, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Do it; gives what was done, a sentence each.

    Raises MailsteadError where records could not be published, or the run that lets new keys sign would be
    refused or did not go well; where things stand is kept all the same.
    """
    said: list[str] = []
    machine = gather_facts(environment.get("SSH_CONNECTION"))
    work = Work(answers_in_force(), machine, environment, said.append)
    if step in {"delete", "look away"}:
        retire(work)
        return tuple(said)
    if step in {"begin", "go on"}:
        begin(work)
    if due := carry_on(work):
        try:
            run_to_its_end(*due)
        finally:
            settle()
    return tuple(said)


def command_of(step: Step) -> tuple[str, ...]:
    """The words of the command line that does the same."""
    if step in {"delete", "look away"}:
        return ("dkim", "retire")
    return ("dkim", "rotate", "--yes") if step in {"begin", "go on"} else ("dkim", "refresh")
