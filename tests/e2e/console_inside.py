"""Drives the console with keys inside a machine, as a person would; runs there, by the program's own Python.

The first argument names what to do, the second to what; what is secret comes by standard input. Prints one
JSON document of what was seen.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

sys.path.insert(0, os.path.realpath("/opt/mailstead/app"))

from textual.pilot import Pilot

from screens.app import MailsteadApp
from screens.console.panel import Panel
from screens.widgets.line_view import LineView


async def until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until it holds; raises TimeoutError."""
    give_up = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up:
            told = [panel.status_text for panel in pilot.app.screen.query(Panel)]
            raise TimeoutError(f"still waiting on {type(pilot.app.screen).__name__}: {told} {notes(pilot)}")
        await pilot.pause(0.05)
    await pilot.pause()


async def panel_of(pilot: Pilot[None], key: str) -> Panel:
    """The panel of this number, once it has rows."""
    await until(pilot, lambda: hasattr(pilot.app.screen, "panel") and bool(pilot.app.screen.query(Panel)))
    await pilot.press(key)
    panel: Panel = pilot.app.screen.panel  # type: ignore[attr-defined]
    await until(pilot, lambda: bool(panel.query_one(LineView).rows))
    return panel


async def screen(pilot: Pilot[None], name: str) -> None:
    """Wait for a screen of this class."""
    await until(pilot, lambda: type(pilot.app.screen).__name__ == name)


async def at(pilot: Pilot[None], panel: Panel, name: str) -> None:
    """Put the cursor on the row of this name."""
    view = panel.query_one(LineView)

    def place() -> int | None:
        return next((n for n, row in enumerate(view.rows) if name in _names(row)), None)

    await until(pilot, lambda: place() is not None)
    view.go_to(place() or 0)
    await pilot.pause()


def _names(row: Any) -> tuple[str, ...]:
    if hasattr(row, "result"):
        return (row.result.id,)
    return (str(row.ban.address),) if hasattr(row, "ban") else (row.name,)


def notes(pilot: Pilot[None]) -> list[str]:
    """What the toasts said."""
    return [note.message for note in pilot.app._notifications]


async def mailbox(pilot: Pilot[None], key: str, address: str, *then: str) -> None:
    """Press a key on a mailbox, and what follows; wait until it was done."""
    panel = await panel_of(pilot, "4")
    await at(pilot, panel, address)
    before = len(notes(pilot))
    await pilot.press(key)
    for step in then:
        if step.startswith("@"):
            await screen(pilot, step[1:])
        else:
            await pilot.press(step)
    await until(pilot, lambda: len(notes(pilot)) > before)


async def do(pilot: Pilot[None], command: str, argument: str, typed: str) -> None:
    """One act of a person."""
    match command:
        case "suspend":
            await mailbox(pilot, "s", argument)
        case "password":
            await mailbox(pilot, "p", argument, "@PasswordForm", *typed, "enter")
        case "delete":
            await mailbox(pilot, "d", argument, "@Confirm", "y")
        case "new":
            panel = await panel_of(pilot, "4")
            await at(pilot, panel, argument.partition("@")[2])
            await pilot.press("n")
            await screen(pilot, "NewEntryForm")
            await pilot.press(*argument, "down", *typed, "enter")
            await until(pilot, lambda: bool(notes(pilot)))
        case "unban":
            panel = await panel_of(pilot, "5")
            await at(pilot, panel, argument)
            await pilot.press("u")
            await until(pilot, lambda: bool(notes(pilot)))
        case "mend":
            panel = await panel_of(pilot, "1")
            await at(pilot, panel, argument)
            view = panel.query_one(LineView)
            await until(pilot, lambda: view.row is not None and view.row.result.finding.action is not None)
            await pilot.press("m")
            await screen(pilot, "Confirm")
            await pilot.press("y")
            await until(pilot, lambda: bool(notes(pilot)), 90)
        case "prove":
            await panel_of(pilot, "1")
            await pilot.press("p")
            await screen(pilot, "ProofScreen")
            title = pilot.app.screen.query_one("#proof-title")
            await until(pilot, lambda: "…" not in str(title.render()), 90)


async def main(command: str, argument: str = "", typed: str = "") -> None:
    """Do it in a console, and tell what was said."""
    app = MailsteadApp("console")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await do(pilot, command, argument, typed)
        told = notes(pilot)
        shown = str(app.screen.query_one("#proof-title").render()) if app.screen.query("#proof-title") else ""
    print(json.dumps({"notes": told, "shown": shown}))


if __name__ == "__main__":
    _command, *_argument = sys.argv[1:]
    asyncio.run(main(_command, "".join(_argument[:1]), sys.stdin.read().strip()))
