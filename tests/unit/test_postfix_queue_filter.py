"""A filter finds the messages that a person means."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.postfix.queue import QueuedMessage
from backends.postfix.queue_filter import QueueFilter, WrongFilter, parse_age, parse_filter

NOW = 1_700_000_000


def message(
    sender: str = "anna@example.test",
    *recipients: str,
    reason: str = "connection timed out",
    age: int = 60,
    queue: str = "deferred",
    queue_id: str = "4jYZG3146tzFGGD",
) -> QueuedMessage:
    recipients = recipients or ("bob@other.test",)
    return QueuedMessage(queue_id, queue, NOW - age, 500, sender, recipients, (reason,) * len(recipients))


def matches(text: str, one: QueuedMessage) -> bool:
    return parse_filter(text).choose([one], NOW) == (one,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("from:anna", True),
        ("from:ANNA@", True),
        ("sender:*@example.test", True),
        ("sender:example.*", False),
        ("sender:anna@exam?le.test", True),
        ("to:bob", True),
        ("to:carol@other.test", True),
        ("to:anna", False),
        ("reason:timed", True),
        ('reason:"connection timed"', True),
        ('reason:"timed connection"', False),
        ("older:1m", True),
        ("older:2m", False),
        ("queue:deferred", True),
        ("queue:def", True),
        ("queue:hold", False),
        ("anna timed", True),
        ("anna refused", False),
        ("4jyzg3146", True),
        ("from:anna to:bob older:30s timed", True),
        ("http://x", False),
        ("to", False),
    ],
)
def test_words_choose(text: str, expected: bool) -> None:
    one = message("anna@example.test", "bob@other.test", "carol@other.test")

    assert matches(text, one) is expected


@pytest.mark.parametrize("text", ["from:<>", "from:MAILER-DAEMON", "<>"])
def test_bounces_are_found_by_what_people_call_their_sender(text: str) -> None:
    assert matches(text, message(""))
    assert not matches(text, message("anna@example.test"))


def test_a_bracket_is_only_a_bracket() -> None:
    assert matches("to:*@[192.0.2.1]", message("a@b.test", "x@[192.0.2.1]"))
    assert not matches("to:*@[192.0.2.1]", message("a@b.test", "x@1"))


@pytest.mark.parametrize("text", ["older:2", "older:h", "older:-2h", "queue:x", "queue:nowhere"])
def test_what_cannot_be_meant_is_told(text: str) -> None:
    with pytest.raises(WrongFilter):
        parse_filter(text)


@pytest.mark.parametrize("text", ["from:", "To:", "older: ", 'reason:"', "queue:", '""'])
def test_a_field_whose_value_is_still_to_come_leaves_nothing_out(text: str) -> None:
    assert not parse_filter(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1w", 604800)]
)
def test_ages(text: str, seconds: int) -> None:
    assert parse_age(text) == seconds


addresses = st.text(st.characters(codec="utf-8", exclude_characters="*?"), min_size=1, max_size=20)


@given(addresses, st.integers(0, 20), st.integers(0, 20))
def test_any_part_of_an_address_finds_it_and_a_star_stands_for_the_rest(text: str, a: int, b: int) -> None:
    start, end = sorted((a % (len(text) + 1), b % (len(text) + 1)))
    one = message(text)

    assert QueueFilter(sender=text[start:end]).choose([one], NOW) == (one,)
    assert QueueFilter(sender=f"{text[:start]}*{text[end:]}").choose([one], NOW) == (one,)


@given(st.text(max_size=60))
def test_whatever_is_typed_gives_a_filter_or_is_refused(text: str) -> None:
    try:
        chosen = parse_filter(text)
    except WrongFilter:
        chosen = QueueFilter()
    assert len(chosen.choose([message(), message("")], NOW)) <= 2


def test_many_stars_do_not_take_long() -> None:
    begun = time.thread_time()

    QueueFilter(reason="*a" * 40 + "b").choose([message(reason="a" * 500)] * 100, NOW)

    assert time.thread_time() - begun < 1


def test_100_000_messages_are_searched_in_a_moment() -> None:
    queue = [message(f"user{n % 997}@example.test", f"to{n}@other.test") for n in range(100_000)]
    begun = time.thread_time()

    found = parse_filter("user500 to:*@other.test older:1s").choose(queue, NOW)

    assert len(found) == sum(1 for n in range(100_000) if n % 997 == 500)
    assert time.thread_time() - begun < 1
