"""The logs panel over files that a test writes to."""

import asyncio
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from backends.logs.following import Following
from backends.logs.sources import LogSource
from screens.app import CONSOLE, MailsteadApp
from screens.console import log_words, logs_panel
from screens.console.console_screen import ConsoleScreen
from screens.console.log_rows import MOST
from screens.console.log_screens import LineScreen, ServicesScreen
from screens.console.logs_panel import LogsPanel
from screens.widgets.filter_bar import FilterBar
from tests.screens.conftest import SnapCompare

START = datetime(2026, 11, 24, 7, 20, tzinfo=UTC)
HOSTILE = "\x1b]52;c;eA==\x07\x1b[2J[/x][bold]\u202egnp.exe\x9b2J\x7f\u2028end"


class Logs:
    """Log files, written a line a second."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.seconds = 0

    def stamp(self) -> datetime:
        self.seconds += 1
        return START + timedelta(seconds=self.seconds)

    def mail(self, *texts: str) -> None:
        with (self.directory / "mail.log").open("a") as log:
            log.writelines(f"{self.stamp().isoformat()} mail {text}\n" for text in texts)

    def fail2ban(self, text: str) -> None:
        with (self.directory / "fail2ban.log").open("a") as log:
            log.write(f"{self.stamp():%Y-%m-%d %H:%M:%S},123 fail2ban.actions        [9]: {text}\n")


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    """An hour's mail of 24 November 2026, in UTC."""
    sources = (LogSource(tmp_path / "mail.log"), LogSource(tmp_path / "fail2ban.log", "fail2ban"))
    monkeypatch.setattr(logs_panel, "Following", partial(Following, sources))
    monkeypatch.setattr(logs_panel, "_TELL_EVERY", 0.0)
    monkeypatch.setattr(log_words, "today", lambda: "11-24 ")
    monkeypatch.setattr(logs_panel, "today", lambda: "11-24 ")
    monkeypatch.setitem(MailsteadApp.MODES, CONSOLE, lambda: ConsoleScreen("logs"))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield Logs(tmp_path)
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.fixture
def filled(logs: Logs) -> Logs:
    """Two deliveries, of which one fails, and a ban."""
    logs.mail(
        "postfix/smtpd[17]: connect from mx.other.test[203.0.113.9]",
        "postfix/smtpd[17]: 4jYZ6N0HWgzDlyV: client=mx.other.test[203.0.113.9]",
        "rspamd[96]: <dc6414>; proxy; rspamd_task_write_log: id: <1@other.test>, (default: F (no action)",
        "postfix/lmtp[18]: 4jYZ6N0HWgzDlyV: to=<anna@example.test>, relay=lmtp, status=sent (250 Saved)",
        "postfix/smtp[19]: 4jYZ6N0RQPzDlyb: to=<bob@other.test>, relay=mx, status=bounced (no such user)",
        "dovecot: imap-login: Login: user=<anna@example.test>, method=PLAIN, rip=198.51.100.12, TLS",
        "postfix/submission/smtpd[17]: warning: unknown[192.0.2.7]: SASL PLAIN authentication failed",
    )
    logs.fail2ban("NOTICE  [postfix] Ban 192.0.2.7")
    logs.mail(
        "dovecot: lmtp(anna@example.test)<9><x>: Error: open(/var/vmail) failed: No space left on device"
    )
    logs.mail("postfix/smtpd[17]: disconnect from mx.other.test[203.0.113.9] ehlo=1 mail=1 quit=1")
    return logs


@asynccontextmanager
async def opened(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Pilot[None], LogsPanel]]:
    app = MailsteadApp()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        panel = app.screen.query_one(LogsPanel)
        await until(pilot, lambda: panel.view.rows)
        yield pilot, panel


async def until(pilot: Pilot[Any], holds: Any) -> None:
    """Wait until it holds, for half a minute at most."""
    limit = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < limit
        await pilot.pause(0.01)


def seen(panel: LogsPanel) -> list[str]:
    return [panel.view.render_line(y).text.rstrip() for y in range(panel.view.size.height)]


def texts(panel: LogsPanel) -> list[str]:
    return [row[4] for row in panel.view.rows]


def here(panel: LogsPanel) -> str:
    row = panel.view.row
    return row[4] if row else ""


@pytest.mark.usefixtures("filled")
async def test_all_logs_are_one_line_of_time_with_letters_for_severity() -> None:
    async with opened() as (_, panel):
        lines = [line for line in seen(panel) if line]

    assert len(lines) == 10
    assert lines[4].startswith("  07:20:05 E postfix/smtp[19]: 4jYZ6N0RQPzDlyb")
    assert lines[6].startswith("  07:20:07 W postfix/submission/smtpd[17]: warning:")
    assert lines[7].startswith("  07:20:08   fail2ban.actions [9]: NOTICE [postfix] Ban 192.0.2.7")


