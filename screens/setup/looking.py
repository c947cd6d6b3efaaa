"""The first look at the machine, away from the event loop and from the first paint."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from backends.machine.surroundings import Surroundings
    from wizard.draft import Draft

T = TypeVar("T")


@dataclass(frozen=True)
class FirstLook:
    """What the wizard begins with. `problem` says why it doesn't begin with the answers in force."""

    draft: "Draft"
    surroundings: "Surroundings"
    problem: str = ""


def look() -> FirstLook:
    """Look at the machine and take the answers in force, or what suits the machine."""
    # here, not above: what these load takes longer than the first paint may
    from backends.machine.surroundings import look_around
    from wizard.errors import AnswersError
    from wizard.suggestions import draft_to_begin_with, suggested_draft

    surroundings = look_around()
    try:
        return FirstLook(draft_to_begin_with(surroundings), surroundings)
    except AnswersError as error:
        return FirstLook(suggested_draft(surroundings), surroundings, error.describe())


def page_of_a_run() -> str:
    """The page to begin with where a run is at work, or did not get to its end; empty where none is."""
    from wizard.running import run_to_show

    return "apply" if run_to_show() else ""


async def apart(do: Callable[[], T]) -> T:
    """What `do` gives, from a thread that nobody waits for when the program ends before it is done.

    A connection to port 25 that gets no answer takes seconds; leaving the wizard must not.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # the type of do, which may be None

    def work() -> None:
        result, problem = None, None
        try:
            result = do()
        except BaseException as error:  # noqa: BLE001  handed over to whoever awaits
            problem = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=work, daemon=True).start()
    return await done
