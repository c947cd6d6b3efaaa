"""The page Proof: what works, what is left for the person, and on to the console."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from backends.dns.judging import Standing
from backends.dns.records import DnsRecord
from backends.errors import MailsteadError
from screens.setup import proof_page
from screens.setup.proof_page import ProofPage
from screens.setup.proof_rows import Row, draw
from screens.widgets.copy_screen import CopyScreen
from screens.widgets.line_view import LineView
from tests.screens.conftest import SnapCompare
from tests.screens.last_pages import (
    HOSTILE,
    LEFT,
    SEEN,
    SURROUNDINGS,
    Made,
    app,
    dns_list_of,
    made,
    on_page,
    quiet,
    seen,
    until,
)
from tests.unit.recorded_runs import JOURNALS, recorded
from wizard.dns_list import DnsList
from wizard.handover import Password
from wizard.journal import Event
from wizard.progress import Progress, progress_of

__all__ = ["made"]

WIDE = (100, 40)


@pytest.fixture(autouse=True)
def _begins_here(made: Made) -> None:
    made.first = "proof"


@pytest.fixture
def last_run(monkeypatch: pytest.MonkeyPatch) -> list[Progress | None]:
    """The last run that there was, which tests may replace."""
    kept: list[Progress | None] = [progress_of(recorded("first-run-trixie"))]
    monkeypatch.setattr(proof_page, "_last_run", lambda: kept[0])
    return kept


def rows(pilot: Pilot[None]) -> list[Row]:
    return list(pilot.app.screen.query_one(ProofPage).query_one("#proof-lines", LineView).rows)


def texts(pilot: Pilot[None]) -> list[str]:
    return [row.text for row in rows(pilot)]


def heading(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one(ProofPage).query_one(".page-heading", Static).content)


def more(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#proof-more", Static).content)


async def go_to_row(pilot: Pilot[None], start: str) -> None:
    place = next(n for n, text in enumerate(texts(pilot)) if text.startswith(start))
    pilot.app.screen.query_one("#proof-lines", LineView).go_to(place)
    await pilot.pause()


@pytest.mark.usefixtures("last_run")
async def test_every_part_of_the_proof_and_everything_that_is_left_is_there() -> None:
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        assert heading(pilot).startswith("It works: 6 of 6 proofs")
        found = texts(pilot)
        assert found[0] == "A message sent over port 587 arrives and is read over IMAPS"
        assert "example.test  MX  10 mail.example.test." in found
        assert "198.51.100.7  PTR  mail.example.test" in found
        assert "Port 25 on the way out is open: mail to others leaves" in found
        assert "admin@example.test  /etc/mailstead/secrets/mailbox-admin@example.test" in found
        assert "IMAP: server mail.example.test, port 993, TLS" in found
        assert "SMTP: server mail.example.test, port 587, STARTTLS" in found
        assert "Devices have to trust /etc/mailstead/tls/ca/ca.pem" in found


async def test_parts_of_the_proof_come_one_by_one(made: Made) -> None:
    events = (JOURNALS / "first-run-trixie.jsonl").read_text().splitlines()
    proofs = [n for n, line in enumerate(events) if '"proved"' in line]
    made.first, made.is_at_work = "apply", True
    directory = made.to_show = made.run("first-run-trixie", 0, proofs[0] - 1)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(pilot.app.screen.query(ProofPage)))
        made.add(directory, events[proofs[0] - 1 : proofs[2]])
        await until(pilot, lambda: "port 465" in " ".join(texts(pilot)))
        assert heading(pilot).startswith("Proving")
        assert "A wrong password is refused" not in texts(pilot)

        made.add(directory, events[proofs[2] :])
        await until(pilot, lambda: heading(pilot).startswith("It works"))
        await until(pilot, lambda: "example.test  MX  10 mail.example.test." in texts(pilot))
        assert "A wrong password is refused" in texts(pilot)


async def test_what_failed_is_marked_and_told_with_what_was_seen(last_run: list[Progress | None]) -> None:
    at = "2026-11-24T07:37:40+00:00"
    events = [
        *recorded("first-run-trixie")[:-1],
        Event("proved", at, {"id": "proof.relay", "title": "It refuses", "ok": False, "seen": "not refused"}),
        Event("finished", at, {"ok": False}),
    ]
    last_run[0] = progress_of(events)
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        assert heading(pilot).startswith("Not everything works")
        await go_to_row(pilot, "It refuses")
        assert more(pilot) == "It refuses: not refused"
        row = next(row for row in rows(pilot) if row.text.startswith("It refuses"))
        assert draw(row, 40).plain == "! It refuses: not refused"


@pytest.mark.usefixtures("last_run")
async def test_a_record_is_shown_whole_and_copied_on_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await quiet(pilot)
        await go_to_row(pilot, "r1._domainkey")
        await pilot.press("c")

        key = LEFT.records[2]
        assert key.value in more(pilot)
        assert copied == [key.presentation]


@pytest.mark.usefixtures("last_run")
async def test_all_records_are_there_as_a_zone_file(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await quiet(pilot)
        await pilot.press("z")
        assert isinstance(pilot.app.screen, CopyScreen)
        await pilot.press("c", "escape")

        assert copied[0].splitlines()[1] == "example.test. 3600 IN MX 10 mail.example.test."


@pytest.mark.usefixtures("last_run")
async def test_the_password_is_read_when_asked_for_and_forgotten_again(made: Made, tmp_path: Path) -> None:
    place = tmp_path / "mailbox-admin"
    place.write_text("k7mw-abcd-efgh\n")
    made.left = replace(LEFT, passwords=(Password("admin@example.test", place),))
    async with app().run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        assert not any("k7mw" in text for text in texts(pilot))
        await pilot.press("p")
        await quiet(pilot)

        assert isinstance(pilot.app.screen, CopyScreen)
        assert any(str(shown.content) == "k7mw-abcd-efgh" for shown in pilot.app.screen.query(Static))
        await pilot.press("escape")
        await pilot.pause()
        assert not pilot.app.query(CopyScreen)


@pytest.mark.usefixtures("last_run")
async def test_a_password_that_can_not_be_read_is_told(made: Made) -> None:
    made.left = replace(LEFT, passwords=(Password("admin@example.test", Path("/nowhere/at-all")),))
    async with app().run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("p")
        await quiet(pilot)

        assert any("/nowhere/at-all" in n.message for n in pilot.app._notifications)


@pytest.mark.usefixtures("last_run")
async def test_enter_goes_to_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        modes: list[str] = []
        monkeypatch.setattr(pilot.app, "switch_mode", modes.append)
        await quiet(pilot)
        await pilot.press("enter")

        assert modes == ["console"]


async def test_before_any_run_the_page_says_so(last_run: list[Progress | None]) -> None:
    last_run[0] = None
    async with app().run_test(size=(80, 24)) as pilot:
        await quiet(pilot)

        assert heading(pilot).startswith("Nothing was proved yet")


@pytest.mark.usefixtures("last_run")
@pytest.mark.parametrize(
    ("is_open", "relay", "words"),
    [
        (False, "", "Port 25 on the way out is blocked: mail to others waits"),
        (None, "", "Port 25 on the way out: not known"),
        (False, "smtp.example.org", "Mail leaves through smtp.example.org"),
    ],
)
async def test_port_25_is_told_as_it_is(
    made: Made, monkeypatch: pytest.MonkeyPatch, is_open: bool | None, relay: str, words: str
) -> None:
    from backends.machine.port_25 import Port25
    from screens.setup import looking

    found = replace(SURROUNDINGS, port_25=Port25(is_open, "no answer within 5 seconds"))
    monkeypatch.setattr(looking, "look", lambda: looking.FirstLook(made.draft, found))
    made.left = replace(LEFT, relay=relay)
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        assert any(text.startswith(words) for text in texts(pilot))


async def test_hostile_text_in_proofs_and_records_is_only_text(
    made: Made, last_run: list[Progress | None]
) -> None:
    made.left = replace(LEFT, records=(DnsRecord(HOSTILE, "TXT", HOSTILE),), relay=HOSTILE)
    at = "2026-11-24T07:37:40+00:00"
    hostile = {"id": "x", "title": HOSTILE, "seen": HOSTILE}
    last_run[0] = progress_of(
        [
            Event("checked", at, {**hostile, "status": "warn"}),
            Event("proved", at, {**hostile, "ok": False}),
            Event("finished", at, {"ok": False}),
        ]
    )
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)
        drawn = [strip.text for strip in pilot.app.screen._compositor.render_strips()]
        await pilot.press("z")
        await pilot.pause()
        drawn += [strip.text for strip in pilot.app.screen._compositor.render_strips()]

        assert all(line.isprintable() for line in drawn)
        assert any("[/nope] [bold]x" in line for line in drawn)


@pytest.mark.usefixtures("last_run")
async def test_records_get_their_states_when_the_name_servers_have_answered_and_nobody_waits_for_it(
    made: Made,
) -> None:
    may_answer = threading.Event()

    def slow() -> DnsList:
        may_answer.wait(30)
        return dns_list_of(*SEEN)

    made.seen = slow
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "asking the name servers …" in texts(pilot))
        await go_to_row(pilot, "example.test  MX  10 mail.example.test.")

        may_answer.set()
        await until(pilot, lambda: any(text.startswith("WRONG") for text in texts(pilot)))

        assert more(pilot).splitlines()[1:] == [
            "WRONG; seen: 10 old.example.test.",
            "publish example.test MX …",
        ]


@pytest.mark.usefixtures("last_run")
async def test_each_state_has_its_words_and_its_mark(made: Made) -> None:
    made.seen = lambda: dns_list_of(*SEEN)
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        found = [(row.kind, " ".join(row.text.split()[:-1])) for row in rows(pilot)]
        assert ("ok", "right mail.example.test A") in found
        assert ("bad", "WRONG example.test MX 10") in found
        assert ("bad", "MISSING 198.51.100.7 PTR") in found
        assert any(
            kind == "doubtful" and text.startswith("NOT YET EVERYWHERE r1._dom") for kind, text in found
        )
        assert any(text.startswith("3 of 4 are not right") for text in texts(pilot))


@pytest.mark.usefixtures("last_run")
async def test_r_asks_again(made: Made) -> None:
    made.seen = lambda: dns_list_of(*SEEN)
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)
        made.seen = lambda: dns_list_of(seen(LEFT.records[1], Standing.RIGHT))
        await pilot.press("r")
        await quiet(pilot)

        assert any(row.kind == "ok" and " MX " in row.text for row in rows(pilot))
        assert not any(text.startswith("WRONG") for text in texts(pilot))


@pytest.mark.usefixtures("last_run")
async def test_a_look_that_fails_is_told_beside_the_records(made: Made) -> None:
    def fails() -> DnsList:
        raise MailsteadError("there is no DKIM key r1 of example.test", next_step="mailstead replay makes it")

    made.seen = fails
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        assert "example.test  MX  10 mail.example.test." in texts(pilot)
        await go_to_row(pilot, "What is published could not be looked at")
        assert "there is no DKIM key" in more(pilot)


@pytest.mark.usefixtures("last_run")
async def test_leaving_waits_for_no_name_server(made: Made) -> None:
    may_answer = threading.Event()

    def slow() -> DnsList:
        may_answer.wait(30)
        return dns_list_of()

    made.seen = slow
    try:
        async with app().run_test(size=WIDE) as pilot:
            await until(pilot, lambda: "asking the name servers …" in texts(pilot))
            began = time.monotonic()
        assert time.monotonic() - began < 5
    finally:
        may_answer.set()


@pytest.mark.usefixtures("last_run")
async def test_a_machine_behind_a_router_is_told_that_its_address_is_missing(made: Made) -> None:
    made.left = replace(LEFT, pointers=(), no_address="only its own network reaches this machine: 10.0.0.5")
    async with app().run_test(size=WIDE) as pilot:
        await quiet(pilot)

        assert "only its own network reaches this machine: 10.0.0.5" in texts(pilot)


def show(*pressed: str) -> Callable[[Pilot[None]], Any]:
    async def showing(pilot: Pilot[None]) -> None:
        await on_page(pilot, "proof")
        await pilot.press(*pressed)
        await pilot.pause()

    return showing


@pytest.mark.usefixtures("last_run")
def test_picture_of_a_proof(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=show())


@pytest.mark.usefixtures("last_run")
def test_picture_of_what_is_published(made: Made, snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    made.seen = lambda: dns_list_of(*SEEN)
    assert snap_compare(app(), terminal_size=size, run_before=show(*["down"] * 13))


@pytest.mark.usefixtures("last_run")
def test_picture_of_a_record(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=show(*["down"] * 14))


async def test_before_any_set_up_the_page_says_so_in_lines(
    monkeypatch: pytest.MonkeyPatch, last_run: list[Progress | None]
) -> None:
    last_run[0] = None

    def nothing() -> None:
        raise MailsteadError("no mail server is set up here yet", next_step="mailstead setup")

    monkeypatch.setattr("wizard.handover.look_what_is_left", nothing)
    async with app().run_test(size=WIDE) as pilot:
        await until(pilot, lambda: bool(rows(pilot)))

        assert texts(pilot) == ["no mail server is set up here yet", "  next:  mailstead setup"]
