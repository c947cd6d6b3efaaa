"""The wizard on a machine that is always the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest
from textual.pilot import Pilot

from backends.machine.disks import MailPlace
from backends.machine.port_25 import Port25
from backends.machine.surroundings import Surroundings
from screens.app import MailsteadApp
from screens.setup import looking
from screens.setup.fields.field import Field
from screens.setup.setup_screen import SetupScreen
from wizard.draft import Draft
from wizard.suggestions import suggested_draft

MACHINE = Surroundings(
    hostname="mail.example.org",
    addresses=(ip_address("192.0.2.25"), ip_address("2001:db8::25")),
    cores=2,
    memory_bytes=2 << 30,
    mail_place=MailPlace("/var/vmail", 100 << 30, 90 << 30, ("vda",)),
    port_25=Port25(is_open=True, why="mx.example.net answered"),
)
BLOCKED = replace(MACHINE, port_25=Port25(is_open=False, why="no answer from mx.example.net within 5 s"))


def wizard(
    monkeypatch: pytest.MonkeyPatch, machine: Surroundings = MACHINE, draft: Draft | None = None
) -> MailsteadApp:
    """The wizard as it begins on this machine."""
    begins = suggested_draft(machine) if draft is None else draft
    monkeypatch.setattr(looking, "look", lambda: looking.FirstLook(begins, machine))
    return MailsteadApp("setup")


@asynccontextmanager
async def running(app: MailsteadApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """The wizard once it has looked at the machine."""
    async with app.run_test(size=size) as pilot:
        await begun(pilot)
        yield pilot


async def begun(pilot: Pilot[None]) -> None:
    """Wait until the first page is there and has the focus."""
    while not (isinstance(screen := pilot.app.screen, SetupScreen) and screen.page is not None):
        await pilot.pause(0.02)
    await settled(pilot)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until all that was asked for is drawn."""
    await pilot.pause()
    await pilot.pause()


def setup_of(pilot: Pilot[None]) -> SetupScreen:
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, SetupScreen)
    return screen


def field_of(pilot: Pilot[None], key: str) -> Field:
    """The field of this key on the screen that is on top."""
    return next(field for field in pilot.app.screen.query(Field) if field.key == key)


async def focus(pilot: Pilot[None], key: str) -> Field:
    field = field_of(pilot, key)
    field.target.focus()
    await settled(pilot)
    return field


async def type_text(pilot: Pilot[None], text: str) -> None:
    await pilot.press(*({" ": "space"}.get(character, character) for character in text))
    await settled(pilot)


def words_of(field: Field) -> str:
    """What stands below the field."""
    return str(field._note.content)
