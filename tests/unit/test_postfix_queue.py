import json
import time
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import MailsteadError
from backends.postfix import queue
from backends.postfix.queue import QueuedMessage, QueueReader, parse_queue, queue_counts
from backends.text import clean

_DEFERRED = (
    '{"queue_name": "deferred", "queue_id": "4jYV7G3BcGz", "arrival_time": 1700000000, "message_size": 512,'
    ' "forced_expire": false, "sender": "a@example.test", "recipients": [{"address": "b@example.net",'
    ' "delay_reason": "connect to mx\\u001b[2J: timed out"}]}'
)
_BOUNCE = (
    '{"queue_name": "active", "queue_id": "4jYV7G3BcGy", "arrival_time": 1600000000, "message_size": 100,'
    ' "sender": "MAILER-DAEMON", "recipients": [{"address": "c@example.net"}]}'
)


def line(**changes: Any) -> str:
    entry = {
        "queue_name": "deferred",
        "queue_id": "4jYZG3146tzFGGD",
        "arrival_time": 1700000000,
        "message_size": 512,
        "sender": "anna@example.test",
        "recipients": [{"address": "bob@other.test", "delay_reason": "timed out"}],
    }
    return json.dumps(entry | changes)


def test_messages_are_read_oldest_first_and_cleaned() -> None:
    bounce, deferred = parse_queue(f"{_DEFERRED}\n{_BOUNCE}\n")

    assert bounce.sender == ""
    assert bounce.reasons == ("",)
    assert deferred.arrived == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert "\x1b" not in deferred.reason


def test_counts_add_up() -> None:
    counts = queue_counts(parse_queue(f"{_DEFERRED}\n{_BOUNCE}\n"))

    assert (counts.active, counts.deferred, counts.hold, counts.total) == (1, 1, 0, 2)
    assert counts.size_bytes == 612
    assert counts.oldest == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


def test_an_empty_queue_has_no_oldest() -> None:
    assert queue_counts(parse_queue("")).oldest is None


@pytest.mark.parametrize("text", ["Mail queue is empty", '{"queue_id": "x"}', "[1]", '{"recipients": 5}'])
def test_what_is_no_queue_is_an_error(text: str) -> None:
    with pytest.raises(MailsteadError, match="can't be read"):
        parse_queue(text)


@given(st.text(), st.text(), st.text(), st.booleans())
def test_whatever_a_message_says_is_shown_clean(
    sender: str, address: str, reason: str, is_escaped: bool
) -> None:
    recipients = [{"address": address, "delay_reason": reason}]
    text = line(sender=sender, recipients=recipients)
    if not is_escaped:
        text = json.dumps(json.loads(text), ensure_ascii=False).replace("\n", "\\n")

    (message,) = parse_queue(text)

    assert message.sender == ("" if sender == "MAILER-DAEMON" else clean(sender))
    assert message.recipients == (clean(address),)
    assert message.reason == clean(reason, 500)
    shown = message.sender + message.recipients[0] + message.reason
    assert not {"\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\n"} & set(shown)


def test_control_characters_that_postfix_let_through_hide_no_message() -> None:
    text = line(sender="x").replace('"x"', '"evil\x1b]52;c;eA==\x07\x7f@example.test"')

    (message,) = parse_queue(text)

    assert message.sender == "evil␛]52;c;eA==␇␡@example.test"


def test_reasons_are_cut() -> None:
    (message,) = parse_queue(line(recipients=[{"address": "b@other.test", "delay_reason": "x" * 9000}]))

    assert len(message.reason) == 500
    assert message.reason.endswith("…")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What postqueue will write; a test fills it in."""
    lines: list[str] = []

    def stream(argv: Iterable[str], *, timeout: float) -> Generator[bytes, None, None]:
        assert (list(argv), timeout > 60) == (["postqueue", "-j"], True)
        half = len(lines) // 2
        for part in (lines[:half], lines[half:]):
            yield "".join(f"{line}\n" for line in part).encode()

    monkeypatch.setattr(queue, "stream", stream)
    return lines


def read(reader: QueueReader) -> list[QueuedMessage]:
    return [message for piece in reader.read() for message in piece]


def test_a_message_that_stays_as_it_was_stays_the_same_object(told: list[str]) -> None:
    told += [line(queue_id=f"4jYZG3146tzFG{end}") for end in "BCDF"]
    reader = QueueReader()

    first = read(reader)
    told[1] = line(queue_id="4jYZG3146tzFGC", queue_name="hold")
    del told[3]
    second = read(reader)

    assert [message.queue_id[-1] for message in second] == ["B", "C", "D"]
    assert second[0] is first[0]
    assert second[2] is first[2]
    assert (first[1].queue, second[1].queue) == ("deferred", "hold")


def test_reading_100_000_messages_takes_less_than_2_seconds_and_again_far_less(told: list[str]) -> None:
    told += [
        line(
            queue_id=f"4jYZG{n:05d}zFGGD",
            arrival_time=1700000000 + n % 977,
            sender=f"u{n % 997}@example.test",
        )
        for n in range(100_000)
    ]
    reader = QueueReader()

    begun = time.thread_time()
    first = read(reader)
    between = time.thread_time()
    second = read(reader)
    ended = time.thread_time()

    assert len(first) == len(second) == 100_000
    assert between - begun < 2
    assert ended - between < (between - begun) / 2
