"""The queue panel over a Postfix that tells what a test put into its queue."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from backends.errors import CommandFailed
from backends.machine.run import Completed
from backends.postfix import queue, queue_actions, queue_headers
from backends.postfix.queue import UNREAD, QueuedMessage
from screens.app import CONSOLE, MailsteadApp
from screens.console import moments, queue_feed, queue_row
from screens.console.console_screen import ConsoleScreen
from screens.console.queue_message_screen import QueueMessageScreen
from screens.console.queue_panel import QueuePanel
from screens.widgets.confirm import Confirm
from tests.screens.conftest import SnapCompare

NOW = 1_700_000_000
HOSTILE = "evil\x1b]52;c;eA==\x07[/x][bold]\u202egnp.exe\x9b2J\x7f@[192.0.2.1]"
_QUEUES = {"-h": ("hold", "placed on hold"), "-H": ("deferred", "released from hold"), "-d": ("", "removed")}


@dataclass
class Postfix:
    """Its queue, by id, and what it was asked to do."""

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[list[str], list[str]]] = field(default_factory=list)
    headers: str = "Subject: =?utf-8?b?44GT44KT44Gr44Gh44Gv?=\nX-Mailer: x\n"
    readings: int = 0
    prepared: list[bytes] = field(default_factory=list)
    names: list[QueuedMessage] = field(default_factory=list)
    may_go_on: Event = field(default_factory=Event)
    is_broken: bool = False

    def add(self, number: int, sender: str = "anna@example.test", **changes: Any) -> str:
        name = f"4jYZG{number:05d}zFGGD"
        reason = "connect to mx.other.test[203.0.113.9]:25: Connection timed out"
        self.entries[name] = {
            "queue_name": "deferred",
            "queue_id": name,
            "arrival_time": NOW - 86400 + number * 60,
            "message_size": 1000 + number,
            "sender": sender,
            "recipients": [{"address": f"to{number}@other.test", "delay_reason": reason}],
        } | changes
        return name

    def stream(self, argv: Sequence[str], *, timeout: float) -> Generator[bytes, None, None]:
        assert timeout
        if argv[0] == "postcat":
            yield self.headers.encode()
            return
        if self.is_broken:
            raise CommandFailed("postqueue is not installed")
        self.may_go_on.wait()
        yield from self.prepared or [json.dumps(one).encode() + b"\n" for one in self.entries.values()]
        self.readings += 1

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60) -> Completed:
        assert timeout
        names = stdin.decode().splitlines()
        self.calls.append((list(argv), names))
        said = ""
        if argv[0] == "postsuper":
            queue_after, words = _QUEUES[argv[1]]
            for name in names:
                entry = self.entries.get(name)
                if entry is None or entry["queue_name"] == queue_after:
                    continue
                entry["queue_name"] = queue_after
                said += f"postsuper: {name}: {words}\n"
                if not queue_after:
                    del self.entries[name]
        return Completed(tuple(argv), 0, b"", said.encode())


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], int]]:
    """The lines of the audit log."""
    lines: list[tuple[list[str], int]] = []
    monkeypatch.setattr("wizard.audit.record", lambda command, status: lines.append((list(command), status)))
    return lines


@pytest.fixture
def postfix(monkeypatch: pytest.MonkeyPatch, recorded: list[tuple[list[str], int]]) -> Postfix:
    """An empty queue, in November 2023."""
    assert recorded == []
    fake = Postfix()
    fake.may_go_on.set()
    monkeypatch.setattr(queue, "stream", fake.stream)
    monkeypatch.setattr(queue_feed, "list_names", lambda: fake.names)
    monkeypatch.setattr(queue_headers, "stream", fake.stream)
    monkeypatch.setattr(queue_actions, "run", fake.run)
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    monkeypatch.setattr(moments, "now", lambda: datetime.fromtimestamp(NOW, UTC))
    monkeypatch.setattr(queue_row, "date_and_time", lambda at: f"{at:%Y-%m-%d %H:%M:%S}")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setitem(MailsteadApp.MODES, CONSOLE, lambda: ConsoleScreen("queue"))
    return fake


@asynccontextmanager
async def opened(
    size: tuple[int, int] = (80, 24), *, is_read_only: bool = False
) -> AsyncIterator[tuple[Pilot[None], QueuePanel]]:
    app = MailsteadApp(is_read_only=is_read_only)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        panel = app.screen.query_one(QueuePanel)
        await until(pilot, lambda: panel._snapshot.is_complete or panel.is_trouble)
        yield pilot, panel


async def until(pilot: Pilot[Any], holds: Any) -> None:
    """Wait until it holds; pytest's time limit is the limit."""
    while not holds():
        await pilot.pause(0.01)


