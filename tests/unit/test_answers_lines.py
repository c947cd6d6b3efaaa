"""The line of a key in a TOML document is found however the document is written."""

import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.answers_path import Path
from wizard.toml_lines import key_lines


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ("# c\n\n  a=1 # b = 3\nb = 2", ("b",), 4),
        ("[t]\na = 1\n[t.u]\nb = 1", ("t", "u", "b"), 4),
        ("[ t . 'u' ]\nb = 1", ("t", "u", "b"), 2),
        ("t.u.b = 1", ("t", "u", "b"), 1),
        ("[[t]]\na = 1\n[[t]]\na = 2", ("t", 1, "a"), 4),
        ("[[t]]\na = 1\n[[t]]\na = 2", ("t", 1), 3),
        ("[[t]]\n[[t]]\n[t.u]\na = 1", ("t", 1, "u", "a"), 4),
        ("[[t]]\n[[t.u]]\n[[t.u]]\na = 1\n[[t]]\n[[t.u]]\nb = 2", ("t", 1, "u", 0, "b"), 7),
        ("a = [\n 1, # ]\n [2,\n 3],\n]", ("a", 1, 1), 4),
        ("a = { b = 1, c = [\n2,\n3 ] }", ("a", "c", 1), 3),
        ("a = [{ b = 1 },\n{ b = 2 }]", ("a", 1, "b"), 2),
        ('a = """\nb = 1\n[c]\n"""\nb = 2', ("b",), 5),
        ("a = '''\nb = 1'''''\nb = 2", ("b",), 3),
        ('a = """x\\""" = 1\n"""\nb = 2', ("b",), 3),
        ('a = "# [x] = 1 \\" y"\nb = 2', ("b",), 2),
        ('"a\\u0062c" = 1', ("abc",), 1),
        ('"a b".c = 1', ("a b", "c"), 1),
        ("a = 1979-05-27 07:32:00 # x\nb = 2", ("b",), 2),
        ("a = []\nb = {}\nc = ''\nd = 2", ("d",), 4),
        ("a = 1\r\n\r\nb = 2\r\n", ("b",), 3),
    ],
)
def test_the_line_is_found(text: str, path: Path, line: int) -> None:
    tomllib.loads(text)
    assert key_lines(text)[path] == line


_keys = st.text("ab-_ .\"'#=[]é\n", max_size=5)
_values = st.recursive(
    st.one_of(
        st.integers(), st.booleans(), st.floats(allow_nan=False), st.text("a\n\"'#[]{},=\\ ", max_size=12)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=25,
)


def _paths(value: Any, path: Path = ()) -> set[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {path} if path else set()
    for key, item in items:
        found |= _paths(item, (*path, key))
    return found


@settings(deadline=None)
@given(st.dictionaries(_keys, _values, max_size=6))
def test_every_key_and_item_of_any_document_has_a_line(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    assert set(key_lines(text)) == _paths(tomllib.loads(text))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a = 1", "# c", "", "s = '''\nx\n'''", "l = [\n1,\n2]"]), max_size=20))
def test_lines_are_counted_through_everything_before(pieces: list[str]) -> None:
    text = "".join(f"[t{number}]\n{piece}\n" for number, piece in enumerate(pieces))
    lines = key_lines(text)
    for number in range(len(pieces)):
        assert text.split("\n")[lines[(f"t{number}",)] - 1] == f"[t{number}]"


@settings(deadline=None)
@given(st.text("ab=[]{}\"'#\n\\., 1", max_size=60))
def test_a_document_that_is_no_toml_ends_in_no_other_error(text: str) -> None:
    try:
        lines = key_lines(text)
    except ValueError:
        lines = {}
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@pytest.mark.parametrize("text", ["a = [}", "a = [1 }", "a = ", "a = [\n", "a = [#", "[a", "a = {b = }"])
def test_a_value_that_never_comes_ends_the_reading(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        key_lines(text)
