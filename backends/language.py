"""The words that people read, in the language of their terminal (gettext).

Every text that reaches a person goes through `_`, or `ngettext` where a number decides the form. Values are
put in afterwards, by name, so that a translator may move them: `_("{count} messages held").format(count=n)`.
"""

import gettext
from functools import cache
from pathlib import Path

DOMAIN = "mailstead"
CATALOGUES = Path(__file__).with_name("catalogues")
"""LANGUAGE/LC_MESSAGES/mailstead.mo; the texts in the code are English."""


def _(text: str) -> str:
    """The text in the person's language (LANGUAGE, LC_ALL, LC_MESSAGES, LANG; gettext(3)), or as it is."""
    return _catalogue().gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The form of the text for this number of things."""
    return _catalogue().ngettext(one, many, count)


@cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, CATALOGUES, fallback=True)
