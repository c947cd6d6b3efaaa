"""What really reaches a terminal when somebody pastes an attack into the wizard, or its answers hold one."""

import contextlib
import re
from pathlib import Path

import pytest

from tests.screens import hostile_setup
from tests.screens.test_queue_terminal import Terminal

_PASTES = (
    "evil\u202egnp.exe".encode(),
    "evil\x9b2J\u2028".encode(),
    b"\x7f\x00[/x][bold]",
    b"x" * 4096,
)


def type_into_the_host_name(terminal: Terminal) -> None:
    """Once it has the focus, what is typed stands behind what was there."""
    for _attempt in range(30):
        terminal.press(b"z")
        with contextlib.suppress(AssertionError):
            terminal.wait_for("endz", seconds=2)
            return
    raise AssertionError(terminal.sent[-3000:])


@pytest.mark.timeout(240)
def test_no_byte_of_an_attack_reaches_the_terminal() -> None:
    terminal = Terminal(Path(hostile_setup.__file__))
    try:
        terminal.wait_for("Host name")
        type_into_the_host_name(terminal)
        for paste in _PASTES:
            terminal.press(b"\x1b[200~" + paste + b"\x1b[201~")
            terminal.wait_for("Not taken")
            terminal.press(b"z")
            terminal.wait_for("zz")
        # Textual takes what comes after an ESC within a paste for keys
        terminal.press(b"\x1b[200~evil\x1b]52;c;eA==\x1b\\\x1b[201~")
        for page in ("too small", "pretends to be it", "is a door", "none yet"):
            terminal.press(b"\x0e")
            terminal.wait_for(page, seconds=60)
        terminal.press(b"\r")
        terminal.wait_for("Cancel")
        terminal.press(b"\x11")
        terminal.wait_for("Leave")
        terminal.press(b"y")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()

    # Textual itself sets the shape of the mouse's pointer with OSC 22.
    sent = re.sub(rb"\x1b]22;[a-z-]+\x07", b"", terminal.sent)
    controls = (b"\x1b]", b"\x07", b"\x7f", "\x9b".encode(), "\u202e".encode(), "\u2028".encode())
    assert [control for control in controls if control in sent] == []
