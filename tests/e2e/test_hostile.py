"""Texts that attackers choose never reach the terminal as they are: every panel in a real terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import quickstart
from tests.lab.lab import Lab
from tests.lab.machine import Machine

ATTACK = "\x1b]52;c;T1dORUQ=\x07\x1b[13;37H[/x][bold]\u202eevil\u2028\x9b31m"
NOBODY_THERE = "x@[198.51.100.99]"
FORBIDDEN = (
    b"\x1b]52",  # writes the clipboard
    b"\x1b[13;37H\x1b[",  # moves the cursor to where the attacker wants it
    b"\x1b[13;37H[/x]",
    "\u202e".encode(),  # turns the text around
    "\u2028".encode(),
    "\x9b".encode(),  # a control sequence in one character (C1)
    b"\x9b31m",
    b"T1dORUQ=\x07",
)
DRIVERS = ("terminal_inside.py", "hostile_inside.py")
COLOUR = re.compile(rb"\x1b\[[0-9;]*\b(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[25];[0-9;]+)m")
BLOCKS = "▊▎▔▁█╭╮╰╯"


@pytest.fixture(scope="module")
def attacked(lab: Lab, release: str) -> Iterator[Machine]:
    """A server whose logs, queue, aliases and bans hold hostile texts."""
    with lab.borrowed(lab.boot(release, "attacked", image="program")) as machine:
        here = Path(__file__).parent
        machine.copy(here.parent / "lab" / DRIVERS[0], f"/root/{DRIVERS[0]}")
        machine.copy(here / DRIVERS[1], f"/root/{DRIVERS[1]}")
        assert quickstart(machine).is_proven
        plant(machine)
        yield machine


def plant(machine: Machine) -> None:
    """As attackers can: a sender, headers, a record in the database, a ban."""
    message = f"Subject: hostile-subject {ATTACK}\nX-{ATTACK}: x\n\nbody\n"
    sender = f'"hostile-sender{ATTACK.encode("ascii", "ignore").decode()}"@away.test'
    machine.run("sendmail", "-f", sender, NOBODY_THERE, input=message)
    insert = (
        "import sqlite3, sys; d = sqlite3.connect('/var/lib/mailstead/mail.db');"
        "n = d.execute('SELECT domain FROM domains').fetchone()[0];"
        "d.execute('INSERT INTO aliases (address, domain, destination) VALUES (?, ?, ?)',"
        " ('hostile-alias@' + n, n, sys.argv[1] + '@away.test')); d.commit()"
    )
    machine.run("python3", "-c", insert, ATTACK.lower())
    machine.run("fail2ban-client", "set", "recidive", "banip", "203.0.113.9")
    machine.wait_for("sh", "-c", "postqueue -j | grep -q hostile-sender")


def log(machine: Machine) -> None:
    """The hostile line at the end of every log."""
    line = f"hostile-log {ATTACK} from 203.0.113.9"
    machine.run("logger", "-p", "mail.err", "-t", "postfix/smtpd[1]", line)
    for log in ("mail.log", "fail2ban.log", "rspamd/rspamd.log", "auth.log", "syslog", "mailstead/audit.log"):
        machine.run("tee", "-a", f"/var/log/{log}", input=f"{line}\n")


def driven(machine: Machine, what: str, *settings: str) -> bytes:
    """All that the terminal was sent while this was driven to its end."""
    log(machine)
    done = machine.run("python3", f"/root/{DRIVERS[1]}", what, "/root/sent", *settings, timeout=300)
    assert done.stdout == "0\n", done.stdout
    sent = (machine.root / "root/sent").read_bytes()
    assert len(sent) > 10_000
    return sent


def leaks(sent: bytes) -> list[bytes]:
    """What got through, each with what the terminal was sent around it."""
    places = ((sent.find(text), text) for text in FORBIDDEN)
    return [sent[max(0, place - 300) : place + 100] for place, text in places if place >= 0]


def test_no_panel_passes_hostile_texts_on(attacked: Machine) -> None:
    sent = driven(attacked, "console")

    assert b"evil" in sent
    assert leaks(sent) == []
    assert b"Traceback" not in sent


def test_the_wizard_does_not_echo_what_a_terminal_would_obey(attacked: Machine) -> None:
    sent = driven(attacked, "wizard")

    assert b"Backups" in sent
    assert leaks(sent) == []
    assert b"Traceback" not in sent


def test_linux_own_console_gets_glyphs_that_it_has(attacked: Machine) -> None:
    sent = driven(attacked, "console", "TERM=linux", "COLORTERM=").decode(errors="replace")

    assert {glyph for glyph in BLOCKS if glyph in sent} == set()


def test_no_colour_is_used_where_none_is_wanted(attacked: Machine) -> None:
    sent = driven(attacked, "console", "NO_COLOR=1")

    assert COLOUR.findall(sent) == [] or _is_grey(sent)


def _is_grey(sent: bytes) -> bool:
    """Textual turns colours into shades of grey: red, green and blue are equal."""
    shades = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", sent)
    return bool(shades) and all(red == green == blue for red, green, blue in shades)