async def test_new_lines_come_at_the_end_across_a_rotation(filled: Logs) -> None:
    async with opened() as (pilot, panel):
        filled.mail(*[f"postfix/smtpd[1]: {number}" for number in range(40)])
        log = filled.directory / "mail.log"
        log.rename(filled.directory / "mail.log.1")
        filled.mail("postfix/smtpd[1]: in the new file")
        await until(pilot, lambda: here(panel).endswith("in the new file"))
        await until(pilot, lambda: panel.status_text == "following · 51 lines")

        assert len(panel.view.rows) == 51
        assert seen(panel)[-1].endswith("in the new file")


async def test_moving_up_stops_the_view_and_end_goes_on(filled: Logs) -> None:
    async with opened() as (pilot, panel):
        await pilot.press("up", "up")
        before = seen(panel)
        filled.mail("postfix/smtpd[1]: new 1", "postfix/smtpd[1]: new 2")
        await until(pilot, lambda: "2 new lines" in panel.status_text)

        assert seen(panel) == before
        await pilot.press("end")
        await until(pilot, lambda: here(panel).endswith("new 2"))
        assert panel.status_text.startswith("following")


@pytest.mark.parametrize(
    "keys", [["f", "f"], ["up", "f"], ["up", "down", "down"], ["up", "pagedown", "pagedown"], ["up", "G"]]
)
@pytest.mark.usefixtures("filled")
async def test_every_way_to_the_end_follows_again(keys: list[str]) -> None:
    async with opened() as (pilot, panel):
        await pilot.press(*keys)
        await pilot.pause()

        assert panel.view.is_following


@pytest.mark.usefixtures("filled")
async def test_e_and_w_jump_to_errors_and_warnings() -> None:
    async with opened() as (pilot, panel):
        await pilot.press("e")
        assert "No space left" in here(panel)
        await pilot.press("e")
        assert "No error after this line" in panel.status_text
        await pilot.press("E")
        assert "status=bounced" in here(panel)
        await pilot.press("e")
        assert "No space left" in here(panel)
        await pilot.press("W")
        assert "warning: unknown" in here(panel)
        await pilot.press("E", "w")
        assert "warning: unknown" in here(panel)
        await pilot.press("W")
        assert "No warning before this line" in panel.status_text


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("anna", 3),
        ("ANNA login", 1),
        ("!postfix !rspamd", 2),
        ("/status=(sent|bounced)/", 2),
        ("!/postfix/", 3),
    ],
)
@pytest.mark.usefixtures("filled")
async def test_the_filter_takes_words_and_expressions(typed: str, count: int) -> None:
    async with opened() as (pilot, panel):
        await pilot.press("slash")
        panel.query_one(Input).value = typed
        await until(pilot, lambda: len(panel.view.rows) == count)
        await pilot.press("enter")
        await pilot.pause()

        assert panel.view.has_focus
        assert f"{count} of 10 lines" in panel.status_text
        await pilot.press("escape")
        await until(pilot, lambda: len(panel.view.rows) == 10)
        assert not panel.query_one(FilterBar).display


async def test_new_lines_pass_the_filter_too(filled: Logs) -> None:
    async with opened() as (pilot, panel):
        await pilot.press("slash", *"needle")
        await until(pilot, lambda: not panel.view.rows)
        filled.mail("postfix/smtpd[1]: hay", "postfix/smtpd[1]: NEEDLE", "postfix/smtpd[1]: hay")

        await until(pilot, lambda: panel.view.rows)

        assert texts(panel) == ["postfix/smtpd[1]: NEEDLE"]


@pytest.mark.parametrize(
    ("typed", "why"), [("/(/", "is no regular expression"), ("/(.*a){25}z/", "takes too long")]
)
async def test_an_expression_that_can_not_be_used_is_told_and_changes_nothing(
    filled: Logs, typed: str, why: str
) -> None:
    filled.mail(*["postfix/smtpd[1]: " + "a" * 100] * 100)
    async with opened() as (pilot, panel):
        count = len(panel.view.rows)
        await pilot.press("slash")
        panel.query_one(Input).value = typed
        await until(pilot, lambda: why in panel.status_text)

        assert panel.is_trouble
        assert len(panel.view.rows) == count


