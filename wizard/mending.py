"""Does what mends a check, and asks the check again."""

import os
from collections.abc import Mapping

from backends.checks import Mend
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.run import run
from wizard.answers_in_force import answers_in_force
from wizard.health import Result, check_all, check_until_well
from wizard.own_checks import own_checks
from wizard.planning import adapters_for

_LONGEST_RUN = 3600.0
"""Seconds; a replay may have to fetch packages."""

_WHO = ("SUDO_USER", "USER", "SSH_CONNECTION")
"""What the audit log of a command that is called from here needs, and the firewall to spare this line."""


class NothingMendsIt(MailsteadError):
    """The check names no single act that would do."""


def mend(action: Mend, environment: Mapping[str, str] = os.environ) -> None:
    """Do it and wait for its end; raises MailsteadError with what was seen where it does not work."""
    if action.command[0] == "mailstead":
        told = {name: environment[name] for name in _WHO if name in environment}
        run(action.command, timeout=_LONGEST_RUN, environment=told)
    elif action.do is not None:
        action.do()


def mend_check(name: str, environment: Mapping[str, str] = os.environ) -> Result | None:
    """Ask the check of this id, do what it names, and ask it again; None where no check has this id.

    A check that is well is left alone. Raises NothingMendsIt where a person has to look.
    """
    adapters = adapters_for(answers_in_force(), environment.get("SSH_CONNECTION", ""))
    others = tuple(own_checks())
    found = next((one for one in check_all(adapters, (name,), others) if one.id == name), None)
    if found is None or not found.finding.mend:
        return found
    if found.finding.action is None:
        raise NothingMendsIt(
            _("no single act mends {name}").format(name=name),
            seen=found.finding.seen,
            next_step=found.finding.mend,
        )
    mend(found.finding.action, environment)
    return check_until_well(adapters, name, others)
