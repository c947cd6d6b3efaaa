"""The wizard's last three pages on a machine that is made up, with runs that were recorded."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from textual.css.query import NoMatches
from textual.pilot import Pilot

from backends.dns.judging import Judgement, Standing
from backends.dns.records import DnsRecord
from backends.dns.rotation import Rotation
from backends.machine.port_25 import Port25
from backends.machine.surroundings import Surroundings
from backends.resources import Action
from screens.app import MailsteadApp
from screens.console import moments
from screens.setup import apply_page, looking
from screens.setup.looking import FirstLook
from screens.setup.setup_screen import SetupScreen
from tests.unit.recorded_runs import JOURNALS
from wizard import dns_list, handover, review, running
from wizard.dns_list import DnsEntry, DnsList
from wizard.draft import Draft
from wizard.handover import Access, Handover, Password, Pointer
from wizard.plan import Change
from wizard.preflight import Obstacle
from wizard.review import Review

HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J [/nope] [bold]x\u202e"
SURROUNDINGS = Surroundings(
    hostname="mail.example.test",
    release="trixie",
    addresses=(ip_address("198.51.100.7"),),
    cores=4,
    memory_bytes=8 << 30,
    port_25=Port25(True, "mx.example.org answered"),
)
DRAFT = (
    Draft()
    .with_value("site.hostname", "mail.example.test")
    .with_value("site.domains", ["example.test"])
    .with_value("site.admin", "admin@example.test")
)


def change(step: str, key: str, summary: str, diff: str = "", **more: Any) -> Change:
    return Change("a-stage", step, key, more.pop("action", Action.CREATE), summary, diff, **more)


DIFF = """--- /dev/null
+++ /etc/postfix/main.cf
@@ -0,0 +1,3 @@
+# Written by Mailstead.
+myhostname = mail.example.test
-smtpd_banner = old
 unchanged"""
CHANGES = (
    change(
        "site",
        "packages:needed",
        "install 19 packages and what they need",
        "+ postfix\n+ dovecot-core",
        action=Action.INSTALL,
        is_reversible=False,
    ),
    change("site", "file:/etc/mailstead/answers.toml", "write /etc/mailstead/answers.toml", DIFF),
    change("protocols", "firewall:mailstead", "open ports 25, 465, 587, 993", "+ tcp dport 25 accept"),
    change("protocols", "file:/etc/postfix/main.cf", "change /etc/postfix/main.cf", DIFF, is_drift=True),
    change("protocols", "service:postfix.service", "start postfix.service", action=Action.START),
    change("accounts", "account:admin@example.test", "add the mailbox admin@example.test"),
    change("dns", "file:/etc/unbound/unbound.conf.d/mailstead.conf", "write unbound's configuration", DIFF),
)
PLANNED = Review(CHANGES)
REFUSED = Review(
    CHANGES,
    (
        Obstacle(
            "other-mail-server", "exim4-daemon-light is installed; Postfix takes its place", "accept it"
        ),
        Obstacle("", "port 25 (smtp) is held by nginx", "stop it, or give smtp another port in [protocols]"),
    ),
)
LEFT = Handover(
    hostname="mail.example.test",
    admin="admin@example.test",
    records=(
        DnsRecord("mail.example.test", "A", "198.51.100.7"),
        DnsRecord("example.test", "MX", "10 mail.example.test."),
        DnsRecord("r1._domainkey.example.test", "TXT", "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0B" * 19),
    ),
    pointers=(Pointer("198.51.100.7", "mail.example.test"),),
    passwords=(Password("admin@example.test", Path("/etc/mailstead/secrets/mailbox-admin@example.test")),),
    accesses=(Access("IMAP", 993, "TLS"), Access("SMTP", 465, "TLS"), Access("SMTP", 587, "STARTTLS")),
    own_ca="/etc/mailstead/tls/ca/ca.pem",
    no_address="",
    relay="",
)


def seen(record: DnsRecord, standing: Standing, what: str = "", mend: str = "") -> DnsEntry:
    """A record, and how it stands."""
    judgement = Judgement(
        "example.test", record.name, record.type, record.need, standing, what, record.value, mend
    )
    return DnsEntry("example.test", record.name, record.type, record.need, record=record, judgement=judgement)


SEEN = (
    seen(LEFT.records[0], Standing.RIGHT, "198.51.100.7"),
    seen(LEFT.records[1], Standing.WRONG, "10 old.example.test.", "publish example.test MX …"),
    seen(LEFT.records[2], Standing.PARTIAL, "ns2.example.test: there is none", "wait"),
    replace(
        seen(
            DnsRecord("198.51.100.7", "PTR", "mail.example.test"), Standing.MISSING, "the address has no name"
        ),
        record=None,
    ),
)


def dns_list_of(*entries: DnsEntry) -> DnsList:
    """What a look at the DNS found."""
    return DnsList(entries, is_automatic=False, rotation=Rotation())


class Made:
    """The made-up machine: what tests change before the app starts, and a run's journal in `runs`."""

    def __init__(self, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs, self.monkeypatch = runs, monkeypatch
        self.first = "review"
        """The page to begin with."""
        self.draft, self.review = DRAFT, PLANNED
        self.left: Handover = LEFT
        self.seen: Callable[[], DnsList] = dns_list_of
        """What the look at the DNS finds."""
        self.is_at_work = False
        self.to_show: Path | None = None
        self.now = datetime(2026, 11, 24, tzinfo=UTC)

    def run(self, name: str, first: int = 0, last: int | None = None, *more: dict[str, Any]) -> Path:
        """A run whose journal is these events of a recorded one, and more."""
        directory = self.runs / "20261124T073641Z-4d9f"
        directory.mkdir(parents=True, exist_ok=True)
        lines = (JOURNALS / f"{name}.jsonl").read_text().splitlines()[first:last]
        at = json.loads(lines[-1])["at"]
        lines += [json.dumps({"at": at, **event}) for event in more]
        (directory / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines))
        self.now = datetime.fromisoformat(at) + timedelta(seconds=2)
        return directory

    def add(self, directory: Path, lines: Sequence[str]) -> None:
        """What the run writes next."""
        with (directory / "journal.jsonl").open("a") as journal:
            journal.writelines(f"{line}\n" for line in lines)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    made = Made(tmp_path / "runs", monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setitem(MailsteadApp.MODES, "setup", lambda: SetupScreen(made.first))
    monkeypatch.setattr(looking, "look", lambda: FirstLook(made.draft, SURROUNDINGS))
    monkeypatch.setattr(review, "look_over", lambda _answers: made.review)
    monkeypatch.setattr(running, "run_to_show", lambda: made.to_show)
    monkeypatch.setattr(running, "run_at_work", lambda: made.to_show if made.is_at_work else None)
    monkeypatch.setattr(handover, "look_what_is_left", lambda: made.left)
    monkeypatch.setattr(dns_list, "look_at_records", lambda _environment: made.seen())
    monkeypatch.setattr("screens.setup.proof_page.now", lambda: made.now)
    monkeypatch.setattr(moments, "now", lambda: made.now)
    monkeypatch.setattr(apply_page, "_now", lambda: made.now)
    monkeypatch.setattr("wizard.history.load_runs", lambda: ())
    monkeypatch.setattr("wizard.following.is_locked", lambda _lock: made.is_at_work)
    monkeypatch.setattr("wizard.launch.output", lambda _directory: "")
    yield made
    monkeypatch.delenv("TZ")
    time.tzset()


async def on_page(pilot: Pilot[None], page: str) -> None:
    """Go to this page, and wait until it is quiet."""
    screen = pilot.app.screen
    assert isinstance(screen, SetupScreen)
    await quiet(pilot)
    await screen.go_to(page)
    await quiet(pilot)


async def quiet(pilot: Pilot[None]) -> None:
    """Until no look at the machine and no plan is under way; a run that is followed may be."""
    await pilot.pause()
    for _attempt in range(500):
        if all(worker.is_finished for worker in pilot.app.workers if worker.group != "run"):
            break
        await pilot.pause(0.01)
    await pilot.pause()


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Until this holds; what it looks at may still be to come. The screen is shown when it never does."""
    for _attempt in range(500):
        with contextlib.suppress(NoMatches):
            if holds():
                return
        await pilot.pause(0.02)
    raise AssertionError("\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips()))


def app() -> MailsteadApp:
    """The wizard, beginning with the page that `made` says."""
    return MailsteadApp("setup")
