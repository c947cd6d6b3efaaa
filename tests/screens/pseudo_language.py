"""A pytest plugin: every text comes in a language of its own, in which no letter is ASCII, and what would be
a picture is searched for words that were left in English.

Load it before anything of the program: `pytest -p tests.screens.pseudo_language -p no:textual-snapshot`.
"""

import ast
import asyncio
import gettext
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from backends import language

_ACCENTED = "àƀçđéƒĝĥîĵķļɱñôþǫŕšţûṽŵẋýžÀɃÇĐÉƑĜĤÎĴĶĻṀÑÔÞǪŔŠŢÛṼŴẊÝŽ"
_TABLE = str.maketrans(ascii_letters, _ACCENTED)
_FIELD = re.compile(r"(\{[^{}]*\})")
"""What is put in comes as it is."""

_WORD = re.compile(r"(?<![\w./@:=*#\"'~-])[A-Za-z]{3,}(?![\w/@:=*\"_-]|\.\w)")
"""A word that is no part of a name, a path, an address or a key."""


class Pseudo(gettext.NullTranslations):
    """The catalogue."""

    def gettext(self, message: str) -> str:
        """The same with other letters, as wide."""
        return "".join(
            part if _FIELD.fullmatch(part) else part.translate(_TABLE) for part in _FIELD.split(message)
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The same for its forms."""
        return self.gettext(msgid1 if n == 1 else msgid2)


_pseudo = Pseudo()
language._catalogue = lambda: _pseudo  # type: ignore[assignment]


@pytest.fixture
def snap_compare() -> Callable[..., bool]:
    """In the place of what takes pictures: nothing of ours on this screen may be in English."""

    def compare(
        app: App[Any],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[Any]], Awaitable[None]] | None = None,
    ) -> bool:
        screen = asyncio.run(_screen_of(app, terminal_size, run_before))
        left = sorted({word for line in screen for word in _WORD.findall(line)} - KEPT)
        assert not left, "\n".join([f"in English: {', '.join(left)}", *screen])
        return True

    return compare


async def _screen_of(
    app: App[Any], size: tuple[int, int], run_before: Callable[[Pilot[Any]], Awaitable[None]] | None
) -> list[str]:
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        if run_before:
            await run_before(pilot)
        return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def _words_in(*paths: Path) -> frozenset[str]:
    """Every word of a text that these files hold."""
    return frozenset(word for path in paths for word in re.findall(r"[A-Za-z]{3,}", path.read_text()))


def _values_in(path: Path) -> frozenset[str]:
    """Every word of a text in a module, its docstrings aside: what a made-up machine says."""
    tree = ast.parse(path.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]
    return frozenset(word for text in texts for word in re.findall(r"[A-Za-z]{3,}", text))


_HERE = Path(__file__).parent
_KEYS = {"ctrl", "enter", "esc", "space", "tab"}
"""As they stand on keyboards; Textual names them."""

_NAMES = {
    "DKIM",
    "DNS",
    "ECDSA",
    "PTR",
    "RSA",
    "TXT",
    "SASL",
    "deferred",
    "system",
    "unbound",
    "redis",
    "ssh",
}
"""Of records, of methods, of Postfix's queues and of services, by which filters know them too."""

_LOGGED = {
    "ehlo",
    "hlo",
    "NOTICE",
    "Ban",
    "unknown",
    "left",
    "device",
    "lmtp",
    "proxy",
    "connect",
    "disconnect",
}
"""Servers write their logs in English; of `ehlo` the list shows the end."""

_TYPED = {"dora", "much", "exa", "AIN", "ECD"}
"""What a test types, and the ends of addresses and words of a log that a dialog leaves in sight."""

KEPT = (
    frozenset(_KEYS | _NAMES | _LOGGED | _TYPED)
    | _values_in(_HERE / "console_world.py")
    | _values_in(_HERE / "last_pages.py")
    | _values_in(_HERE / "names_world.py")
    | _values_in(_HERE / "wizard.py")
    | _words_in(*(_HERE.parent / "unit" / "journals").glob("*.jsonl"))
)
"""Words that are no text of ours: what a machine says that is made up, or was recorded."""