async def test_a_filter_that_new_lines_make_too_slow_is_taken_off(filled: Logs) -> None:
    async with opened() as (pilot, panel):
        await pilot.press("slash")
        panel.query_one(Input).value = "/(.*b){25}z/"
        await until(pilot, lambda: not panel.view.rows)
        filled.mail(*["postfix/smtpd[1]: " + "b" * 100] * 100)

        await until(pilot, lambda: len(panel.view.rows) == 110)

        assert panel.query_one(Input).value == ""


@pytest.mark.usefixtures("filled")
async def test_hits_can_be_seen_in_their_context() -> None:
    async with opened() as (pilot, panel):
        await pilot.press("slash", *"4jyz", "enter")
        await until(pilot, lambda: len(panel.view.rows) == 3)
        await pilot.press("c")
        await until(pilot, lambda: len(panel.view.rows) == 10)
        assert "3 hits" in panel.status_text

        await pilot.press("N")
        assert "status=bounced" in here(panel)
        await pilot.press("N")
        assert "status=sent" in here(panel)
        await pilot.press("n", "n")
        assert "status=bounced" in here(panel)
        assert "No hit after" in panel.status_text
        await pilot.press("c")
        await until(pilot, lambda: len(panel.view.rows) == 3)
        assert "status=bounced" in here(panel)


@pytest.mark.usefixtures("filled")
async def test_services_are_picked_from_a_list() -> None:
    async with opened() as (pilot, panel):
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("down", "space", "down", "space", "enter")
        await until(pilot, lambda: len(panel.view.rows) == 3)

        assert "dovecot, rspamd" in panel.status_text
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServicesScreen))
        await pilot.press("a")
        await until(pilot, lambda: len(panel.view.rows) == 10)


async def test_enter_shows_the_whole_line(filled: Logs) -> None:
    filled.mail("postfix/smtpd[1]: " + "long " * 100 + "end")
    async with opened() as (pilot, panel):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        shown = str(pilot.app.screen.query_one("#whole-line", Static).render())
        await pilot.press("escape")

        assert shown.endswith("long end")
        assert panel.view.has_focus


async def test_an_empty_log_takes_every_key(logs: Logs) -> None:
    app = MailsteadApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*"eEwWnNcff", "space", "up", "end", "enter", "escape")
        panel = app.screen.query_one(LogsPanel)
        logs.mail("postfix/smtpd[1]: the first")

        await until(pilot, lambda: panel.view.rows)

        assert texts(panel) == ["postfix/smtpd[1]: the first"]


async def test_lines_that_come_while_another_panel_is_shown_are_there_afterwards(filled: Logs) -> None:
    async with opened() as (pilot, panel):
        panel.hidden()
        drawn = list(panel.view.rows)
        filled.mail("postfix/smtpd[1]: meanwhile")
        await until(pilot, lambda: panel.rows.rows[-1][4].endswith("meanwhile"))
        await pilot.pause(0.3)  # long enough to draw three times
        assert panel.view.rows == drawn

        panel.shown()
        await pilot.pause()

        assert here(panel).endswith("meanwhile")


@pytest.mark.parametrize("size", [(80, 24), (20, 6)], ids=["80x24", "20x6"])
async def test_hostile_text_is_only_text(logs: Logs, size: tuple[int, int]) -> None:
    logs.mail(f"postfix/smtpd[1]: {HOSTILE}", f"{HOSTILE}: {HOSTILE}", "件名は日本語です" * 20)
    (logs.directory / "fail2ban.log").write_bytes(HOSTILE.encode() + bytes(range(256)) * 40)
    async with opened(size) as (pilot, panel):
        everything = "".join(seen(panel))
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("escape", "home", "enter")
        await pilot.pause()
        await pilot.press("escape", "slash")
        panel.query_one(Input).value = "[/x] Σ\u202e"
        await until(pilot, lambda: not panel.view.rows)

        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e\u2028]", everything)


async def test_a_flood_is_followed_and_keys_are_answered(logs: Logs) -> None:
    logs.mail("postfix/smtpd[1]: the first")
    async with opened() as (pilot, panel):
        line = (
            f"{START.isoformat()} mail postfix/smtpd[1]: disconnect from mx.other.test[203.0.113.9] ehlo=1\n"
        )
        with (logs.directory / "mail.log").open("a") as log:
            log.write(line * 40_000)
        answers = []
        begun = time.process_time()
        while panel.rows._next < 40_001:
            panel.view.is_following = True
            pressed = time.process_time()
            pilot.app.simulate_key("up")
            while panel.view.is_following:  # noqa: ASYNC110 - what is measured is the loop itself
                await asyncio.sleep(0.001)
            answers.append(time.process_time() - pressed)
        all_of_it = time.process_time() - begun

        panel.view.is_following = True
        await until(pilot, lambda: len(panel.view.rows) == MOST)
        # a key that had to wait for the flood would cost what all of it costs
        assert len(answers) > 5
        assert max(answers) < all_of_it / 4


