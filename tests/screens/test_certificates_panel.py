"""The certificates panel: what is on disk, what ports serve, and new ones on a key."""

import threading
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from backends.text import clean
from screens.console.certificates_panel import CertificatesPanel
from tests.screens.conftest import SnapCompare
from tests.screens.console_world import (
    HOSTILE,
    World,
    console,
    notes,
    on_panel,
    on_screen,
    running,
    text_on,
    until,
)
from tests.screens.names_world import CERTIFICATES, on_disk, troubled
from wizard.whole_run import RunFailed


async def opened(pilot: Pilot[None]) -> CertificatesPanel:
    """The panel."""
    panel = await on_panel(pilot, "6")
    assert isinstance(panel, CertificatesPanel)
    return panel


@pytest.mark.usefixtures("world")
async def test_a_row_for_each_file_and_each_port_says_how_it_stands() -> None:
    app = console()
    async with running(app, (120, 40)) as pilot:
        panel = await opened(pilot)
        shown = text_on(app)

        assert len(panel.view.rows) == 6

    assert "on disk               ECDSA  396 days" in shown
    assert "port 993 imaps        ECDSA  396 days    serves what is on disk" in shown
    assert "2 certificates; 4 ports; every port serves what is on disk" in shown


async def test_what_is_wrong_is_said_in_words(world: World) -> None:
    world.certificates = troubled()
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        lines = text_on(app).splitlines()
        await pilot.press("down", "down", "enter")
        await on_screen(pilot, "HelpScreen")
        in_full = text_on(app)

    assert any("SOON" in line and "9 days" in line for line in lines)
    assert any("MISSING" in line and "can't be read: /etc/mailstead/tls/rsa" in line for line in lines)
    assert any("WRONG" in line and "port 25" in line and "another certificate" in line for line in lines)
    assert any("SILENT" in line and "Connection refused" in line for line in lines)
    assert "3 are not right" in lines[-2]
    assert "mend: reload the service" in in_full


@pytest.mark.usefixtures("world")
async def test_enter_shows_the_fingerprint_in_full() -> None:
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")
        shown = text_on(app)

    assert "/etc/mailstead/tls/ecdsa/fullchain.pem" in shown
    assert shown.count("A1:B2:A1:B2:A1:B2:A1:B2:A1:B2:A1:B2:A1:B2:A1:B2") == 2
    assert "names: mail.example.test, mta-sts.example.test" in shown


async def test_renewing_asks_first_and_leaves_its_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.certificate_list.renew", lambda _environment: world.did("renew", True)())
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "Confirm")
        assert "The server's own authority makes new ones" in text_on(app)
        assert "a week" not in text_on(app)
        await pilot.press("n")
        await on_screen(pilot, "ConsoleScreen")
        assert world.done == []

        await pilot.press("n")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: "New certificates are in force." in notes(app))

    assert world.done == [("renew",)]
    assert world.audit == [(("cert", "renew"), 0)]


async def test_a_renewal_goes_on_while_people_look_away_and_is_not_begun_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    def renew(_environment: object) -> bool:
        assert may_end.wait(10)
        return True

    monkeypatch.setattr("wizard.certificate_list.renew", renew)
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: "Getting new certificates" in panel.status_text)
        await on_panel(pilot, "5")
        await on_panel(pilot, "6")
        await until(pilot, lambda: "Getting new certificates" in panel.status_text)
        assert panel.check_action("renew", ()) is False

        may_end.set()

        await until(pilot, lambda: bool(world.audit))
        await until(pilot, lambda: panel.check_action("renew", ()) is True)

    assert world.audit == [(("cert", "renew"), 0)]


async def test_whoever_asks_lets_encrypt_is_told_of_its_limits_first(world: World) -> None:
    directory = "https://acme-v02.api.letsencrypt.org/directory"
    world.certificates = replace(CERTIFICATES, source="acme", asked=directory, authority=None)
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "Confirm")
        shown = " ".join(text_on(app).replace("│", " ").split())
        await pilot.press("n")

        assert panel.check_action("authority", ()) is False

    assert directory in shown
    assert "5 certificates a week for the same names" in shown