def ids(panel: QueuePanel) -> list[str]:
    return [message.queue_id for message in panel.view.rows]


def seen(panel: QueuePanel) -> list[str]:
    return [panel.view.render_line(y).text.rstrip() for y in range(panel.view.size.height)]


def shown_text(app: App[None]) -> str:
    """Everything on the screen."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()
    )


async def type_filter(pilot: Pilot[None], panel: QueuePanel, text: str) -> None:
    await pilot.press("slash")
    panel.query_one(Input).value = text
    await pilot.press("enter")
    await pilot.pause()


async def test_messages_are_listed_oldest_first_with_what_postfix_says(postfix: Postfix) -> None:
    new, old = postfix.add(50, "bob@example.test"), postfix.add(1)

    async with opened((120, 40)) as (_pilot, panel):
        assert ids(panel) == [old, new]
        for part in (old, "wait", "23h", "1.0K", "anna@example.test", "to1@other.test", "connect to mx"):
            assert part in seen(panel)[0]
        assert "2 messages" in panel.status_text
        assert "oldest 23h" in panel.status_text


async def test_an_empty_queue_says_so_and_takes_every_key(postfix: Postfix) -> None:
    async with opened() as (pilot, panel):
        await pilot.press("space", "a", "h", "r", "t", "d", "enter", "down", "end")

        assert "The queue is empty" in str(panel.query_one("#queue-details", Static).content)
        assert postfix.calls == []


async def test_a_long_queue_is_listed_by_its_names_before_postfix_has_told_anything(postfix: Postfix) -> None:
    names = [postfix.add(n) for n in range(3000)]
    postfix.names = [
        QueuedMessage(name, "deferred", NOW - n, UNREAD, "", (), ()) for n, name in enumerate(names)
    ]
    postfix.may_go_on.clear()

    app = MailsteadApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        panel = app.screen.query_one(QueuePanel)
        await until(pilot, lambda: len(panel.view.rows) == 3000)
        assert names[-1] in seen(panel)[0]
        assert "…" in seen(panel)[0]
        assert "<>" not in seen(panel)[0]
        assert "reading …" in panel.status_text

        postfix.may_go_on.set()
        await until(pilot, lambda: panel._snapshot.is_complete and "anna" in seen(panel)[0])
        assert panel.view.row is not None
        assert panel.view.row.queue_id == names[0]


async def test_the_filter_narrows_while_it_is_typed_and_escape_shows_all(postfix: Postfix) -> None:
    bob = postfix.add(1, "bob@example.test")
    anna = postfix.add(2)

    async with opened() as (pilot, panel):
        await pilot.press("slash", *"from:bob")
        await until(pilot, lambda: ids(panel) == [bob])
        assert "1 of 2 messages" in panel.status_text

        await pilot.press("enter")
        assert panel.view.has_focus
        await pilot.press("slash", "escape")
        await until(pilot, lambda: ids(panel) == [bob, anna])


async def test_whoever_comes_back_to_a_filtered_list_is_in_the_list(postfix: Postfix) -> None:
    bob = postfix.add(1, "bob@example.test")
    postfix.add(2)

    async with opened() as (pilot, panel):
        await type_filter(pilot, panel, "from:bob")
        panel.hidden()
        pilot.app.screen.set_focus(None)
        panel.shown()
        await pilot.pause()

        assert panel.view.has_focus
        assert ids(panel) == [bob]


async def test_a_filter_that_means_nothing_is_told_and_leaves_the_list(postfix: Postfix) -> None:
    postfix.add(1)

    async with opened() as (pilot, panel):
        await pilot.press("slash", *"older:2")
        await pilot.pause()

        assert panel.is_trouble
        assert "like 2h" in panel.status_text
        assert len(ids(panel)) == 1

        await pilot.press("h")
        await until(pilot, lambda: not panel.is_trouble)


async def test_held_and_released_messages_change_at_once(postfix: Postfix, recorded: list[Any]) -> None:
    first, second = postfix.add(1), postfix.add(2)

    async with opened() as (pilot, panel):
        await pilot.press("h")
        await until(pilot, lambda: "hold" in seen(panel)[0])
        assert postfix.entries[first]["queue_name"] == "hold"
        assert postfix.entries[second]["queue_name"] == "deferred"

        await pilot.press("r")
        await until(pilot, lambda: "wait" in seen(panel)[0])
        assert postfix.entries[first]["queue_name"] == "deferred"
        assert recorded == [(["queue", "hold", first], 0), (["queue", "release", first], 0)]


async def test_marked_messages_are_tried_again_together(postfix: Postfix) -> None:
    names = [postfix.add(n) for n in range(4)]

    async with opened() as (pilot, panel):
        await pilot.press("space", "down", "space")
        assert "2 marked" in panel.status_text
        await pilot.press("t")
        await until(pilot, lambda: postfix.calls)

        assert postfix.calls[0][0][-2:] == ["postqueue", "-i"]
        assert postfix.calls[0][1] == [names[0], names[2]]


async def test_deleting_asks_with_the_count_and_enter_means_no(postfix: Postfix, recorded: list[Any]) -> None:
    names = [postfix.add(n) for n in range(5)]

    async with opened() as (pilot, panel):
        await type_filter(pilot, panel, "to3")
        await pilot.press("a", "slash", "escape", "home", "space")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        assert "Delete 2 messages for good?" in shown_text(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, Confirm))
        assert postfix.calls == []

        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: ids(panel) == [names[1], names[2], names[4]])

        assert panel.view.marks == set()
        assert recorded == [(["queue", "delete", names[0], names[3]], 0)]
        assert sorted(postfix.entries) == [names[1], names[2], names[4]]


async def test_what_is_deleted_is_what_was_seen_even_if_the_list_changes_meanwhile(postfix: Postfix) -> None:
    seen_one = postfix.add(10)

    async with opened() as (pilot, panel):
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        older = postfix.add(1)
        panel.refresh_now()
        await until(pilot, lambda: ids(panel) == [older, seen_one])
        await pilot.press("y")
        await until(pilot, lambda: postfix.calls)

        assert postfix.calls == [(["postsuper", "-d", "-"], [seen_one])]


async def test_marks_that_the_filter_hides_are_not_touched(postfix: Postfix) -> None:
    postfix.add(1, "bob@example.test")
    postfix.add(2)

    async with opened() as (pilot, panel):
        await pilot.press("space")
        await type_filter(pilot, panel, "from:anna")
        await pilot.press("h", "d")
        await pilot.pause()

        assert postfix.calls == []
        assert not isinstance(pilot.app.screen, Confirm)


async def test_escape_takes_first_the_filter_then_the_marks_away(postfix: Postfix) -> None:
    bob, anna = postfix.add(1, "bob@example.test"), postfix.add(2)

    async with opened() as (pilot, panel):
        await pilot.press("space")
        await type_filter(pilot, panel, "from:bob")
        assert ids(panel) == [bob]

        await pilot.press("escape")
        await until(pilot, lambda: ids(panel) == [bob, anna])
        assert panel.view.marks == {bob}
        assert not panel.query_one(Input).display

        await pilot.press("escape")
        assert panel.view.marks == set()


async def test_a_new_look_keeps_cursor_marks_and_filter(postfix: Postfix) -> None:
    names = [postfix.add(n) for n in range(10, 30)]

    async with opened() as (pilot, panel):
        await type_filter(pilot, panel, "older:23h")
        before = ids(panel)
        await pilot.press("down", "down", "space")
        marked, here = names[2], names[3]
        earlier = postfix.add(1)
        del postfix.entries[names[0]]
        panel.refresh_now()
        await until(pilot, lambda: earlier in ids(panel))

        assert panel.view.marks == {marked}
        assert panel.view.row is not None
        assert panel.view.row.queue_id == here
        assert ids(panel) == [earlier, *before[1:]]


async def test_the_queue_is_looked_at_again_while_it_is_shown(
    postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QueuePanel, "EVERY", 0.05)

    async with opened() as (pilot, panel):
        name = postfix.add(1)
        await until(pilot, lambda: ids(panel) == [name])

        panel.hidden()
        await pilot.pause()
        before = postfix.readings
        await pilot.pause(0.3)
        assert postfix.readings == before


async def test_one_message_is_shown_with_its_header_and_all_recipients(postfix: Postfix) -> None:
    recipients = [{"address": f"r{n}@other.test", "delay_reason": f"reason {n}"} for n in range(3)]
    postfix.add(1, recipients=recipients)

    async with opened() as (pilot, panel):
        assert "+2 r0@" in seen(panel)[0]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QueueMessageScreen))
        text = shown_text(pilot.app)

        for part in ("r2@other.test", "reason 2", "X-Mailer: x", "=?utf-8?b?", "subject: こんにちは"):
            assert part in text
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, QueueMessageScreen)


async def test_a_read_only_console_changes_nothing(postfix: Postfix) -> None:
    postfix.add(1)

    async with opened(is_read_only=True) as (pilot, panel):
        await pilot.press("h", "r", "t", "d")
        await pilot.pause()

        assert postfix.calls == []
        assert not isinstance(pilot.app.screen, Confirm)
        offered = {
            active.binding.action for active in pilot.app.screen.active_bindings.values() if active.enabled
        }
        assert not offered & {"hold", "release", "retry", "delete"}
        assert "mark" in offered
        assert len(ids(panel)) == 1


async def test_a_failing_postfix_is_told_and_the_list_comes_when_it_is_back(postfix: Postfix) -> None:
    postfix.is_broken = True

    async with opened() as (pilot, panel):
        assert "postqueue is not installed" in panel.status_text
        postfix.is_broken = False
        postfix.add(1)
        panel.refresh_now()
        await until(pilot, lambda: len(ids(panel)) == 1)
        assert not panel.is_trouble


async def test_hostile_text_is_only_text_everywhere(postfix: Postfix) -> None:
    postfix.add(1, HOSTILE, recipients=[{"address": HOSTILE, "delay_reason": HOSTILE}])
    postfix.headers = f"Subject: {HOSTILE}\nX: =?utf-8?b?GzJK?=\n\t{HOSTILE}\n"

    async with opened((120, 40)) as (pilot, _panel):
        text = ""
        for keys in ((), ("enter",), ("escape", "d"), ("escape", "space", "h")):
            await pilot.press(*keys)
            await pilot.pause(0.2)
            text = shown_text(pilot.app)
            assert "[/x]" in text
            assert not {"\x1b", "\x07", "\x9b", "\x7f", "\u202e"} & set(text)
    assert "evil␛]52;c;eA==␇[/x]" in text


async def test_100_000_messages_open_fast_and_never_hold_up_the_keys(postfix: Postfix) -> None:
    for number in range(99_999):
        postfix.add(number, f"user{number % 997}@example.test", arrival_time=NOW - number * 7919 % 400_000)
    lines = [json.dumps(entry).encode() for entry in postfix.entries.values()]
    postfix.prepared = [b"\n".join(lines[n : n + 200]) + b"\n" for n in range(0, len(lines), 200)]
    postfix.names = [
        QueuedMessage(name, "deferred", entry["arrival_time"], UNREAD, "", (), ())
        for name, entry in postfix.entries.items()
    ]
    postfix.entries.clear()
    longest = 0.0
    is_over = asyncio.Event()

    async def beat() -> None:
        """Processor time that the event loop's thread takes in one turn."""
        nonlocal longest
        while not is_over.is_set():
            before = time.thread_time()
            await asyncio.sleep(0.002)
            longest = max(longest, time.thread_time() - before)

    app = MailsteadApp()
    begun = time.process_time()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        heart = asyncio.ensure_future(beat())
        panel = app.screen.query_one(QueuePanel)
        await until(pilot, lambda: len(panel.view.rows) == 99_999)
        opened_after = time.process_time() - begun
        await until(pilot, lambda: panel._snapshot.is_complete)

        for key in ("end", "home", *["pagedown"] * 20, "a", "slash", *"user50", "enter"):
            await pilot.press(key)
        await until(pilot, lambda: 0 < len(panel.view.rows) < 99_999)
        before = postfix.readings
        panel.refresh_now()
        await until(pilot, lambda: postfix.readings > before)
        await pilot.pause(0.1)
        is_over.set()
        await heart

    # Of the processor, which other tests share; the promise for one turn is 50 ms.
    assert opened_after < 2
    assert longest < 0.1


