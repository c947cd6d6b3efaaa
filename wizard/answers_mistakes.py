"""Every mistake in a set of answers at once, each in words that a person can act on."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from backends.language import _
from backends.text import clean
from wizard.answers import Answers
from wizard.answers_path import Path, dotted, overlaps
from wizard.secrets import SecretInTheOpenError

_SHOWN = 60
"""Characters of a wrong value that a message repeats."""
_STAND_IN = "stand-in.invalid"
_TYPES = {
    "bool_type": _("true or false, without quotes"),
    "int_type": _("a whole number, without quotes"),
    "float_type": _("a number, without quotes"),
    "finite_number": _("a number"),
    "string_type": _("text in quotes"),
    "tuple_type": _('a list in brackets, like ["one", "two"]'),
    "model_type": _("a table of keys and values"),
    "model_attributes_type": _("a table of keys and values"),
}
_BOUNDS = {
    "greater_than_equal": ("ge", _("must be {bound} or more")),
    "less_than_equal": ("le", _("must be {bound} or less")),
}


@dataclass(frozen=True)
class Found:
    """A mistake and where in the answers it is."""

    path: Path
    problem: str


def read(raw: Mapping[str, Any]) -> Answers | list[Found]:
    """The answers that such a table of keys and values stands for, or everything that is wrong with it."""
    try:
        return Answers.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
    found = [
        mistake for detail in details if not _only_follows(detail, details) for mistake in _mistakes(detail)
    ]
    if not any(_conflicts_in(detail) for detail in details):
        found += _conflicts_among_the_rest(raw, [mistake.path for mistake in found])
    return found


def known_keys() -> Iterator[Path]:
    """The path of every key there is, with 0 standing for the position in an array of tables."""
    yield from _keys_of(Answers, ())


def _mistakes(detail: ErrorDetails) -> list[Found]:
    if conflicts := _conflicts_in(detail):
        return [Found(conflict.path, conflict.words()) for conflict in conflicts]
    path = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return [Found(path, _unknown(path))]
    return [Found(path, _words(detail))]


def _only_follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a list is called too short only because an entry of it is wrong."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other is not detail for other in details
    )


def _conflicts_in(detail: ErrorDetails) -> tuple[Any, ...]:
    found: tuple[Any, ...] = (
        detail.get("ctx", {}).get("conflicts", ()) if detail["type"] == "conflicts" else ()
    )
    return found


def _words(detail: ErrorDetails) -> str:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == "value_error":
        error = context["error"]
        return str(error) if isinstance(error, SecretInTheOpenError) else f"{_shown(value)}{error}"
    if kind == "missing":
        return _("is missing; it has no default, so write it")
    if kind in _TYPES:
        return _("must be {wanted}, not {given}").format(wanted=_TYPES[kind], given=_kind_of(value))
    if kind == "literal_error":
        return _no_choice(value, str(context["expected"]))
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{_shown(value)}{words.format(bound=context[name])}"
    if kind == "too_short":
        return _("is empty; it needs at least one entry")
    if kind == "too_long":
        return _("has {count} entries; {most} are the most").format(
            count=context["actual_length"] or _("too many"), most=context["max_length"]
        )
    return clean(detail["msg"], 200)


def _shown(value: object) -> str:
    """A wrong value as the start of a sentence about it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, str):
        return f'"{clean(value, _SHOWN)}" ' if value else ""
    return f"{clean(repr(value), _SHOWN)} "


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return _("true or false")
    if isinstance(value, int | float):
        return _("a number")
    if isinstance(value, str):
        return _("text")
    if isinstance(value, list | tuple):
        return _("a list")
    return _("a table") if isinstance(value, dict) else _("a date or time")


def _no_choice(value: object, expected: str) -> str:
    choices = expected.replace(" or ", ", ").replace("'", '"')
    names = [choice.strip('"') for choice in choices.split(", ")]
    near = (
        difflib.get_close_matches(value.lower(), names, 1)
        if isinstance(value, str) and len(value) < 80
        else []
    )
    hint = _('; did you mean "{near}"?').format(near=near[0]) if near else ""
    return _("{value}is none of the choices; write {choices}{hint}").format(
        value=_shown(value), choices=_(" or ").join(choices.split(", ")), hint=hint
    )


