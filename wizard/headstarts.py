"""Lets slow work that only fills caches begin before its turn, beside everything else that a run does.

Rspamd compiles its patterns for five to fifteen seconds, on one core, when it starts for the first time. Its
stage would do nothing but wait for that. So the run has the same patterns compiled ahead, as soon as Rspamd's
package is there. Stages, gates and journal know nothing of it and keep their order: a headstart changes
nothing that would have to be recorded or taken back, and one that a killed run left behind does no harm.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from backends.adapter import Headstart
from backends.errors import MailsteadError
from backends.machine.run import run
from wizard.plan import Plan

_ASK_AGAIN = 0.5
"""Seconds between two looks whether it is possible yet."""

_LONGEST = 120.0

Await = Callable[[str], None]
"""Takes the name of a stage, and comes back when its headstart, if there is one, is over."""


@contextmanager
def headstarts(plan: Plan) -> Iterator[Await]:
    """While inside, the headstarts of the stages that will change something are under way."""
    busy = {change.stage for change in plan.changes}
    under_way = {
        stage.name: _UnderWay(stage.headstart)
        for stage in plan.stages
        if stage.headstart and stage.name in busy
    }

    def wait_for(stage: str) -> None:
        if stage in under_way:
            under_way[stage].wait()

    try:
        yield wait_for
    finally:
        for each in under_way.values():
            each.give_up()


class _UnderWay:
    """A headstart in a thread of its own."""

    def __init__(self, headstart: Headstart) -> None:
        self._headstart = headstart
        self._is_too_late = Event()
        self._thread = Thread(target=self._go, name="headstart", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Come back when it is over; one that has not begun by now never does."""
        self.give_up()
        self._thread.join()

    def give_up(self) -> None:
        """Do not begin any more."""
        self._is_too_late.set()

    def _go(self) -> None:
        with suppress(MailsteadError, OSError):
            while not self._headstart.is_possible():
                if self._is_too_late.wait(_ASK_AGAIN):
                    return
            run(self._headstart.command, timeout=_LONGEST, check=False)
