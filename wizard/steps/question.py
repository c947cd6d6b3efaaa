"""What a step is made of: questions, and what has to be said before going on."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from backends.checks import Status
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft


class Kind(StrEnum):
    """What an answer is, which decides the field that it is given in."""

    TEXT = "text"
    WHOLE = "whole"
    """A whole number."""
    NUMBER = "number"
    SWITCH = "switch"
    """Yes or no."""
    CHOICE = "choice"
    """One of `choices`."""
    LINES = "lines"
    """A list of texts."""
    SECRET = "secret"  # noqa: S105
    """A reference to a secret; a person may type the secret itself (Draft.with_secret)."""
    ROWS = "rows"
    """An array of tables, with `columns`."""


@dataclass(frozen=True)
class Choice:
    """One value of an answer that has only a few, as the answers file has it."""

    value: str
    label: str
    why: str = ""
    """In one line: when to take it."""


def always(_draft: Draft) -> bool:
    """Asked whatever else was answered."""
    return True


def nothing(_draft: Draft, _surroundings: Surroundings) -> None:
    """Nothing better is known than the default."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One key of the answers, in words. `key` is dotted, and in `columns` relative to the row."""

    key: str
    kind: Kind
    label: str
    why: str
    """In one line: why it matters."""
    help: str
    """A few sentences for those who want to know more."""
    source: str
    """Where that comes from: an RFC, a manual page, a guideline."""
    is_expert: bool = False
    """Whether the simple view leaves it out."""
    is_asked: Callable[[Draft], bool] = always
    """Whether the path that was chosen needs it."""
    choices: tuple[Choice, ...] = ()
    """All values there are, for CHOICE; for TEXT and LINES those that many take."""
    suggest: Callable[[Draft, Surroundings], object | None] = nothing
    """A better value than the default, from the machine and the other answers; None where there is none."""
    columns: tuple["Question", ...] = ()

    def value_of(self, text: str) -> object:
        """What was typed as the answers file has it. What is no number stays text, and a mistake.

        Lists have an entry a line. Blanks at the ends don't count, except in a secret.
        """
        typed = text if self.kind is Kind.SECRET else text.strip()
        if self.kind is Kind.WHOLE and re.fullmatch(r"-?[0-9]{1,18}", typed):
            return int(typed)
        if self.kind is Kind.NUMBER and re.fullmatch(r"-?[0-9]{1,18}([.,][0-9]{1,18})?", typed):
            return float(typed.replace(",", "."))
        if self.kind is Kind.SWITCH and typed in {"true", "false"}:
            return typed == "true"
        if self.kind is Kind.LINES:
            return [line.strip() for line in text.splitlines() if line.strip()]
        return typed

    def text_of(self, value: object) -> str:
        """A value of the answers file as a person types it; empty for None."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            return str(int(value))
        if isinstance(value, list | tuple):
            return "\n".join(map(str, value))
        return str(value)


@dataclass(frozen=True)
class StepFinding:
    """Something about the machine or the answers that has to be said before going on."""

    id: str
    status: Status
    seen: str
    wanted: str = ""
    mend: str = ""
    is_acceptable: bool = False
    """Whether a person may go on with it; then `id` goes to hardware.accept."""


def no_findings(_draft: Draft, _surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """Nothing to say."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One screen of the wizard, and the sections of the answers that it asks for."""

    name: str
    title: str
    why: str
    help: str
    sections: tuple[str, ...]
    """The tables at the top of the answers file, and what the adapters of a plan call their step."""
    questions: tuple[Question, ...]
    findings: Callable[[Draft, Surroundings], tuple[StepFinding, ...]] = no_findings

    def question_at(self, key: str) -> Question | None:
        """The question that a mistake at this key belongs to; None where the key is another step's.

        That is the question of the key, or of the list around it, or, where a whole table is wrong, the first
        question of that table.
        """
        for question in self.questions:
            if key == question.key or key.startswith(f"{question.key}."):
                return question
        return next((q for q in self.questions if q.key.startswith(f"{key}.")), None)

    def problems(self, draft: Draft) -> dict[str, str]:
        """The first mistake of each question, by its key, in the order of the questions. Those of rows are at
        their own keys in `draft.mistakes()`.
        """
        found: dict[str, str] = {}
        for key, words in self.mistakes(draft).items():
            if question := self.question_at(key):
                found.setdefault(question.key, words)
        return found

    def mistakes(self, draft: Draft) -> dict[str, str]:
        """Every mistake in the step, by its own key, in the order of the questions."""
        order = {question.key: number for number, question in enumerate(self.questions)}
        found = [
            (order[question.key], key, words)
            for key, words in draft.mistakes().items()
            if (question := self.question_at(key))
        ]
        return {key: words for _, key, words in sorted(found, key=lambda each: each[0])}

    def label_at(self, key: str) -> str:
        """What people call the answer at a key of this step: `Mailboxes 2, Address` for one in a row."""
        question = self.question_at(key)
        if question is None:
            raise KeyError(key)
        row, _, column_key = key.removeprefix(question.key).strip(".").partition(".")
        column = next((c for c in question.columns if c.key == column_key.split(".")[0]), None)
        if not row or not question.columns:
            return question.label
        label = f"{question.label} {int(row) + 1}"
        return f"{label}, {column.label}" if column else label

    def shown(self, draft: Draft, *, is_expert: bool) -> tuple[Question, ...]:
        """The questions to show: all to experts; to others those that the chosen path needs, and whatever is
        wrong.
        """
        wrong = self.problems(draft)
        return tuple(
            q
            for q in self.questions
            if is_expert or q.key in wrong or (not q.is_expert and q.is_asked(draft))
        )
