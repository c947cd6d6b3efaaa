"""The answers in the making: what a person has said so far, right or not, as the answers file has it."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from backends.language import _
from wizard import answers_mistakes
from wizard.answers import Alias, Answers, Credential, Mailbox, Repository, Section, Site
from wizard.answers_mistakes import Found, known_keys
from wizard.answers_path import Path, dotted
from wizard.errors import AnswersError, Mistake
from wizard.secrets import SECRETS_DIRECTORY, checked_name

Table = dict[str, Any]

ROW_MODELS: Mapping[Path, type[Section]] = MappingProxyType(
    {
        ("accounts", "mailboxes"): Mailbox,
        ("accounts", "aliases"): Alias,
        ("backups", "repositories"): Repository,
        ("dns", "credentials"): Credential,
    }
)
"""The arrays of tables, and what a row of each is."""

_SECRETS_OF: Mapping[Path, tuple[str, str]] = MappingProxyType(
    {
        ("accounts", "mailboxes"): ("mailbox", "address"),
        ("backups", "repositories"): ("backup", "name"),
        ("protocols", "relay"): ("relay", ""),
        ("dns", "rfc2136"): ("dns-update", ""),
        ("dns", "credentials"): ("dns", "name"),
        ("logging", "alerts"): ("alert", ""),
    }
)
"""What secrets are called, by where they are; and the key of the row that tells one from another."""
_LONGEST_BASE = 200
_CHOSEN = ".chosen"
"""What tells a secret that a person typed from one that was made: both may be there, one of them unused."""


@dataclass(frozen=True)
class Draft:
    """Answers in the making. Each change gives a new draft; keys are dotted, rows and entries counted from 0:
    `site.hostname`, `site.domains.1`, `accounts.mailboxes.0.quota`.
    """

    document: Table = field(default_factory=dict)
    """What has been said, as TOML values; never changed in place. All that isn't in it has its default."""
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets that were typed, by the NAME of their reference `secret:NAME`; in memory only."""
    visited: frozenset[str] = frozenset()
    """Names of the steps that the person has been to."""
    suggested: frozenset[str] = frozenset()
    """Keys whose value is a suggestion that nobody has touched; it follows what it was made from."""
    in_force: frozenset[str] = frozenset()
    """The names of secrets that the answers in force refer to; no typed one is called like them."""

    @classmethod
    def from_answers(cls, answers: Answers) -> "Draft":
        """A draft that says what these answers say."""
        document = _plain(answers.model_dump(by_alias=True))
        return cls(document, in_force=_secrets_in(document))

    def value(self, key: str) -> Any:
        """What the key is set to, else its default, in the form that the answers file has (`"2G"`, `"10m"`).

        None where it has neither. Raises KeyError for a key that there isn't.
        """
        path = _known(key)
        found = _at(self.document, path)
        if found is None:
            found = _default(path)
        return deepcopy(found) if isinstance(found, dict | list) else found

    def rows(self, key: str) -> tuple[Table, ...]:
        """The rows of an array of tables, each with all its keys, None where a key has no value yet."""
        model = ROW_MODELS[_known(key)]
        written = self.value(key)
        tables = (
            [row if isinstance(row, dict) else {} for row in written] if isinstance(written, list) else []
        )
        empty = {**dict.fromkeys(model.model_fields), **_defaults_of(model)}
        return tuple({**empty, **row} for row in tables)

    def is_set(self, key: str) -> bool:
        """Whether the key is in the document, be it with its default."""
        return _at(self.document, _known(key)) is not None

    def with_value(self, key: str, value: object) -> "Draft":
        """The draft with this value; None takes the value away. Raises KeyError where no such key is."""
        if value is None:
            return self.without(key)
        path = _known(key)
        document = _put(self.document, path, _plain(value), _defaults())
        return replace(self, document=document, suggested=self._untouched(path))

    def without(self, key: str) -> "Draft":
        """The draft with the default of this key, or, for an entry of a list, without that entry."""
        path = _known(key)
        document = _cut(_put_defaults(self.document, path), path)
        # entries behind the one that goes move up, and what was suggested for them with them
        touched = path[:-1] if isinstance(path[-1], int) else path
        return replace(self, document=document, suggested=self._untouched(touched))

    def with_row(
        self, key: str, row: Mapping[str, object] | None = None, *, at: int | None = None
    ) -> "Draft":
        """The draft with one more row in this array of tables, at its end or before the row `at`."""
        rows = self.value(key)
        if at is None:
            return self.with_value(f"{key}.{len(rows)}", dict(row or {}))
        rows.insert(at, dict(row or {}))
        return self.with_value(key, rows)

    def without_row(self, key: str, row: int) -> "Draft":
        """The draft without this row; raises IndexError where there is none."""
        rows = self.value(key)
        del rows[row]
        changed = self.with_value(key, rows)
        before = {k for k in self.suggested if any(k.startswith(f"{key}.{n}.") for n in range(row))}
        return replace(changed, suggested=changed.suggested | before)

    def with_suggestion(self, key: str, value: object) -> "Draft":
        """The draft with a value that is only suggested: it may be replaced while nobody touches it."""
        changed = self.with_value(key, value)
        return replace(changed, suggested=changed.suggested | {key})

    def with_secret(self, key: str, secret: str) -> "Draft":
        """The draft with a secret that a person typed: kept in memory, and referred to as `secret:NAME`."""
        name = self._secret_name(key)
        changed = self.with_value(key, f"secret:{name}")
        return replace(changed, typed=MappingProxyType({**self.typed, name: secret}))

    def is_typed(self, key: str) -> bool:
        """Whether the secret of this key was typed here and isn't saved yet."""
        return self._typed_name(key) is not None

    def with_visited(self, step: str) -> "Draft":
        """The draft of a person who has been to this step."""
        return self if step in self.visited else replace(self, visited=self.visited | {step})

    def mistakes(self) -> Mapping[str, str]:
        """What is wrong with each answer that is wrong, in words that follow the answer's name.

        A mistake may be at an entry of a list (`site.domains.1`) or at a whole table (`backups.keep`).
        """
        return self._mistakes

    def answers(self) -> Answers:
        """The answers that the draft stands for; raises AnswersError with all that is wrong with them."""
        found = self._found
        if isinstance(found, Answers):
            return found
        raise AnswersError(Mistake(dotted(each.path), None, each.problem) for each in found)

    def save_secrets(self, directory: FilePath = SECRETS_DIRECTORY) -> None:
        """Write the typed secrets that the draft refers to, each into a file of its own; raises OSError."""
        from wizard import secret_files  # loads what writes files on the machine, 50 ms

        for name in self.typed.keys() & _secrets_in(self.document):
            secret_files.store(name, self.typed[name], directory)

    @cached_property
    def _found(self) -> Answers | list[Found]:
        return answers_mistakes.read({"site": {}, **self.document})

    @cached_property
    def _mistakes(self) -> Mapping[str, str]:
        found = self._found
        words: dict[str, str] = {}
        for each in () if isinstance(found, Answers) else found:
            words.setdefault(".".join(map(str, each.path)), _in_a_form(each.problem))
        return MappingProxyType(words)

    def _untouched(self, path: Path) -> frozenset[str]:
        """The suggestions that stay suggestions when a person sets this."""
        key = ".".join(map(str, path))
        return frozenset(
            k for k in self.suggested if not f"{key}.".startswith(f"{k}.") and not k.startswith(f"{key}.")
        )

    def _typed_name(self, key: str) -> str | None:
        text = self.value(key)
        name = text.removeprefix("secret:") if isinstance(text, str) else ""
        return name if name in self.typed else None

    def _secret_name(self, key: str) -> str:
        """A name for a typed secret: never that of a secret in force, which the run before may need again."""
        if name := self._typed_name(key):
            return name
        taken = _secrets_in(self.document) | self.in_force | self.typed.keys()
        base = _base_name(self, key)
        names = (
            f"{base}{_CHOSEN}{'' if number == 1 else f'-{number}'}" for number in range(1, len(taken) + 2)
        )
        return next(name for name in names if name not in taken)


