"""Texts for people: found by those who translate, and translated where a catalogue is."""

import ast
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("screens", "wizard", "backends")
CALLS = {"_": 1, "ngettext": 2}
"""How many texts each of them takes first."""


def calls() -> Iterator[tuple[str, list[ast.expr]]]:
    """Where each call is, and its texts."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield where, node.args[: CALLS[node.func.id]]


@pytest.fixture(scope="module")
def found() -> list[tuple[str, list[ast.expr]]]:
    return list(calls())


def test_every_text_stands_in_the_code_whole(found: list[tuple[str, list[ast.expr]]]) -> None:
    """A catalogue has what xgettext(1) reads: literals, not what is put together while running."""
    assert len(found) > 100

    wrong = [where for where, texts in found for text in texts if not _is_literal(text)]

    assert not wrong


MISTAKES = ("text_checks", "value_types", "answers_file", "answers_conflicts")
"""Where answers are found wrong; what is said there is shown to a person."""


@pytest.mark.parametrize("module", MISTAKES)
def test_mistakes_in_answers_are_told_in_the_language_of_the_catalogue(module: str) -> None:
    tree = ast.parse((ROOT / "wizard" / f"{module}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    told = [
        argument
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in {"ValueError", "SecretInTheOpenError", "Conflict"}
        for argument in call.args[call.func.id == "Conflict" :][:1]
    ]

    assert told
    assert [one.lineno for one in told if isinstance(one, ast.Constant | ast.JoinedStr)] == []


def test_values_are_put_in_by_name(found: list[tuple[str, list[ast.expr]]]) -> None:
    """So that a translator may move them."""
    wrong = []
    for where, texts in found:
        for text in filter(_is_literal, texts):
            assert isinstance(text, ast.Constant)
            assert isinstance(text.value, str)
            try:
                fields = [
                    str(name) for _text, name, *_rest in Formatter().parse(text.value) if name is not None
                ]
            except ValueError:
                continue  # a text with a brace of its own, which is never formatted
            wrong += [where for name in fields if not name or name[0].isdigit()]

    assert not wrong


def test_a_catalogue_beside_the_code_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "mailstead.mo").write_bytes(_catalogue({"Mailboxes": "Briefkästen"}))
    program = (
        "import pathlib, sys; import backends.language as language;"
        "language.CATALOGUES = pathlib.Path(sys.argv[1]); from backends.language import _;"
        "print(_('Mailboxes'), _('Queue'))"
    )

    said = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program, str(tmp_path)],
        cwd=ROOT,
        env={"LANGUAGE": "xx", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    assert said.stdout == "Briefkästen Queue\n"


def _is_literal(text: ast.expr) -> bool:
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


def _catalogue(texts: dict[str, str]) -> bytes:
    """A file of messages as gettext(3) reads it: the GNU format, revision 0."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **texts}.items())
    offset = 28 + 16 * len(pairs)
    tables: list[bytes] = []
    strings = b""
    for side in (0, 1):
        for pair in pairs:
            text = pair[side].encode()
            tables.append(struct.pack("<II", len(text), offset + len(strings)))
            strings += text + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, offset)
    return header + b"".join(tables) + strings


def test_nobody_who_translates_uses_the_name_for_something_else() -> None:
    """`local, _, domain = …` in a function makes `_("…")` there call a text."""
    paths = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]

    wrong = [
        f"{path.relative_to(ROOT)}:{function.lineno}"
        for path in paths
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _calls_and_sets(function)
    ]

    assert paths
    assert not wrong


def _calls_and_sets(function: ast.AST) -> bool:
    """Whether `_` is both called and assigned in a function, comprehensions of their own scope aside."""
    nodes = list(ast.walk(function))
    in_comprehensions = {
        id(node) for each in nodes if isinstance(each, ast.comprehension) for node in ast.walk(each.target)
    }
    names = [node for node in nodes if isinstance(node, ast.Name) and node.id == "_"]
    is_set = any(isinstance(n.ctx, ast.Store) and id(n) not in in_comprehensions for n in names)
    return is_set and any(isinstance(node, ast.Call) and node.func in names for node in nodes)
