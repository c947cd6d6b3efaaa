"""The answers as a TOML file: read with every mistake and its line, written whole with a comment on every
key.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from backends.language import _
from backends.machine.files import write_atomically
from backends.text import clean
from wizard import answers_mistakes
from wizard.answers import SCHEMA, Answers, Section
from wizard.answers_mistakes import Found
from wizard.answers_path import Path as KeyPath
from wizard.answers_path import dotted
from wizard.errors import AnswersError, Mistake
from wizard.places import ANSWERS_FILE
from wizard.toml_lines import key_lines

LARGEST_FILE = 8 << 20
"""Bytes; 20,000 mailboxes take about 2 MiB."""

Raw = dict[str, Any]
UPGRADES: Mapping[int, Callable[[Raw], Raw]] = {}
"""For each old schema the function that turns its answers into those of the next one; schema 1 is the first.
"""

_NARROWEST_COLUMN, _WIDEST_COLUMN = 32, 64
_LONGEST_LINE = 118
_HEADER = """\
# The answers of Mailstead: all that was decided about this mail server.
# Look it over with "mailstead answers check FILE", see what it would change with
# "mailstead plan --answers FILE", apply it with "mailstead replay --answers FILE".
# No secret stands here: "generate" has one made, "secret:NAME" is in /etc/mailstead/secrets/NAME,
# "file:PATH" in that file, "env:VAR" in the environment.
"""
_TOML_WORDS = {
    "Cannot overwrite a value": "is written twice; leave one out",
    "Cannot declare": "is declared twice; put the keys under one heading",
    "Invalid value": "there is no value after =, or it lacks its quotes",
    "Unterminated string": "a text lacks the quote at its end",
    "Unescaped '\\\\' in a string": "a \\\\ in a text has to be doubled, or put the text in single quotes",
    "Expected '=' after a key": "there is no = after the key",
    "Expected newline or end of document": "something follows the value; one key goes on one line",
    "Unclosed array": "a list lacks its ] at the end",
    "Unclosed inline table": "a table lacks its } at the end",
    "Illegal character": "there is a character that may not stand here, such as a line break within quotes",
}


def load(path: Path) -> Answers:
    """The answers in a file; raises AnswersError with all its mistakes, or where it can't be read."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = clean(error.strerror or str(error))
        problem = f"can't be read: {reason}; mailstead answers init writes a file to begin with"
        raise AnswersError([Mistake("", None, problem)], source=clean(str(path))) from error
    return parse(content, source=clean(str(path)))


def parse(content: str | bytes, *, source: str = "the answers") -> Answers:
    """The answers in a TOML document; raises AnswersError with all its mistakes."""
    text = _decoded(content, source)
    raw = _read_toml(text, source)
    found = answers_mistakes.read(_upgraded(raw, source, _lines_of(text)))
    if isinstance(found, Answers):
        return found
    raise AnswersError(_placed(found, _lines_of(text)), source=source)


def dump(answers: Answers) -> str:
    """The whole TOML document: every key there is, each with what it is for."""
    lines = [_HEADER.rstrip()]
    values = answers.model_dump(by_alias=True)
    lines += ["", *_keys(type(answers), values)]
    for name, info in Answers.model_fields.items():
        if isinstance(section := getattr(answers, name), Section):
            lines += ["", "", f"# {info.description}"]
            lines += _table(section, values[name], name)
    return "\n".join(lines) + "\n"


