"""What the terminal at hand can show."""

import os
import sys
from collections.abc import Mapping

from backends.language import _

_FEW_GLYPHS = ("linux", "vt", "ansi", "cons25")
_FEW_COLOURS = ("linux", "vt", "ansi", "cons25", "xterm", "screen", "tmux", "rxvt")
"""Terminals that say nothing of 256 colours or more: their own 16 are what they surely have."""


def refusal(environment: Mapping[str, str] = os.environ) -> str:
    """Why no screen can be drawn here, in words; empty where one can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _("This is not a terminal, and the screens need one.")
    if environment.get("TERM", "") in {"", "dumb", "unknown"}:
        return _("This terminal (TERM={term}) can't place text, and the screens need that.").format(
            term=environment.get("TERM") or _("not set")
        )
    return ""


def has_few_glyphs(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal lacks the block characters that borders are made of, as Linux' console does."""
    return _family(environment) in _FEW_GLYPHS or not _is_utf8(environment)


def has_few_colours(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether only the terminal's own 16 colours can be relied on."""
    if environment.get("COLORTERM", "") in {"truecolor", "24bit"}:
        return False
    name = environment.get("TERM", "")
    return name in _FEW_COLOURS or name.endswith("-16color") or _family(environment) == "vt"


def _family(environment: Mapping[str, str]) -> str:
    name = environment.get("TERM", "").partition("-")[0]
    return "vt" if name.startswith("vt") else name


def _is_utf8(environment: Mapping[str, str]) -> bool:
    """As setlocale(3) looks: LC_ALL, then LC_CTYPE, then LANG. Without any, Debian's sshd gave none."""
    chosen = (environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name))
    charset = next(chosen, "UTF-8")
    return charset.upper().replace("-", "").endswith("UTF8")
