"""Inside a machine: shows hostile texts in every panel, or types them into the wizard, in a real terminal.

Usage: python hostile_inside.py console|wizard OUTPUT [NAME=VALUE…]; all that the terminal was sent goes to
the file OUTPUT, and the exit status of the program is printed.
"""

import sys
import time
from pathlib import Path

from terminal_inside import Terminal  # type: ignore[import-not-found] # copied beside this file

CTRL_N, CTRL_Q = b"\x0e", b"\x11"
PASTE_BEGINS, PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"
PANELS = {b"2": b"hostile-log", b"3": b"hostile-sender", b"4": b"hostile-alias", b"5": b"203.0.113.9"}
"""The key of each panel that shows others' texts, and what is on it."""
TYPED = b"hostile-typed[/x][bold]\xe2\x80\xaeevil\xe2\x80\xa8" + b"x" * 2000
"""Terminals take control characters out of what is pasted (XTerm's disallowedPasteControls)."""


def console(terminal: Terminal) -> None:
    """Every panel: its list, one entry in full, the help, the palette, a filter."""
    terminal.wait_for(b"Mailboxes")
    terminal.settle()
    for key, shown in PANELS.items():
        terminal.press_until(key, shown)
        for press in (b"\x1b[F", b"\r", b"\x1b", b"?", b"\x1b", b":", b"\x1b", b"/" + pasted(TYPED), b"\x1b"):
            terminal.send(press)
            terminal.settle(0.2, 1.0)
            time.sleep(0.1)  # escape alone is told from a sequence by a pause
    terminal.send(b"\x1b")


def wizard(terminal: Terminal) -> None:
    """Every page: the hostile text pasted into its first fields."""
    terminal.wait_for(b"Host name")
    terminal.settle()
    for _page in range(8):
        for _field in range(3):
            terminal.send(pasted(TYPED))
            terminal.settle(0.2, 1.0)
            terminal.send(b"\t")
        terminal.send(CTRL_N)
        terminal.settle(0.3, 2.0)


def pasted(text: bytes) -> bytes:
    """As a terminal sends what is pasted."""
    return PASTE_BEGINS + text + PASTE_ENDS


def main(what: str, output: str, *settings: str) -> None:
    """Drive it, and write down what the terminal got."""
    command = ["/usr/local/bin/mailstead", *(["setup"] if what == "wizard" else [])]
    terminal = Terminal(command, **dict(setting.split("=", 1) for setting in settings))
    try:
        drive, leave = (wizard, (CTRL_Q, b"y")) if what == "wizard" else (console, (b"q",))
        drive(terminal)
        print(terminal.end(*leave))
    finally:
        Path(output).write_bytes(terminal.sent)


if __name__ == "__main__":
    main(*sys.argv[1:])
