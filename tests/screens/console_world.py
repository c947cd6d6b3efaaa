"""The console on a machine that is always the same: frozen values instead of a server."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from textual.pilot import Pilot

from backends.checks import Finding, Mend, fail, ok, warn
from backends.dovecot.last_login import Login
from backends.dovecot.mailbox_use import MailboxUse
from backends.errors import MailsteadError
from backends.fail2ban.bans import Ban
from backends.fail2ban.evidence import Evidence
from backends.postfix.queue_directories import QueueTotals
from screens.app import MailsteadApp
from screens.console import mailboxes_panel, moments
from screens.console.console_screen import ConsoleScreen
from screens.console.mailbox_words import SeenUse
from screens.console.panel import Panel
from tests.screens.names_world import CERTIFICATES, SEEN, UNSEEN
from wizard.ban_list import BanEntry
from wizard.certificate_list import CertificateList
from wizard.dns_list import DnsList
from wizard.health import Result
from wizard.health_history import compare, worst_first
from wizard.last_backup import BackupState
from wizard.last_proof import LastProof
from wizard.mailbox_list import Entry
from wizard.overview import CertificateDays, Checked, Disk, Facts, SystemState
from wizard.proof import ProofResult

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x1b[2J[/x][bold]\u202eevil\x9b31m"
"""What an attacker puts where it may be shown: clipboard, clear the screen, broken markup, bidi, C1."""

RESTART = Mend("restart postfix.service", ("systemctl", "restart", "postfix.service"), lambda: None)
PROOF = (
    ProofResult("proof.port-587", "A message sent over port 587 arrives", True, "arrived in 0.4 s"),
    ProofResult("proof.relay", "Port 25 refuses to relay", True, "refused: 554 5.7.1 Relay access denied"),
)


def result(name: str, title: str, finding: Finding) -> Result:
    """What a check found."""
    return Result(name, title, finding)


WELL = (
    result("nftables.rules", "The firewall's rules are in force", ok("in force")),
    result("dovecot.service", "Dovecot runs", ok("running")),
    result("postfix.service", "Postfix runs", ok("running")),
    result(
        "dkim.record-r1.example.test",
        "The DKIM key r1 of example.test is published",
        warn("it is not published yet", "the key in the DNS", "publish r1._domainkey.example.test TXT …"),
    ),
)
POSTFIX_DOWN = result(
    "postfix.service",
    "Postfix runs",
    fail("not running", "running", "systemctl restart postfix.service; mailstead log", RESTART),
)
FACTS = Facts(
    systems=tuple(SystemState(name, True) for name in ("nftables", "rspamd", "dovecot", "postfix")),
    queue=QueueTotals(1, 3, 0, 0, NOW - timedelta(hours=2)),
    bans=2,
    disks=(Disk("/", 40 << 30, 26 << 30),),
    certificates=(CertificateDays("rsa", 396), CertificateDays("ecdsa", 396)),
    proof=LastProof(NOW - timedelta(hours=5), PROOF),
    backup=BackupState(None, None, is_wanted=True, is_visible=True),
)
ENTRIES = (
    Entry("domain", "example.test", created=NOW, mailboxes=3, aliases=1),
    Entry("mailbox", "anna@example.test", True, 2 << 30, NOW),
    Entry("mailbox", "bob@example.test", False, 500 << 20, NOW),
    Entry("mailbox", "carol@example.test", True, 0, NOW),
    Entry("alias", "info@example.test", goes_to=("anna@example.test", "bob@example.test")),
    Entry("domain", "example.org", created=NOW),
)
LINE = (
    "2026-11-24T11:00:04+00:00 mail dovecot[1119]: "
    "auth-worker(anna@example.test,203.0.113.9)<77><x>: sql: Password mismatch"
)
BANS = (
    BanEntry(
        Ban(ip_address("203.0.113.9"), "dovecot", NOW - timedelta(hours=1), NOW + timedelta(minutes=7), 1),
        Evidence("dovecot", NOW - timedelta(hours=1), 5, (LINE,)),
    ),
    BanEntry(
        Ban(ip_address("2001:db8::66"), "recidive", NOW - timedelta(days=2), NOW + timedelta(days=5)),
        Evidence("recidive", NOW - timedelta(days=2), 0, ()),
    ),
)


@dataclass
class World:
    """What the machine is, and what was done to it."""

    facts: Facts = FACTS
    results: tuple[Result, ...] = WELL
    entries: tuple[Entry, ...] = ENTRIES
    bans: tuple[BanEntry, ...] = BANS
    proof: tuple[ProofResult, ...] = PROOF
    certificates: CertificateList = CERTIFICATES
    records: DnsList = UNSEEN
    seen: DnsList = SEEN
    problem: Exception | None = None
    """What every look at the machine raises."""
    audit: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    after_mending: tuple[Result, ...] = WELL

    def did(self, name: str, gives: Any = None) -> Callable[..., Any]:
        """A change that is only written down."""

        def change(*values: Any) -> Any:
            self.done.append((name, *values))
            if isinstance(gives, MailsteadError):
                raise gives
            return gives

        return change

    def look(self) -> None:
        """Each look at the machine begins here."""
        if self.problem is not None:
            raise self.problem


class FrozenWatch:
    """Stands for wizard.overview.Watch."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.standings = compare(WELL, {}, NOW - timedelta(hours=3))

    def facts(self) -> Facts:
        self.world.look()
        return self.world.facts

    def check(self, _name: str = "") -> tuple[Checked, ...]:
        self.world.look()
        self.standings = compare(self.world.results, self.standings, NOW - timedelta(minutes=30))
        ordered = worst_first(self.world.results, self.standings)
        return tuple(Checked(one, self.standings[one.id]) for one in ordered)

    def check_until_well(self, name: str) -> Checked | None:
        self.world.results = self.world.after_mending
        return next((one for one in self.check() if one.result.id == name), None)

    def prove(self) -> Iterator[ProofResult]:
        self.world.done.append(("prove",))
        yield from self.world.proof