def _base_name(draft: Draft, key: str) -> str:
    """What a secret is for: `relay`, `mailbox-anna@example.org`; where no address is known, `mailbox`."""
    path = _known(key)
    kind, label = _SECRETS_OF[path[:2]]
    row = draft.value(".".join(map(str, path[:3]))) if label else None
    name = f"{kind}-{row[label]}"[:_LONGEST_BASE] if row and row.get(label) else kind
    try:
        return checked_name(name)
    except ValueError:
        return kind


def _known(key: str) -> Path:
    path = tuple(int(part) if part.isdecimal() else part for part in key.split("."))
    general = tuple(0 if isinstance(part, int) else part for part in path)
    if general in _known_paths() or (general[-1] == 0 and general[:-1] in _known_paths()):
        return path
    raise KeyError(key)


@cache
def _known_paths() -> frozenset[Path]:
    return frozenset(known_keys())


@cache
def _defaults() -> Table:
    return {**_defaults_of(Answers), "site": _defaults_of(Site)}


@cache
def _defaults_of(model: type[Section]) -> Table:
    """What the keys of a table are where nothing is said; those without a default are left out."""
    found: Table = _plain(model.model_construct().model_dump(by_alias=True))
    return found


def _default(path: Path) -> Any:
    found = _at(_defaults(), path)
    if found is None and path[:2] in ROW_MODELS and len(path) > 3:
        return _at(_defaults_of(ROW_MODELS[path[:2]]), path[3:])
    return found


