"""The overview: is my server working, what changed, and one key that mends."""

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from backends.checks import fail
from backends.errors import CommandFailed, MailsteadError
from backends.text import clean
from screens.console.overview_panel import OverviewPanel
from tests.screens.conftest import SnapCompare
from tests.screens.console_world import (
    FACTS,
    HOSTILE,
    NOW,
    WELL,
    World,
    console,
    down,
    notes,
    on_panel,
    on_screen,
    result,
    running,
    text_on,
    until,
)
from wizard.last_proof import LastProof
from wizard.overview import SystemState
from wizard.proof import ProofResult


async def opened(pilot: Pilot[None]) -> OverviewPanel:
    """The overview, once every check was asked."""
    panel = await on_panel(pilot, "1")
    assert isinstance(panel, OverviewPanel)
    await until(pilot, lambda: bool(panel.view.rows))
    return panel


@pytest.mark.usefixtures("world")
async def test_a_server_that_works_is_said_to_work_first() -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)

        shown = text_on(app)

    assert "It works: no check fails, mail was proved to flow 07:00; 1 warning" in shown
    assert "1 active, 3 deferred, 0 on hold; the oldest waits for 2 h" in shown
    assert "RSA 396 days left" in shown
    assert "no backup yet; no drill yet" in shown
    assert "/ 35 % used, 26 GB free" in shown
    assert "2 addresses are banned" in shown


async def test_what_went_bad_is_named_first_with_the_time(world: World) -> None:
    world.results = down()
    world.facts = replace(FACTS, systems=(SystemState("dovecot", True), SystemState("postfix", False)))
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)

        assert panel.view.rows[0].result.id == "postfix.service"
        shown = text_on(app)

    assert "! 1 check fails: Postfix runs, bad since 11:30" in shown
    assert "! DOWN: postfix; 1 is up" in shown
    assert "seen    not running" in shown
    assert "wanted  running" in shown
    assert "mend    systemctl restart postfix.service" in shown
    assert "key m   restart postfix.service" in shown


async def test_m_mends_after_asking_and_asks_the_check_again(world: World) -> None:
    world.results = down()
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("m")
        await on_screen(pilot, "Confirm")
        assert "Restart postfix.service?" in text_on(app)
        assert "systemctl restart postfix.service" in text_on(app)

        await pilot.press("y")
        await until(pilot, lambda: "Mended: Postfix runs" in notes(app))
        await until(pilot, lambda: all(one.result.finding.status != "fail" for one in panel.view.rows))

    assert [name for name, *_rest in world.done] == ["mend"]
    assert world.audit == [(("mend", "postfix.service"), 0)]


async def test_enter_in_the_question_mends_nothing(world: World) -> None:
    world.results = down()
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("m")
        await on_screen(pilot, "Confirm")

        await pilot.press("enter")
        await on_screen(pilot, "ConsoleScreen")

    assert world.done == []
    assert world.audit == []


async def test_a_mend_that_does_not_help_is_told_with_what_is_seen(world: World) -> None:
    world.results = world.after_mending = down()
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("m")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")

        await until(pilot, lambda: any("not well yet: Postfix runs" in note for note in notes(app)))


async def test_a_mend_that_fails_is_told_and_written_down_as_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.results = down()
    refusal = CommandFailed("postfix.service does not restart", seen="no space left")
    monkeypatch.setattr("wizard.mending.mend", world.did("mend", refusal))
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("m")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")

        await until(pilot, lambda: any("no space left" in note for note in notes(app)))

    assert world.audit == [(("mend", "postfix.service"), 1)]


@pytest.mark.usefixtures("world")
async def test_without_an_act_that_mends_m_is_not_offered() -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        assert panel.view.row is not None
        assert panel.view.row.result.finding.action is None

        assert "m Mend" not in text_on(app)
        await pilot.press("m")
        await pilot.pause()

        assert type(app.screen).__name__ == "ConsoleScreen"


async def test_p_shows_each_part_of_the_proof(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("p")
        await on_screen(pilot, "ProofScreen")
        await until(pilot, lambda: "Mail flows." in text_on(app))

        shown = text_on(app)

    assert "ok    A message sent over port 587 arrives" in shown
    assert "refused: 554 5.7.1" in shown
    assert world.audit == [(("prove",), 0)]


async def test_a_proof_that_fails_says_what_failed(world: World) -> None:
    world.proof = (ProofResult("proof.relay", "Port 25 refuses to relay", False, clean(HOSTILE)),)
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("p")
        await on_screen(pilot, "ProofScreen")
        await until(pilot, lambda: "The proof failed." in text_on(app))

        assert "FAIL  Port 25 refuses to relay" in text_on(app)
        assert "\x1b" not in text_on(app)

    assert world.audit == [(("prove",), 1)]


async def test_a_proof_that_failed_before_is_the_verdict(world: World) -> None:
    wrong = ProofResult("proof.relay", "Port 25 refuses to relay", False, "not refused: 250 ok")
    world.facts = replace(FACTS, proof=LastProof(NOW - timedelta(hours=1), (wrong,)))
    app = console()
    async with running(app) as pilot:
        await opened(pilot)

        assert "! The last proof failed: Port 25 refuses to relay" in text_on(app)


@pytest.mark.usefixtures("world")
async def test_enter_shows_a_check_in_full() -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")

        shown = text_on(app)

    assert "check: dkim.record-r1.example.test" in shown
    assert "status: warning" in shown
    assert "wanted: the key in the DNS" in shown


@pytest.mark.usefixtures("world")
async def test_the_filter_leaves_only_checks_with_these_words() -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("slash", *"dovecot")

        await until(pilot, lambda: [one.result.id for one in panel.view.rows] == ["dovecot.service"])

        await pilot.press("escape")
        await until(pilot, lambda: len(panel.view.rows) == len(WELL))
        assert panel.view.has_focus


async def test_what_can_not_be_seen_is_said_and_the_panel_looks_again(world: World) -> None:
    world.problem = CommandFailed("fail2ban does not answer", seen="no socket")
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, "1")
        await until(pilot, lambda: panel.is_trouble)
        assert "! fail2ban does not answer" in text_on(app)

        world.problem = None
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "It works" in text_on(app))

        assert not panel.is_trouble


async def test_hostile_words_of_a_check_are_only_text(world: World) -> None:
    evil = result("x.y", clean(HOSTILE), fail(HOSTILE, HOSTILE, HOSTILE))
    world.results = (evil, *WELL)
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")
        shown = text_on(app)
        await pilot.press("escape")

        assert "[/x][bold]" in shown
        assert "\x1b" not in shown + text_on(app)
        assert "\x9b" not in shown + text_on(app)


@pytest.mark.usefixtures("world")
def test_looks_of_a_server_that_works(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)

    assert snap_compare(console(), terminal_size=size, run_before=look)


def test_looks_of_a_server_in_trouble(world: World, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    world.results = down()
    world.facts = replace(FACTS, systems=(SystemState("dovecot", True), SystemState("postfix", False)))

    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)

    assert snap_compare(console(), terminal_size=size, run_before=look)


async def test_a_server_that_can_not_be_looked_at_is_not_looked_at_for_ever(world: World) -> None:
    world.problem = MailsteadError("no mail server is set up here yet", next_step="mailstead setup")
    app = console()
    async with running(app) as pilot:
        panel = await on_panel(pilot, "1")
        await until(pilot, lambda: panel.is_trouble)

        assert panel.status_text == "no mail server is set up here yet · next: mailstead setup"
        assert "The server could not be looked at" in text_on(app)
        assert "Looking at the server" not in text_on(app)
