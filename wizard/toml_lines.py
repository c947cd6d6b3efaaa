"""On which line of a TOML document each key stands. tomllib gives the values without their places."""

import re
from dataclasses import dataclass, field

from wizard.answers_path import Path

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")' r"|'''.*?'{3,5}(?!')" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def key_lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every key, table and array item of a document that tomllib accepts.

    Raises ValueError or RecursionError for a document that isn't TOML.
    """
    reader = _Reader(text.replace("\r\n", "\n"))
    reader.read_document()
    return reader.lines


@dataclass
class _Reader:
    """Walks over a valid document and notes where things begin."""

    text: str
    at: int = 0
    lines: dict[Path, int] = field(default_factory=dict)
    _counted_to: int = 0
    _line: int = 1
    _lengths: dict[Path, int] = field(default_factory=dict)
    """How many `[[tables]]` of each array there have been."""

    def read_document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_GAP)
            if self.at >= len(self.text):
                return
            if self.text.startswith("[", self.at):
                table = self._table_header()
            else:
                self._key_and_value(table)

    def _table_header(self) -> Path:
        line = self._line_here()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        path: Path = ()
        keys = self._dotted_key()
        for position, key in enumerate(keys):
            path = (*path, key)
            if is_array and position == len(keys) - 1:
                self.lines.setdefault(path, line)
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
            self.lines.setdefault(path, line)
        self._expect("]]" if is_array else "]")
        return path

    def _key_and_value(self, table: Path) -> None:
        line = self._line_here()
        path = table
        for key in self._dotted_key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._expect("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self.text.startswith("[", self.at):
            self._array(path)
        elif self.text.startswith("{", self.at):
            self._inline_table(path)
        elif (found := _STRING.match(self.text, self.at)) or (found := _BARE_VALUE.match(self.text, self.at)):
            self.at = found.end()
        else:
            raise ValueError(f"no value at line {self._line_here()}")

    def _array(self, path: Path) -> None:
        self._expect("[")
        index = 0
        while self._another("]"):
            self.lines[(*path, index)] = self._line_here()
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._expect("{")
        while self._another("}"):
            self._key_and_value(path)

    def _another(self, end: str) -> bool:
        """Step over commas to the next item, or over the end of the list."""
        self._skip(_GAP)
        while self.text.startswith(",", self.at):
            self.at += 1
            self._skip(_GAP)
        if self.text.startswith(end, self.at):
            self.at += 1
            return False
        if self.at >= len(self.text):
            raise ValueError(f"no {end}")
        return True

    def _dotted_key(self) -> list[str]:
        keys = [self._key()]
        while self.text.startswith(".", self.at):
            self.at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip(_SPACE)
        quoted = self.text[self.at : self.at + 1] in {'"', "'"}
        found = (_STRING if quoted else _BARE_KEY).match(self.text, self.at)
        if not found:
            raise ValueError(f"no key at line {self._line_here()}")
        self.at = found.end()
        self._skip(_SPACE)
        return _unquoted(found[0])

    def _expect(self, token: str) -> None:
        self._skip(_SPACE)
        if not self.text.startswith(token, self.at):
            raise ValueError(f"no {token} at line {self._line_here()}")
        self.at += len(token)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def _line_here(self) -> int:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        return self._line


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if not key.startswith('"'):
        return key
    return _ESCAPE.sub(lambda found: _character(found[1]), key[1:-1])


def _character(escape: str) -> str:
    if escape[0] in "uU" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _ESCAPES.get(escape, escape)