def _at(value: Any, path: Path) -> Any:
    """What stands at the path, or None."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _put(value: Any, path: Path, new: Any, default: Any) -> Any:
    """The value with something new at the path; what was shared with the old value stays as it is.

    A list is made from its default first. A position one behind its end adds an entry; one farther behind
    raises IndexError.
    """
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        entries = list(value if isinstance(value, list) else default or ())
        if head > len(entries):
            raise IndexError(head)
        entry = entries[head] if head < len(entries) else None
        return [*entries[:head], _put(entry, rest, new, None), *entries[head + 1 :]]
    table = value if isinstance(value, dict) else {}
    inner = default.get(head) if isinstance(default, dict) else None
    return {**table, head: _put(table.get(head), rest, new, inner)}


def _put_defaults(document: Table, path: Path) -> Table:
    """The document with the list written down from which an entry is to be taken."""
    place = next((n for n, part in enumerate(path) if isinstance(part, int)), None)
    if place is None or _at(document, path[:place]) is not None:
        return document
    written: Table = _put(document, path[:place], deepcopy(_default(path[:place])), None)
    return written


def _cut(value: Any, path: Path) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(head, int) and head < len(value):
        return [*value[:head], *([_cut(value[head], rest)] if rest else []), *value[head + 1 :]]
    if isinstance(value, dict) and head in value:
        kept = {key: item for key, item in value.items() if key != head}
        return {**value, head: _cut(value[head], rest)} if rest else kept
    return value


def _plain(value: Any) -> Any:
    """A value as tomllib gives it: tables and lists all the way, of which nobody else holds a part."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _secrets_in(document: Table) -> frozenset[str]:
    """The names in every `secret:NAME`."""
    prefix = "secret:"
    return frozenset(text.removeprefix(prefix) for text in _texts(document) if text.startswith(prefix))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _in_a_form(problem: str) -> str:
    """Words about a type as they fit a form, where nobody writes quotes or brackets."""
    for start, words in (
        ("must be a whole number, without quotes", _("must be a whole number, in digits")),
        ("must be a number, without quotes", _("must be a number, in digits")),
        ("is missing; it has no default", _("is missing")),
    ):
        if problem.startswith(start):
            return words
    return problem
