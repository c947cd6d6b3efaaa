"""Text from outside becomes safe to show."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from backends.text import clean, clean_lines


@given(st.text())
def test_no_control_or_format_character_is_left(text: str) -> None:
    assert not {unicodedata.category(c) for c in clean(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.binary())
def test_any_bytes_become_text_without_controls(content: bytes) -> None:
    assert not {unicodedata.category(c) for c in clean(content)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(categories=["L", "N", "P"])))
def test_letters_digits_and_signs_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


@given(st.text(), st.integers(1, 50))
def test_a_limit_holds_for_the_text_that_was_given(text: str, limit: int) -> None:
    shortened = clean(text, limit)

    assert len(text) <= limit or "…" in shortened


def test_terminal_commands_are_shown_and_not_obeyed() -> None:
    assert clean("\x1b]52;c;aGk=\x07") == "␛]52;c;aGk=␇"
    assert clean("a\u202eb") == "a<U+202E>b"
    assert clean("\x9b2J") == "<U+009B>2J"


def test_lines_stay_lines() -> None:
    assert clean_lines("one\ntwo\x1b") == "one\ntwo␛"
