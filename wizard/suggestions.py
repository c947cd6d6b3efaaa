"""The draft that the wizard begins with, and suggestions that follow what a person answers."""

from backends.machine.surroundings import Surroundings
from wizard.answers_in_force import NothingSetUp, answers_in_force
from wizard.draft import Draft
from wizard.quickstart import quickstart_answers
from wizard.steps import steps

_FIRST_MAILBOX = "accounts.mailboxes.0.address"
"""A quickstart makes the admin's mailbox, and no other."""


def draft_to_begin_with(surroundings: Surroundings) -> Draft:
    """The answers in force where the machine is set up, else what suits it.

    Raises AnswersError where the answers in force can't be read.
    """
    try:
        return Draft.from_answers(answers_in_force())
    except NothingSetUp:
        return suggested_draft(surroundings)


def suggested_draft(surroundings: Surroundings) -> Draft:
    """The answers of a quickstart, and what is known better from the machine; all of them may be changed."""
    answers = quickstart_answers(
        surroundings.hostname, forward_to=surroundings.forward_to, dnssec=surroundings.dnssec
    )
    draft = Draft.from_answers(answers)
    for step in steps():
        for question in step.questions:
            value = question.suggest(draft, surroundings)
            if value is not None:
                draft = draft.with_suggestion(question.key, value)
    return draft.with_suggestion(_FIRST_MAILBOX, draft.value("site.admin"))


def answered(draft: Draft, key: str, value: object, surroundings: Surroundings) -> Draft:
    """The draft with a person's answer, and with the suggestions that follow from it, as long as nobody has
    touched them: with another host name go another mail domain, another admin, another first mailbox.
    """
    if value == draft.value(key):
        return draft  # who only passes through a field decides nothing
    return follow(draft.with_value(key, value), surroundings)


def follow(draft: Draft, surroundings: Surroundings) -> Draft:
    """The draft with its untouched suggestions made anew from what it says now."""
    for question in (question for step in steps() for question in step.questions):
        rows = draft.rows(question.key) if question.columns else ()
        columns = {f"{question.key}.{n}.{c.key}": c for c in question.columns for n in range(len(rows))}
        for key, each in {question.key: question, **columns}.items():
            value = each.suggest(draft, surroundings) if key in draft.suggested else None
            if value is not None and value != draft.value(key):
                draft = draft.with_suggestion(key, value)
    return draft