def _unknown(path: Path) -> str:
    """What a key that doesn't exist was probably meant to be: one beside it, or the same one elsewhere."""
    name = str(path[-1])
    place = _without_positions(path[:-1])
    keys = [_without_positions(key) for key in known_keys()]
    beside = [str(key[-1]) for key in keys if key[:-1] == place]
    if near := difflib.get_close_matches(name.lower()[:80], beside, 1, 0.6):
        return _("is not a key there; did you mean {near}?").format(near=near[0])
    elsewhere = [dotted(key) for key in keys if key[-1] == name]
    if elsewhere:
        return _("is not a key there; did you mean {near}?").format(near=elsewhere[0])
    if not beside:
        return _("is not a key there; leave it out")
    return _("is not a key there; known are {keys}").format(keys=", ".join(beside))


def _without_positions(path: Path) -> Path:
    return tuple(part for part in path if not isinstance(part, int))


def _keys_of(model: type[BaseModel], path: Path) -> Iterator[Path]:
    for name, info in model.model_fields.items():
        here = (*path, info.alias or name)
        yield here
        inner = _model_in(info.annotation)
        if inner:
            yield from _keys_of(inner, here if inner is info.annotation else (*here, 0))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _conflicts_among_the_rest(raw: Mapping[str, Any], broken: list[Path]) -> list[Found]:
    """What doesn't fit together among the answers that are right, so that a person needn't come back for it.

    The broken ones are left out, or where nothing goes without them, the table that needs them is. A conflict
    that rests on something broken isn't reported: it may vanish with the first mistake.
    """
    for _round in range(8):
        rest = _Rest.of(raw, broken)
        try:
            Answers.model_validate(rest.answers)
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            return []
        conflicts = [conflict for detail in details for conflict in _conflicts_in(detail)]
        if conflicts:
            return [
                Found(rest.original(conflict.path), conflict.words(rest.original))
                for conflict in conflicts
                if not any(
                    overlaps(rest.original(path), broken) for path in (conflict.path, *conflict.rests_on)
                )
            ]
        # whatever is still wrong lacks a key that was taken out: its table goes as well
        broken = [*broken, *(rest.original(tuple(detail["loc"]))[:-1] for detail in details)]
    return []


@dataclass
class _Rest:
    """The answers without the broken ones, and where what is left stood before."""

    answers: dict[str, Any] = field(default_factory=dict)
    positions: dict[Path, list[int]] = field(default_factory=dict)
    """For each array, by its path in the original, the original positions of the items that are left."""

    @classmethod
    def of(cls, raw: Mapping[str, Any], broken: list[Path]) -> "_Rest":
        rest = cls()
        rest.answers = rest._cut(raw, (), set(broken))
        site = rest.answers.get("site")
        site = {key: value for key, value in site.items() if value} if isinstance(site, dict) else {}
        stand_ins = {"hostname": _STAND_IN, "domains": [_STAND_IN], "admin": f"admin@{_STAND_IN}"}
        rest.answers["site"] = {**stand_ins, **site}
        return rest

    def original(self, path: Path) -> Path:
        found: Path = ()
        for part in path:
            kept = self.positions.get(found, [])
            found = (*found, kept[part] if isinstance(part, int) and part < len(kept) else part)
        return found

    def _cut(self, value: Any, path: Path, broken: set[Path]) -> Any:
        if isinstance(value, Mapping):
            kept = {key: item for key, item in value.items() if (*path, key) not in broken}
            return {key: self._cut(item, (*path, key), broken) for key, item in kept.items()}
        if isinstance(value, list):
            self.positions[path] = [index for index in range(len(value)) if (*path, index) not in broken]
            return [self._cut(value[index], (*path, index), broken) for index in self.positions[path]]
        return value