@pytest.mark.parametrize("state", ["following", "paused", "filtered", "line", "services"])
def test_how_it_looks(filled: Logs, snap_compare: SnapCompare, size: tuple[int, int], state: str) -> None:
    async def arrange(pilot: Pilot[None]) -> None:
        panel = pilot.app.screen.query_one(LogsPanel)
        await until(pilot, lambda: panel.view.rows)
        if state == "paused":
            await pilot.press("e")
            filled.mail("postfix/smtpd[1]: new")
            await until(pilot, lambda: panel.rows.waiting == 1 and not panel._is_untold)
        if state == "filtered":
            await pilot.press("slash", *"/status=\\w+/", "enter")
            await until(pilot, lambda: len(panel.view.rows) == 2)
        if state == "line":
            await pilot.press("e", "enter")
        if state == "services":
            await pilot.press("s")
        await until(pilot, lambda: panel.status_text and not panel._is_untold)
        await pilot.pause()

    assert snap_compare(MailsteadApp(), terminal_size=size, run_before=arrange)


PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from backends.logs.following import Following
from backends.logs.sources import LogSource
from screens.app import CONSOLE, MailsteadApp
from screens.console import logs_panel
from screens.console.console_screen import ConsoleScreen
logs_panel.Following = partial(Following, (LogSource(Path(sys.argv[1])),))
MailsteadApp.MODES[CONSOLE] = lambda: ConsoleScreen("logs")
MailsteadApp().run()
"""


def test_nothing_hostile_reaches_a_real_terminal(logs: Logs) -> None:
    logs.mail(f"postfix/smtpd[1]: {HOSTILE}", f"postfix/smtpd[1]: the last one {HOSTILE}")
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", PROGRAM, str(logs.directory / "mail.log")]
    program = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    try:
        written = read_until(ours, b"the last one")
        os.write(ours, b"\r")
        written += read_until(ours, b"escape closes this")
    finally:
        program.kill()
        program.wait()
        os.close(ours)

    assert b"\x1b]52" not in written
    assert b"\x1b[2J[" not in written
    assert "␛]52;c;eA==␇␛[2J[/x][bold]<U+202E>gnp.exe" in written.decode(errors="replace")
    assert not re.search("[\u202e\u2028\x9b]", written.decode(errors="replace"))


def read_until(descriptor: int, expected: bytes) -> bytes:
    """What a terminal gets, until it is that."""
    got = b""
    while expected not in got:
        ready, _, _ = select.select([descriptor], [], [], 30)
        assert ready, f"{expected!r} does not come: {got[-2000:]!r}"
        got += os.read(descriptor, 65536)
    return got


async def test_nothing_is_drawn_behind_a_dialog_and_all_of_it_afterwards(filled: Logs) -> None:
    async with opened() as (pilot, panel):
        count = len(panel.view.rows)
        await pilot.press("question_mark")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "HelpScreen")

        filled.mail("postfix/smtpd[17]: connect from late.other.test[203.0.113.9]")
        await until(pilot, lambda: len(panel.rows.shown) == count + 1)
        await pilot.pause(0.5)
        seen_behind = len(panel.view.rows)
        await pilot.press("escape")
        await until(pilot, lambda: len(panel.view.rows) == count + 1)

        assert seen_behind == count


def test_a_flood_is_read_in_portions_that_hold_up_no_key(tmp_path: Path) -> None:
    """Some hundred lines at once, however many files have more; and none is lost."""
    files = [tmp_path / "mail.log", tmp_path / "syslog"]
    for file in files:
        file.touch()
    with Following([LogSource(file) for file in files]) as following:
        for file in files:
            file.write_text(f"{START.isoformat()} mail postfix/smtpd[17]: connect from {'x' * 40}\n" * 3000)
        portions = [following.new_lines()[0]]
        while portions[-1]:
            portions.append(following.new_lines()[0])

    assert sum(map(len, portions)) == 6000
    assert max(map(len, portions)) < 900


@pytest.mark.usefixtures("filled")
async def test_a_click_on_a_key_below_presses_it() -> None:
    async with opened() as (pilot, panel):
        line = pilot.app.screen.query_one("KeyBar").render()
        assert str(line).startswith("f Follow s Services")
        await pilot.click("KeyBar", offset=(3, 0))
        await pilot.pause()

        assert not panel.view.is_following
