"""Which answers a command works with."""

from pathlib import Path

from backends.errors import MailsteadError
from backends.language import _
from wizard import answers_file
from wizard.answers import Answers
from wizard.places import ANSWERS_FILE


class NothingSetUp(MailsteadError):
    """There are no answers in force on this machine yet."""


def answers_in_force() -> Answers:
    """The answers of the last run; raises NothingSetUp when there was none."""
    if not ANSWERS_FILE.exists():
        raise NothingSetUp(
            _("no mail server is set up here yet"),
            next_step=_("mailstead replay --answers FILE, or mailstead replay --quickstart"),
        )
    return answers_file.load(ANSWERS_FILE)


def answers_to_apply(path: Path | None, *, is_quickstart: bool) -> Answers:
    """The answers in a file; or those in force; or, for a quickstart on a new machine, made from its name."""
    if path is not None:
        return answers_file.load(path)
    if is_quickstart and not ANSWERS_FILE.exists():
        # Only a first run asks the DNS; other commands need not load what that takes.
        from backends.machine.facts import gather_facts
        from backends.machine.resolvers import probe_resolvers
        from wizard.quickstart import quickstart_answers

        facts = gather_facts()
        advice = probe_resolvers(facts.resolvers)
        return quickstart_answers(facts.hostname, forward_to=advice.forward_to, dnssec=advice.dnssec)
    return answers_in_force()
