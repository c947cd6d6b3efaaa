"""Fills the templates that stand beside each adapter.

Values arrive ready: each goes through the quoting filter of the syntax it lands in, and a value that can't be
quoted safely is an error, never a broken file.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backends.errors import MailsteadError
from backends.language import _

_HERE = Path(__file__).parent
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnsafeValue(MailsteadError):
    """A value that would break out of its place in a configuration file."""


def render(template: str, *, step: str, additions: str = "", **values: Any) -> bytes:
    """The filled template as UTF-8.

    `template` is a path below backends/. `header` is the note of ownership that every file starts with; its
    lines start with `#`. `additions` names the place for a person's own additions, where there is one.
    """
    header = (
        f"# This file is Mailstead's: it was written from [{step}] in /etc/mailstead/answers.toml,\n"
        "# and a replay writes it again."
    )
    if additions:
        header += f" Additions of your own go into /etc/mailstead/override/{additions}/."
    return _environment().get_template(template).render(header=header, **values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  not HTML: each value passes the filter of its own syntax
    )
    environment.filters |= {"bare": bare, "bares": bares, "quoted": quoted}
    return environment


def bare(value: object) -> str:
    """A value for a place without quotes: one word of letters, digits and harmless signs.

    Right for host names, addresses, networks, paths, numbers and e-mail addresses. Raises UnsafeValue.
    """
    text = str(value)
    if not re.fullmatch(r"[A-Za-z0-9@._:/+=~-]+", text):
        raise UnsafeValue(_("{text!r:.80} can't stand in a configuration file").format(text=text))
    return text


def bares(values: Iterable[object], separator: str = ", ") -> str:
    """Several bare values, separated."""
    return separator.join(bare(value) for value in values)


def quoted(value: object) -> str:
    r"""A value in double quotes, with `\` and `"` escaped: UCL, Dovecot, nftables and unbound read it so.

    Raises UnsafeValue for control characters, and for `$`, which Dovecot 2.3 and UCL expand.
    """
    text = str(value)
    if _CONTROL.search(text) or "$" in text:
        raise UnsafeValue(_("{text!r:.80} can't stand in a configuration file").format(text=text))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
