"""Which field a question is answered in."""

from screens.setup.fields.choice_field import ChoiceField
from screens.setup.fields.field import Field
from screens.setup.fields.lines_field import LinesField
from screens.setup.fields.rows_field import RowsField
from screens.setup.fields.secret_field import SecretField
from screens.setup.fields.switch_field import SwitchField
from screens.setup.fields.text_field import TextField
from wizard.steps.question import Kind, Question

_FIELDS: dict[Kind, type[Field]] = {
    Kind.TEXT: TextField,
    Kind.WHOLE: TextField,
    Kind.NUMBER: TextField,
    Kind.SWITCH: SwitchField,
    Kind.CHOICE: ChoiceField,
    Kind.LINES: LinesField,
    Kind.SECRET: SecretField,
    Kind.ROWS: RowsField,
}


def field_for(question: Question, key: str) -> Field:
    """The field for this question, whose answer stands at `key`."""
    if question.kind is Kind.TEXT and question.choices:
        return ChoiceField(question, key)
    return _FIELDS[question.kind](question, key)
