"""No key of the answers file is reachable only by editor."""

from collections.abc import Iterator

import pytest
from textual.pilot import Pilot

from screens.setup.fields.field import Field
from screens.widgets.choice_list import ChoiceList
from tests.screens.wizard import running, settled, setup_of, wizard
from wizard.answers_mistakes import known_keys
from wizard.draft import Draft
from wizard.steps import STEPS, step
from wizard.steps.question import Kind, Question


def leaves() -> set[str]:
    """Every key that has a value of its own, 0 for the position in an array; `schema` is the program's."""
    paths = set(known_keys())
    inner = {path[:end] for path in paths for end in range(1, len(path))}
    return {".".join(map(str, path)) for path in paths - inner if path != ("schema",)}


@pytest.mark.parametrize("name", STEPS)
async def test_every_key_of_a_step_is_set_through_its_page(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    async with running(wizard(monkeypatch)) as pilot:
        setup_of(pilot).is_expert = True
        await setup_of(pilot).go_to(name)
        await settled(pilot)
        done = set()
        for question in step(name).questions:
            field = next(f for f in pilot.app.screen.query(Field) if f.key == question.key)
            done |= await answer(pilot, question, field)

        asked = {key for key in leaves() if step(name).question_at(key)}
        assert {key for key in asked if key.partition(".")[0] in step(name).sections} <= done


def test_the_steps_ask_for_every_key() -> None:
    asked = {key for name in STEPS for key in leaves() if step(name).question_at(key)}

    assert asked == leaves()


async def answer(pilot: Pilot[None], question: Question, field: Field) -> set[str]:
    """Change the answer by keys and see it in the draft; which keys that were."""
    if question.kind is Kind.ROWS:
        return await add_row(pilot, question, field)
    before = setup_of(pilot).draft
    await change(pilot, question, field)
    after = setup_of(pilot).draft
    assert after.value(question.key) != before.value(question.key), question.key
    assert type(after.value(question.key)) is type(before.value(question.key)), question.key
    return {question.key}


async def add_row(pilot: Pilot[None], question: Question, field: Field) -> set[str]:
    place = len(setup_of(pilot).draft.rows(question.key))
    field.target.focus()
    await pilot.press("a")
    await settled(pilot)
    for column, key in zip(question.columns, keys_of(question, place), strict=True):
        inner = next(f for f in pilot.app.screen.query(Field) if f.key == key)
        await change(pilot, column, inner, valid=True)
    await pilot.press("ctrl+s")
    await settled(pilot)
    draft = setup_of(pilot).draft
    untouched = Draft().with_row(question.key)
    for column in question.columns:
        was = untouched.rows(question.key)[-1][column.key]
        assert draft.rows(question.key)[place][column.key] != was, (question.key, column.key)
    return {f"{question.key}.0.{column.key}" for column in question.columns}


def keys_of(question: Question, place: int) -> Iterator[str]:
    return (f"{question.key}.{place}.{column.key}" for column in question.columns)


async def change(pilot: Pilot[None], question: Question, field: Field, *, valid: bool = False) -> None:
    """Press what makes it another answer."""
    field.target.focus()
    await settled(pilot)
    if question.kind is Kind.SWITCH:
        await pilot.press("space")
    elif question.kind is Kind.SECRET:
        await take(pilot, field, "env")
        await pilot.press(*"PASSWORD")
    elif question.kind is Kind.CHOICE:
        now = setup_of(pilot).draft.value(question.key)
        await take(pilot, field, next(choice.value for choice in question.choices if choice.value != now))
    elif question.kind is Kind.TEXT and question.choices:
        await take(pilot, field, "\0other")
        await pilot.press(*(typed(question, field.key, valid=True) if valid else "other"))
    else:
        await pilot.press(*(["ctrl+u"] if valid else []), *typed(question, field.key, valid=valid))
    await settled(pilot)


async def take(pilot: Pilot[None], field: Field, value: str) -> None:
    """Go to this choice and take it."""
    choices = field.query_one(ChoiceList)
    place = [option[0] for option in choices._options].index(value)
    by = place - choices.cursor
    await pilot.press(*["down" if by > 0 else "up"] * abs(by), "space")
    await settled(pilot)


def typed(question: Question, key: str, *, valid: bool) -> str:
    if valid and key.startswith("accounts.aliases") and question.key == "address":
        return "info@example.org"
    right = {
        "address": "anna@example.org",
        "to": "bert@example.org",
        "quota": "0",
        "name": "far",
        "url": "/srv/b",
    }
    if valid:
        return right[question.key]
    return "1" if question.kind in {Kind.WHOLE, Kind.NUMBER} else "x1"