async def test_a_renewal_that_fails_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_environment: object) -> bool:
        raise RunFailed("the run 7 did not go well", seen="a rate limit is reached", next_step="wait")

    monkeypatch.setattr("wizard.certificate_list.renew", refuse)
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "Confirm")
        await pilot.press("y")
        await until(pilot, lambda: any("a rate limit is reached" in note for note in notes(app)))

        assert panel.check_action("renew", ()) is True

    assert world.audit == [(("cert", "renew"), 1)]


async def test_files_that_somebody_else_renews_and_did_not_are_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.certificates = replace(CERTIFICATES, source="imported", asked="/root/cert.pem", authority=None)
    monkeypatch.setattr("wizard.certificate_list.renew", lambda _environment: False)
    app = console()
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "Confirm")
        assert "/root/cert.pem" in text_on(app)
        await pilot.press("y")
        await until(pilot, lambda: any("have not changed: /root/cert.pem" in note for note in notes(app)))


async def test_a_shows_the_authority_and_c_copies_its_fingerprint(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console()
    monkeypatch.setattr(app, "copy_to_clipboard", lambda text: world.done.append(("copy", text)))
    async with running(app) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await on_screen(pilot, "CopyScreen")
        shown = text_on(app)
        await pilot.press("c")
        await until(pilot, lambda: bool(world.done))

    assert "0F:1E:2D:3C" in shown
    assert "Thunderbird" in shown
    assert "https://mail.example.test/ca.crt" in world.done[0][1]


async def test_a_read_only_console_renews_nothing(world: World) -> None:
    app = console(is_read_only=True)
    async with running(app) as pilot:
        panel = await opened(pilot)
        offered = {one.binding.action for one in app.screen.active_bindings.values() if one.enabled}
        await pilot.press("n")
        await pilot.pause()

        assert app.screen is panel.screen
        assert "read-only" in text_on(app).splitlines()[0]

    assert "renew" not in offered
    assert {"authority", "look_again", "show_certificate"} <= offered
    assert world.audit == []


async def test_r_looks_again_and_the_filter_takes_words_away(world: World) -> None:
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)
        world.certificates = troubled()
        await pilot.press("r")
        await until(pilot, lambda: "3 are not right" in text_on(app))
        await pilot.press("slash", *"port !smtp")
        await until(pilot, lambda: len(panel.view.rows) == 2)

        assert "the filter shows 2" in panel.status_text


async def test_a_server_that_cannot_be_looked_at_says_why(world: World) -> None:
    world.problem = OSError("no space left")
    app = console()
    async with running(app) as pilot:
        panel = await opened(pilot)

        assert panel.is_trouble
        assert "no space left" in text_on(app)
        assert "Looking" not in text_on(app)


async def test_hostile_names_are_only_text(world: World) -> None:
    evil = replace(on_disk("rsa"), names=(clean(HOSTILE),), issuer=clean(HOSTILE))
    world.certificates = replace(CERTIFICATES, files=(evil,))
    app = console()
    async with running(app, (120, 40)) as pilot:
        await opened(pilot)
        shown = text_on(app)
        await pilot.press("enter")
        await on_screen(pilot, "HelpScreen")
        shown += text_on(app)
        await pilot.press("escape", "n")
        await on_screen(pilot, "Confirm")
        shown += text_on(app)

    assert "[/x][bold]" in shown
    assert "\x1b" not in shown
    assert "\x9b" not in shown


@pytest.mark.usefixtures("world")
def test_looks_of_the_list(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)

    assert snap_compare(console(), terminal_size=size, run_before=look)


def test_looks_of_trouble(snap_compare: SnapCompare, size: tuple[int, int], world: World) -> None:
    world.certificates = troubled()

    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("down", "down")

    assert snap_compare(console(), terminal_size=size, run_before=look)


def test_looks_of_the_question(snap_compare: SnapCompare, size: tuple[int, int], world: World) -> None:
    world.certificates = replace(CERTIFICATES, source="acme", asked="https://acme.example.test/directory")

    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("n")
        await on_screen(pilot, "Confirm")

    assert snap_compare(console(), terminal_size=size, run_before=look)


@pytest.mark.usefixtures("world")
def test_looks_of_the_authority(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("a")
        await on_screen(pilot, "CopyScreen")

    assert snap_compare(console(), terminal_size=size, run_before=look)