@dataclass
class FrozenList:
    """Stands for the lists that panels read."""

    read: Callable[[], Any]

    def forget(self) -> None:
        """Nothing is remembered."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A machine of frozen values; every change is written down instead of made."""
    there = World()
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(moments, "now", lambda: NOW)
    for module in ("overview_panel", "overview_words", "ban_words", "dns_panel"):
        monkeypatch.setattr(f"screens.console.{module}.now", lambda: NOW)
    monkeypatch.setattr("wizard.overview.Watch", lambda **_options: FrozenWatch(there))

    def entries() -> tuple[Entry, ...]:
        there.look()
        return there.entries

    def bans() -> tuple[BanEntry, ...]:
        there.look()
        return there.bans

    def certificates() -> CertificateList:
        there.look()
        return there.certificates

    def seen(_environment: object) -> DnsList:
        there.look()
        return there.seen

    monkeypatch.setattr("wizard.certificate_list.look_at_certificates", certificates)
    monkeypatch.setattr("wizard.dns_list.records_now", lambda _environment: there.records)
    monkeypatch.setattr("wizard.dns_list.look_at_records", seen)
    monkeypatch.setattr("wizard.mailbox_list.MailboxList", lambda: FrozenList(entries))
    monkeypatch.setattr("wizard.ban_list.BanList", lambda: FrozenList(bans))
    use = SeenUse(MailboxUse(3 << 20, 12), Login(NOW - timedelta(minutes=20), "203.0.113.50", "imap"))
    monkeypatch.setattr(mailboxes_panel, "_use_seen", lambda _address: use)
    monkeypatch.setattr(mailboxes_panel, "_made_by_answers", lambda: frozenset({"anna@example.test"}))
    monkeypatch.setattr("wizard.mailbox_changes.complaint_about", lambda password, *_rest: _weak(password))
    monkeypatch.setattr("wizard.mailbox_changes.password_rules", lambda: None)
    monkeypatch.setattr("wizard.secrets.generate_password", lambda: "made-by-the-machine")
    monkeypatch.setattr("backends.fail2ban.evidence.earlier_bans", lambda _address: ())
    monkeypatch.setattr(
        "wizard.audit.record", lambda command, status: there.audit.append((tuple(command), status))
    )
    for place, name in (
        ("backends.accounts.mailboxes.enable_account", "enable"),
        ("backends.accounts.mailboxes.set_quota", "quota"),
        ("backends.accounts.aliases.add_alias", "add alias"),
        ("backends.accounts.aliases.remove_alias", "remove alias"),
        ("backends.accounts.domains.add_domain", "add domain"),
        ("backends.accounts.domains.remove_domain", "remove domain"),
        ("wizard.mailbox_changes.suspend", "suspend"),
        ("wizard.mailbox_changes.make_mailbox", "make mailbox"),
        ("wizard.mailbox_changes.change_password", "password"),
        ("wizard.mailbox_changes.delete_mailbox", "delete mailbox"),
        ("wizard.mending.mend", "mend"),
        ("wizard.banning.ban_by_hand", "ban"),
        ("backends.fail2ban.bans.unban", "unban"),
    ):
        monkeypatch.setattr(place, there.did(name))
    yield there
    monkeypatch.undo()
    time.tzset()


def _weak(password: str) -> str:
    return "the password is too easy to guess" if len(password) < 12 else ""


def console(*, is_read_only: bool = False) -> MailsteadApp:
    """The console, begun."""
    return MailsteadApp("console", is_read_only=is_read_only)


def running(app: MailsteadApp, size: tuple[int, int] = (80, 24)) -> AbstractAsyncContextManager[Pilot[None]]:
    """The app in a terminal of this size, notes kept long enough to be read."""
    return app.run_test(size=size, notifications=True)


async def until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it holds; fails when it doesn't in time."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "it did not come true in time"
        await pilot.pause(0.02)
    await pilot.pause()


async def on_panel(pilot: Pilot[None], key: str) -> Panel:
    """Press a panel's number and wait until it shows what it saw; gives the panel."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ConsoleScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ConsoleScreen)
    await until(pilot, lambda: bool(screen._current))
    await pilot.press(key)
    panel = screen.panel
    await until(pilot, lambda: bool(panel.status_text))
    return panel


async def on_screen(pilot: Pilot[None], name: str) -> None:
    """Wait until a screen of this class is on top, with its fields."""
    await until(pilot, lambda: type(pilot.app.screen).__name__ == name and bool(pilot.app.screen.children))
    await pilot.pause()


def text_on(app: MailsteadApp) -> str:
    """All that is drawn, as text."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()
    )


def notes(app: MailsteadApp) -> list[str]:
    """What the toasts say."""
    return [note.message for note in app._notifications]


def down(results: tuple[Result, ...] = WELL) -> tuple[Result, ...]:
    """The same with Postfix down."""
    return tuple(POSTFIX_DOWN if one.id == "postfix.service" else one for one in results)


def hostile_bans() -> tuple[BanEntry, ...]:
    """A ban whose log line is an attack, cleaned as the backend does."""
    from backends.text import clean

    evil = Evidence(clean(HOSTILE), NOW, 5, (clean(HOSTILE),))
    return (BanEntry(replace(BANS[0].ban, jail=clean(HOSTILE)), evil),)
