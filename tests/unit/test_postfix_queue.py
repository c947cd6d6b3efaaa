from datetime import UTC, datetime

import pytest

from backends.errors import MailsteadError
from backends.postfix.queue import parse_queue, queue_counts

_DEFERRED = (
    '{"queue_name": "deferred", "queue_id": "4jYV7G3BcGz", "arrival_time": 1700000000, "message_size": 512,'
    ' "forced_expire": false, "sender": "a@example.test", "recipients": [{"address": "b@example.net",'
    ' "delay_reason": "connect to mx\\u001b[2J: timed out"}]}'
)
_BOUNCE = (
    '{"queue_name": "active", "queue_id": "4jYV7G3BcGy", "arrival_time": 1600000000, "message_size": 100,'
    ' "sender": "MAILER-DAEMON", "recipients": [{"address": "c@example.net"}]}'
)


def test_messages_are_read_oldest_first_and_cleaned() -> None:
    bounce, deferred = parse_queue(f"{_DEFERRED}\n{_BOUNCE}\n")

    assert bounce.sender == ""
    assert bounce.recipients[0].reason == ""
    assert deferred.arrived == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert "\x1b" not in deferred.recipients[0].reason


def test_counts_add_up() -> None:
    counts = queue_counts(parse_queue(f"{_DEFERRED}\n{_BOUNCE}\n"))

    assert (counts.active, counts.deferred, counts.hold, counts.total) == (1, 1, 0, 2)
    assert counts.size_bytes == 612
    assert counts.oldest == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


def test_an_empty_queue_has_no_oldest() -> None:
    assert queue_counts(parse_queue("")).oldest is None


@pytest.mark.parametrize("text", ["Mail queue is empty", '{"queue_id": "x"}', "[1]"])
def test_what_is_no_queue_is_an_error(text: str) -> None:
    with pytest.raises(MailsteadError, match="can't be read"):
        parse_queue(text)
