"""What every step looks like, in both views, and the dialogs over them."""

import pytest
from textual.pilot import Pilot

from tests.screens.conftest import SnapCompare
from tests.screens.wizard import BLOCKED, begun, focus, settled, setup_of, type_text, wizard
from wizard.steps import STEPS
from wizard.suggestions import suggested_draft


@pytest.mark.parametrize("view", ["simple", "expert"])
@pytest.mark.parametrize("step", STEPS)
def test_step(
    monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, step: str, view: str, size: tuple[int, int]
) -> None:
    async def visit(pilot: Pilot[None]) -> None:
        await begun(pilot)
        setup_of(pilot).is_expert = view == "expert"
        await setup_of(pilot).go_to(step)
        await drawn(pilot)

    assert snap_compare(wizard(monkeypatch, BLOCKED), terminal_size=size, run_before=visit)


def test_mistakes_while_typing(
    monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, size: tuple[int, int]
) -> None:
    async def mistype(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await focus(pilot, "site.domains")
        await pilot.press("enter")
        await type_text(pilot, "b@d")
        await focus(pilot, "site.hostname")
        await type_text(pilot, "!")
        await drawn(pilot)

    assert snap_compare(wizard(monkeypatch), terminal_size=size, run_before=mistype)


def test_mailbox(monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def add(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        await focus(pilot, "accounts.mailboxes")
        await pilot.press("a")
        await settled(pilot)
        await type_text(pilot, "anna@example.org")
        await pilot.press("down", "down", "space")
        await settled(pilot)
        await type_text(pilot, "qwerty")
        await drawn(pilot)

    assert snap_compare(wizard(monkeypatch), terminal_size=size, run_before=add)


def test_many_mailboxes(
    monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, size: tuple[int, int]
) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await setup_of(pilot).go_to("accounts")
        await settled(pilot)
        await focus(pilot, "accounts.mailboxes")
        await pilot.press("end")
        await drawn(pilot)

    rows = [{"address": f"u{n}@example.org", "password": "generate", "quota": "2G"} for n in range(40)]
    rows.append({"address": "名前@example.org", "password": "env:X", "quota": "much"})
    draft = suggested_draft(BLOCKED).with_value("accounts.mailboxes", rows)
    assert snap_compare(wizard(monkeypatch, draft=draft), terminal_size=size, run_before=look)


def test_help(monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def ask(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await pilot.press("f1")
        await drawn(pilot)

    assert snap_compare(wizard(monkeypatch), terminal_size=size, run_before=ask)


def test_save(monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def save(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await pilot.press("ctrl+s")
        await drawn(pilot)

    assert snap_compare(wizard(monkeypatch), terminal_size=size, run_before=save)


@pytest.mark.parametrize("step", ["hardware", "certificates", "accounts"])
def test_few_glyphs_and_colours(
    monkeypatch: pytest.MonkeyPatch, snap_compare: SnapCompare, step: str, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("COLORTERM")
    monkeypatch.setattr("textual.scrollbar.ScrollBar.renderer", None)

    async def visit(pilot: Pilot[None]) -> None:
        await begun(pilot)
        await setup_of(pilot).go_to(step)
        await drawn(pilot)

    assert snap_compare(wizard(monkeypatch, BLOCKED), terminal_size=size, run_before=visit)


async def drawn(pilot: Pilot[None]) -> None:
    """Wait for the marks at the left, which come a moment after the last key."""
    await settled(pilot)
    while (
        (timer := setup_of(pilot)._states_timer) is not None
        and timer._task is not None
        and not timer._task.done()
    ):
        await pilot.pause(0.02)
    await settled(pilot)