def save(answers: Answers, path: Path = ANSWERS_FILE) -> None:
    """Write the file, readable for its owner only; the old one is there until the new one is whole."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_atomically(path, dump(answers).encode(), mode=0o600)


def json_schema() -> Raw:
    """The JSON Schema (2020-12) of an answers file, for editors and for checks before Mailstead is there."""
    schema = Answers.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Mailstead answers"}


def upgrade(raw: Raw, upgrades: Mapping[int, Callable[[Raw], Raw]] = UPGRADES, newest: int = SCHEMA) -> Raw:
    """Answers of an older schema as the newest one has them; raises ValueError for a schema not known."""
    version = raw.get("schema", newest)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValueError(_("must be a whole number from 1 to {newest}").format(newest=newest))
    if version > newest:
        raise ValueError(
            _(
                "is {version}, and this program knows schemas up to {newest}: the file was written by a "
                "newer Mailstead. Upgrade this one by running its install.sh again"
            ).format(version=version, newest=newest)
        )
    while version < newest:
        if version not in upgrades:
            raise ValueError(
                _("is {version}, which this program can't bring up to {newest}").format(
                    version=version, newest=newest
                )
            )
        raw = {**upgrades[version](raw), "schema": version + 1}
        version += 1
    return raw


def _decoded(content: str | bytes, source: str) -> str:
    if len(content) > LARGEST_FILE:
        raise AnswersError(
            [Mistake("", None, _("is larger than {most} MiB").format(most=LARGEST_FILE >> 20))],
            source=source,
        )
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AnswersError(
            [Mistake("", line, _("is not UTF-8 text; save the file as UTF-8"))], source=source
        ) from None


def _read_toml(text: str, source: str) -> Raw:
    try:
        return tomllib.loads(text)
    except RecursionError:
        mistake = Mistake("", None, _("has too many brackets within brackets"))
    except ValueError as error:  # TOMLDecodeError, and int() for numbers of thousands of digits
        mistake = _syntax_mistake(str(error), text)
    raise AnswersError([mistake], source=source)


def _syntax_mistake(message: str, text: str) -> Mistake:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    said = message[: place.start()] if place else message
    line = (int(place[1]) if place[1] else text.count("\n") + 1) if place else None
    words = next((words for start, words in _TOML_WORDS.items() if said.startswith(start)), "")
    return Mistake("", line, _("is no TOML: {reason}").format(reason=words or clean(said, 120)))


def _upgraded(raw: Raw, source: str, lines: Mapping[KeyPath, int]) -> Raw:
    try:
        return upgrade(raw)
    except ValueError as error:
        raise AnswersError([Mistake("schema", lines.get(("schema",)), str(error))], source=source) from None


def _lines_of(text: str) -> Mapping[KeyPath, int]:
    try:
        return key_lines(text)
    except (ValueError, RecursionError):
        return {}


def _placed(found: Iterable[Found], lines: Mapping[KeyPath, int]) -> list[Mistake]:
    mistakes = [Mistake(dotted(each.path), _line(each.path, lines), each.problem) for each in found]
    return sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line or 0)


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """The line of the key, or of the nearest table or list around it that is written down."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def _table(section: Section, values: Raw, path: str) -> list[str]:
    lines = [f"[{path}]", *_keys(type(section), values)]
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section) and not value.is_one_line:
            lines += ["", f"# {info.description}", *_table(value, values[name], f"{path}.{name}")]
        elif _is_array_of_tables(value):
            lines += ["", f"# {info.description}"]
            for number, (item, inner) in enumerate(zip(value, values[name], strict=True)):
                # what a key is for is said once, not for each of a thousand mailboxes
                lines += [f"[[{path}.{name}]]", *_keys(type(item), inner, with_comments=number == 0)]
    return lines


def _keys(model: type[Section], values: Raw, *, with_comments: bool = True) -> list[str]:
    """The lines `key = value # comment` of all that is no table of its own, comments in one column."""
    pairs = [
        (f"{info.alias or name} = {_toml(values[info.alias or name])}", f"# {info.description}")
        for name, info in model.model_fields.items()
        if not _is_table(info.annotation) and not _is_array_of_tables(values[info.alias or name])
    ]
    if not with_comments:
        return [assignment for assignment, _ in pairs]
    widths = [len(assignment) for assignment, _ in pairs if len(assignment) <= _WIDEST_COLUMN]
    column = max([_NARROWEST_COLUMN, *widths])
    lines = []
    for assignment, comment in pairs:
        if max(len(assignment), column) + len(comment) > _LONGEST_LINE:
            lines += [comment, assignment]
        else:
            lines.append(f"{assignment:<{column}}  {comment}")
    return lines


def _is_table(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section) and not annotation.is_one_line


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Section | dict)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    import tomlkit

    return tomlkit.item(value).as_string()