def test_pictures(
    snap_compare: SnapCompare, size: tuple[int, int], postfix: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QueuePanel, "EVERY", 60.0)
    for number in range(40):
        sender = ("anna@example.test", "newsletter@example.test", "MAILER-DAEMON")[number % 3]
        postfix.add(number, sender, queue_name=("deferred", "hold", "active")[number % 7 % 3])
    postfix.add(3, HOSTILE, recipients=[{"address": "件名@日本語.test", "delay_reason": HOSTILE}])

    async def mark(pilot: Pilot[None]) -> None:
        panel = pilot.app.screen.query_one(QueuePanel)
        await until(pilot, lambda: len(panel.view.rows) == 40)
        await pilot.press("down", "space", "space")
        await pilot.pause()

    assert snap_compare(MailsteadApp(), terminal_size=size, run_before=mark)


def test_pictures_of_one_message(snap_compare: SnapCompare, size: tuple[int, int], postfix: Postfix) -> None:
    postfix.add(1, recipients=[{"address": f"r{n}@other.test", "delay_reason": "refused"} for n in range(3)])

    async def show(pilot: Pilot[None]) -> None:
        panel = pilot.app.screen.query_one(QueuePanel)
        await until(pilot, lambda: len(panel.view.rows) == 1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, QueueMessageScreen))

    assert snap_compare(MailsteadApp(), terminal_size=size, run_before=show)
