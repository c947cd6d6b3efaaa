"""The page Apply: a run as it goes, found again, failed, and what can be done then."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher, Static

from screens.setup.apply_page import ApplyPage
from screens.setup.run_words import LogLine
from screens.setup.setup_screen import SetupScreen
from screens.widgets.confirm import Confirm
from screens.widgets.line_view import LineView
from tests.screens.conftest import SnapCompare
from tests.screens.last_pages import HOSTILE, Made, app, made, quiet, until
from tests.unit.recorded_runs import JOURNALS
from wizard import installing, launch, report
from wizard.installing import Installation
from wizard.progress import StageProgress, StageState
from wizard.request import Request

__all__ = ["made"]

WIDE = (100, 30)


@pytest.fixture(autouse=True)
def _begins_here(made: Made) -> None:
    made.first = "apply"


def page(pilot: Pilot[None]) -> ApplyPage:
    return pilot.app.screen.query_one(ApplyPage)


def heading(pilot: Pilot[None]) -> list[str]:
    return str(page(pilot).query_one(".page-heading", Static).content).split("\n")


def stages(pilot: Pilot[None]) -> dict[str, StageState]:
    view: LineView[StageProgress] = page(pilot).query_one("#stages", LineView)
    return {stage.name: stage.state for stage in view.rows}


def failure(pilot: Pilot[None]) -> str:
    return str(page(pilot).query_one("#failure", Static).content)


def log(pilot: Pilot[None]) -> list[str]:
    return [line.text for line in page(pilot).lines]


def shown_log(pilot: Pilot[None]) -> list[str]:
    view: LineView[LogLine] = page(pilot).query_one("#log", LineView)
    return [line.text for line in view.rows]


def keys(pilot: Pilot[None]) -> set[str]:
    """The keys that the page offers now."""
    return {
        active.binding.id or ""
        for active in pilot.app.screen.active_bindings.values()
        if active.node is page(pilot)
    }


def at_work(made: Made, first: int = 0, last: int = 220) -> Path:
    made.is_at_work = True
    made.to_show = made.run("first-run-trixie", first, last)
    return made.to_show


async def test_a_run_at_work_is_found_with_all_that_happened_so_far(made: Made) -> None:
    at_work(made)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "learn-spam" in heading(pilot)[-1])

        assert stages(pilot)["dovecot"] is StageState.WORKING
        assert stages(pilot)["packages"] is StageState.DONE
        assert stages(pilot)["postfix"] is StageState.WAITING
        title, bar, times, act = heading(pilot)
        assert title == "Installing"
        assert "79%" in bar
        assert times == "0:51 gone · about 15 s left"
        assert act.startswith("> make /etc/dovecot/sieve/learn-spam.svbin")
        assert not keys(pilot) & {"apply-retry", "apply-edit", "apply-report"}


async def test_what_the_run_does_next_is_followed_until_the_proof(made: Made) -> None:
    directory = at_work(made)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "dovecot" in stages(pilot))
        made.add(directory, (JOURNALS / "first-run-trixie.jsonl").read_text().splitlines()[220:])
        screen = pilot.app.screen
        assert isinstance(screen, SetupScreen)
        await until(pilot, lambda: screen.page is not None and screen.page.id == "proof")

        assert set(stages(pilot).values()) == {StageState.DONE}
        assert heading(pilot)[0] == "Done: everything works"


async def test_the_bar_never_goes_back(made: Made) -> None:
    directory = at_work(made, last=18)
    lines = (JOURNALS / "first-run-trixie.jsonl").read_text().splitlines()
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(log(pilot)))
        shares = []
        for place in range(18, 298, 40):
            before = len(log(pilot))
            made.add(directory, lines[place : place + 40])
            await until(pilot, lambda before=before: len(log(pilot)) > before)  # type: ignore[misc]
            shares.append(int(heading(pilot)[1].rpartition(" ")[2].rstrip("%")))

        assert shares == sorted(shares)
        assert 0 < shares[0] < shares[-1] < 100


async def test_without_a_run_the_page_says_where_one_begins() -> None:
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        assert heading(pilot)[0] == "Nothing is being installed"


async def test_a_failed_stage_says_what_was_seen_and_that_it_was_taken_back(made: Made) -> None:
    made.to_show = made.run("failed-trixie")
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "no-such-option" in failure(pilot))

        assert heading(pilot)[0] == "It failed"
        assert "All 3 changes of this stage were taken back." in failure(pilot)
        assert stages(pilot)["unbound"] is StageState.TAKEN_BACK
        offered = {"apply-retry", "apply-edit", "apply-report", "apply-shell", "apply-log"}
        await until(pilot, lambda: keys(pilot) >= offered)


async def test_editing_goes_to_the_step_of_the_stage_that_failed(made: Made) -> None:
    made.to_show = made.run("failed-trixie")
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(failure(pilot)))
        await pilot.press("e")
        await quiet(pilot)

        assert isinstance(pilot.app.screen, SetupScreen)
        assert pilot.app.screen.page is not None
        assert pilot.app.screen.page.id == "certificates"  # where the answers of [dns] are asked for


async def test_trying_again_goes_on_with_the_same_run(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = made.to_show = made.run("failed-trixie")
    resumed = (JOURNALS / "resumed-trixie.jsonl").read_text().splitlines()
    begun: list[Installation] = []

    def begin(place: Path, request: Request) -> int:
        begun.append(Installation(place, request))
        offset = (place / "journal.jsonl").stat().st_size
        made.is_at_work = True
        made.add(place, resumed[len((JOURNALS / "failed-trixie.jsonl").read_text().splitlines()) :][:40])
        return offset

    monkeypatch.setattr(installing, "same_again", lambda place: Installation(place, Request("replay", "1")))
    monkeypatch.setattr(launch, "begin", begin)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(failure(pilot)))
        await pilot.press("r")
        await until(pilot, lambda: heading(pilot)[0] == "Installing")

        assert [ready.directory for ready in begun] == [directory]
        assert stages(pilot)["nftables"] is StageState.DONE
        assert stages(pilot)["unbound"] is not StageState.TAKEN_BACK
        assert not page(pilot).query_one("#failure-scroll").display


async def test_a_run_that_was_cut_off_says_so_and_can_be_gone_on_with(made: Made) -> None:
    made.to_show = made.run("first-run-trixie", 0, 100)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: heading(pilot)[0] == "The run was cut off")

        assert "What was done stands" in failure(pilot)
        await until(pilot, lambda: "apply-retry" in keys(pilot))


async def test_a_report_is_saved_and_its_place_told(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.to_show = made.run("failed-trixie")
    monkeypatch.setattr(report, "save_report", lambda _directory: Path("/root/mailstead-report-1.txt"))
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(failure(pilot)))
        await pilot.press("s")
        await quiet(pilot)

        (told,) = [n.message for n in pilot.app._notifications]
        assert told.startswith("Saved: /root/mailstead-report-1.txt\n")


async def test_the_log_is_one_key_away_and_back(made: Made) -> None:
    at_work(made)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: len(log(pilot)) > 50)
        await pilot.press("l")
        assert page(pilot).query_one(ContentSwitcher).current == "log"
        assert "install 19 packages and what they need" in log(pilot)
        assert "Packages: done" in log(pilot)

        await pilot.press("l")
        assert page(pilot).query_one(ContentSwitcher).current == "stages"


async def test_who_reads_the_log_is_not_taken_to_the_proof(made: Made) -> None:
    directory = at_work(made)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: len(log(pilot)) > 50)
        await pilot.press("l")
        made.add(directory, (JOURNALS / "first-run-trixie.jsonl").read_text().splitlines()[220:])
        await until(pilot, lambda: "the run ended well" in log(pilot))

        assert isinstance(pilot.app.screen, SetupScreen)
        assert pilot.app.screen.page is not None
        assert pilot.app.screen.page.id == "apply"


async def test_leaving_during_a_run_says_that_it_goes_on(made: Made) -> None:
    at_work(made)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "dovecot" in stages(pilot))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))

        said = [str(widget.content) for widget in pilot.app.screen.query(Static)]
        assert any("It goes on without this screen" in text for text in said)


async def test_hostile_text_in_events_and_problems_is_only_text(made: Made) -> None:
    problem = {"event": "stage_failed", "stage": HOSTILE, "step": "site", "problem": f"{HOSTILE}\n{HOSTILE}"}
    made.to_show = made.run(
        "failed-trixie",
        0,
        60,
        {"event": "intent", "stage": HOSTILE, "key": "file:/x", "action": "run", "summary": HOSTILE},
        {"event": "checked", "id": HOSTILE, "title": HOSTILE, "status": "fail", "seen": HOSTILE},
        problem,
        {"event": "problem", "message": HOSTILE, "text": HOSTILE},
        {"event": "finished", "ok": False},
    )
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "[/nope]" in failure(pilot))
        drawn = [strip.text for strip in pilot.app.screen._compositor.render_strips()]
        await pilot.press("l")
        await pilot.pause()
        drawn += [strip.text for strip in pilot.app.screen._compositor.render_strips()]

        assert all(line.isprintable() for line in drawn)
        assert all(line.isprintable() for line in log(pilot))
        assert any("[/nope] [bold]x" in line for line in drawn)


async def test_ten_thousand_events_are_taken_in_while_keys_answer(made: Made) -> None:
    directory = at_work(made, last=20)
    flood = json.dumps({"event": "validated", "at": "2026-11-24T07:37:20+00:00", "command": "postfix check"})
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(log(pilot)))
        made.add(directory, [flood] * 10_000)
        await until(pilot, lambda: len(log(pilot)) > 10_000)
        await pilot.press("l")

        assert page(pilot).query_one(ContentSwitcher).current == "log"
        assert shown_log(pilot) == log(pilot)
        assert log(pilot)[-1] == "accepted by: postfix check"


def show(*pressed: str) -> Callable[[Pilot[None]], Any]:
    async def showing(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(log(pilot)) > 20)
        await pilot.press(*pressed)
        await pilot.pause()

    return showing


def test_picture_of_a_run_at_work(made: Made, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    at_work(made)
    assert snap_compare(app(), terminal_size=size, run_before=show())


def test_picture_of_the_log(made: Made, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    at_work(made)
    assert snap_compare(app(), terminal_size=size, run_before=show("l"))


def test_picture_of_a_failure(made: Made, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    made.to_show = made.run("failed-trixie")
    assert snap_compare(app(), terminal_size=size, run_before=show())


def test_picture_without_a_run(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=quiet)


@pytest.mark.parametrize("moves", [False, True])
async def test_the_cursor_goes_along_with_the_work_until_somebody_moves_it(made: Made, moves: bool) -> None:
    directory = at_work(made, last=150)
    lines = (JOURNALS / "first-run-trixie.jsonl").read_text().splitlines()
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: StageState.WORKING in stages(pilot).values())
        view: LineView[StageProgress] = page(pilot).query_one("#stages", LineView)
        await until(pilot, lambda: view.has_focus)
        before = view.row
        if moves:
            await pilot.press("home")
        made.add(directory, lines[150:220])
        await until(pilot, lambda: stages(pilot)["dovecot"] is StageState.WORKING)
        await pilot.pause()

        assert before is not None
        assert before.name != "dovecot"
        assert view.row is not None
        assert (view.row.name == "dovecot") is not moves
