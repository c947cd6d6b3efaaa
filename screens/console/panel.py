"""What every panel of the console is and can do."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, TypeVar

from textual import on, work
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from backends.errors import MailsteadError
from backends.language import _
from screens.first_paint import once_painted
from screens.widgets.safe_input import SafeInput

T = TypeVar("T")


class Panel(Widget):
    """One panel of the console, made when it is first shown.

    A panel composes its widgets, lists its keys in BINDINGS (each with a description, so that the footer, `?`
    and the command palette have them), and gets what it shows in `observe()`, which is called when the panel
    is shown and then every EVERY seconds while it is. `observe()` must not block: it awaits
    `asyncio.to_thread(…)` for what asks the machine, and puts frozen values into its widgets.

    What changes the machine goes through `act()`. The names of the actions that do so are in CHANGES: in a
    read-only console they are hidden and refused.
    """

    DEFAULT_CLASSES = "panel"
    HELP: ClassVar[str | None] = None
    """A few paragraphs for `?`: what the panel shows and what people do here."""
    EVERY: ClassVar[float | None] = 5.0
    """Seconds from one observation to the next; None: only when shown and on `refresh_now()`."""
    CHANGES: ClassVar[frozenset[str]] = frozenset()

    class Told(Message):
        """A line for the bottom of the console: what the panel shows, or why it can't."""

        def __init__(self, panel: "Panel", text: str, *, is_trouble: bool = False) -> None:
            super().__init__()
            self.panel, self.text, self.is_trouble = panel, text, is_trouble

    is_trouble = False
    status_text = ""

    async def observe(self) -> None:
        """Look at the machine and show what was seen; a MailsteadError or OSError is told in the status."""

    def places(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What `:` can go to here by name, beside the panel itself: the name, and how to get there."""
        yield from ()

    def open_filter(self) -> None:
        """What `/` does: panels with a list show their filter."""

    def shown(self) -> None:
        """The panel has come into view: its main widget gets the focus; once it is drawn, begin to look."""
        once_painted(self, self._look_if_shown)
        target = next((w for w in self.query("*") if w.focusable and w.display and w.id != "filter"), None)
        if self.app.focused is None or not self.has_focus_within:
            (target or self).focus()

    def look(self) -> None:
        """Begin to observe. What that loads for the first time would hold up the drawing."""
        self._keep_observing()

    def hidden(self) -> None:
        """Another panel is shown now: stop observing."""
        self.workers.cancel_node(self)

    def _look_if_shown(self) -> None:
        if self.display:
            self.look()

    def refresh_now(self) -> None:
        """Observe at once."""
        self._keep_observing()

    def tell(self, text: str, *, is_trouble: bool = False) -> None:
        """Put a line at the bottom of the console; `text` is plain, never markup."""
        self.status_text, self.is_trouble = text, is_trouble
        self.post_message(self.Told(self, text, is_trouble=is_trouble))

    async def act(self, command: Sequence[str], change: Callable[[], T]) -> T | None:
        """Change something on the machine, off the event loop, with a line in the audit log.

        `command` are the words of the command line that does the same. Gives what `change` gives; None when
        it failed, which the person has then been told, or when the console is read-only. Call it from an
        async worker or handler; observe again afterwards with `refresh_now()`. Whoever looks away meanwhile
        stops neither the change nor the line.
        """
        if getattr(self.app, "is_read_only", False):
            self.complain(_("This console only looks: it was started with --read-only."))
            return None
        try:
            return await asyncio.to_thread(_recorded, command, change)
        except (MailsteadError, OSError) as problem:
            self.complain(describe(problem))
            return None

    async def carry_out(self, command: Sequence[str], change: Callable[[], object], said: str) -> bool:
        """`act()`, then say what was done and look again; gives whether it was done."""
        done = await self.act(command, lambda: (change(),))
        if done is None:
            return False
        self.confirm_done(said)
        self.refresh_now()
        return True

    def complain(self, text: str) -> None:
        """Tell of something that did not work."""
        self.app.notify(text, severity="error", timeout=12, markup=False)

    def confirm_done(self, text: str) -> None:
        """Tell of something that was done."""
        self.app.notify(text, timeout=4, markup=False)

    @on(SafeInput.Refused)
    def _refused_to_type(self, event: SafeInput.Refused) -> None:
        self.complain(event.reason)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Read-only: what changes things is not there."""
        return not (action in self.CHANGES and getattr(self.app, "is_read_only", False))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A mistake in the panel itself is told too, instead of a key that does nothing."""
        if event.state is WorkerState.ERROR and isinstance(event.worker.error, Exception):
            self.tell(on_one_line(event.worker.error), is_trouble=True)

    @work(exclusive=True, group="observe", exit_on_error=False, description="observe")
    async def _keep_observing(self) -> None:
        while True:
            try:
                await self.observe()
            except Exception as problem:  # noqa: BLE001  told; the next look may go well
                self.tell(on_one_line(problem), is_trouble=True)
            if self.EVERY is None:
                return
            await asyncio.sleep(self.EVERY)


def _recorded(command: Sequence[str], change: Callable[[], T]) -> T:
    """Make the change, with its line in the audit log however it ends."""
    from wizard.audit import record

    status = 1
    try:
        done = change()
        status = 0
        return done
    finally:
        record(command, status)


def on_one_line(problem: Exception) -> str:
    """What went wrong, for the last line of the console."""
    return " · ".join(" ".join(line.split()) for line in describe(problem).splitlines() if line.strip())


def describe(problem: Exception) -> str:
    """What went wrong, in a few lines of plain text."""
    from backends.text import clean_lines

    words = (
        problem.describe() if isinstance(problem, MailsteadError) else f"{type(problem).__name__}: {problem}"
    )
    return clean_lines(words, 500)
