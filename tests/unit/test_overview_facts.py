"""What the console looks at: the queue's directories, the last proof, runs, backups, bans and mailboxes."""

import json
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from backends.accounts import aliases, domains, mailboxes
from backends.accounts.database_resource import Database
from backends.checks import Status
from backends.dovecot.last_login import last_login
from backends.fail2ban import evidence
from backends.fail2ban.bans import Ban
from backends.fail2ban.evidence import Evidence
from backends.machine.facts import MachineFacts
from backends.postfix.queue_directories import QueueCounter, arrival
from screens.console.moments import length, size
from screens.console.row_filter import folded, rows_with
from wizard.answers import Answers
from wizard.ban_list import BanList
from wizard.banning import WouldLockOut, refuse_to_lock_out
from wizard.last_backup import backup_state
from wizard.last_proof import ProofFailed, last_proof, remembered, require_proof
from wizard.mailbox_list import MailboxList
from wizard.own_checks import last_run_ended
from wizard.proof import ProofResult

GOOD = ProofResult("proof.relay", "Port 25 refuses to relay", True, "refused")
BAD = ProofResult("proof.dkim", "The signatures verify", False, "no key")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOSTILE = "\x1b]52;c;eA==\x07"


# The queue

LONG_ID = "4jYZMR1137zFSvy"
"""Of a message that a lab's server took on 2026-11-24 at 07:34:43."""


def test_a_long_queue_id_tells_when_the_message_came() -> None:
    assert arrival(LONG_ID) == datetime(2026, 11, 24, 7, 34, 43, tzinfo=UTC)


@pytest.mark.parametrize("queue_id", ["", "3F2A9C0D1E", "../../etc/passwd", "a" * 40, "\x1b[2J123456789"])
def test_other_names_tell_nothing(queue_id: str) -> None:
    assert arrival(queue_id) is None


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    for name in ("active", "deferred/4", "deferred/5", "hold", "incoming"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def settle(*directories: Path) -> None:
    """Let a directory look as if it had last changed a minute ago."""
    for directory in directories:
        os.utime(directory, (time.time() - 60, time.time() - 60))


def test_messages_are_counted_where_they_lie(spool: Path) -> None:
    (spool / "active" / LONG_ID).touch()
    (spool / "deferred/4" / "4jYZMS1137zFSvy").touch()
    (spool / "deferred/5" / "5jYZMS1137zFSvy").touch()
    (spool / "hold" / "6jYZMS1137zFSvy").touch()

    found = QueueCounter(spool).count()

    assert (found.active, found.deferred, found.hold, found.incoming, found.total) == (1, 2, 1, 0, 4)
    assert found.oldest == arrival(LONG_ID)


def test_a_directory_is_read_again_only_when_it_has_changed(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    real = os.scandir

    def counted(path: Path) -> Any:
        reads.append(path.name)
        return real(path)

    monkeypatch.setattr(os, "scandir", counted)
    directories = [spool / name for name in ("active", "deferred", "hold", "incoming")]
    settle(*directories, spool / "deferred/4", spool / "deferred/5")
    counter = QueueCounter(spool)
    counter.count()
    reads.clear()

    assert counter.count().total == 0
    assert reads == []

    (spool / "deferred/4" / LONG_ID).touch()
    assert counter.count().deferred == 1
    assert reads == ["4"]


def test_a_change_within_the_same_tick_is_seen(spool: Path) -> None:
    counter = QueueCounter(spool)
    counter.count()
    stamp = (spool / "hold").stat().st_mtime_ns
    (spool / "hold" / LONG_ID).touch()
    os.utime(spool / "hold", ns=(stamp, stamp))

    assert counter.count().hold == 1


def test_a_spool_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert QueueCounter(tmp_path / "none").count().total == 0


# The last proof


def test_a_proof_is_kept_when_all_of_it_came(tmp_path: Path) -> None:
    path = tmp_path / "last-proof.json"
    coming = remembered(iter([GOOD, BAD]), path)
    assert next(coming) == GOOD
    assert last_proof(path) is None

    assert list(coming) == [BAD]

    found = last_proof(path)
    assert found is not None
    assert found.results == (GOOD, BAD)
    assert not found.is_ok
    assert found.failed == (BAD,)
    assert datetime.now(UTC) - found.at < timedelta(minutes=1)
    assert path.stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_kept_the_proof_goes_on(tmp_path: Path) -> None:
    assert list(remembered([GOOD], tmp_path / "missing/last-proof.json")) == [GOOD]


@pytest.mark.parametrize("content", ["", "[]", '{"at": "yesterday", "results": []}', '{"at": 3}'])
def test_a_proof_that_can_not_be_read_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "last-proof.json"
    path.write_text(content)

    assert last_proof(path) is None


def test_a_proof_that_fails_is_an_error_once_all_was_told() -> None:
    told: list[ProofResult] = []

    with pytest.raises(ProofFailed) as caught:
        require_proof([BAD, GOOD], told.append)

    assert told == [BAD, GOOD]
    assert "no key" in caught.value.describe()


# Runs


def journal(runs: Path, *events: dict[str, Any]) -> None:
    directory = runs / "20261124T073300Z-aaaa"
    directory.mkdir(parents=True)
    lines = (json.dumps({"at": "2026-11-24T07:33:00+00:00", **event}) for event in events)
    (directory / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines))


BEGUN = {"event": "run", "command": "replay", "takes_back": "", "steps": []}


def test_no_run_is_no_trouble(tmp_path: Path) -> None:
    assert last_run_ended(tmp_path / "runs").status is Status.OK


def test_a_run_that_was_cut_off_is_finished_by_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.own_checks.is_locked", lambda: False)
    journal(tmp_path, BEGUN)

    found = last_run_ended(tmp_path)

    assert found.status is Status.FAIL
    assert found.action is not None
    assert found.action.command == ("mailstead", "resume")


def test_a_run_at_work_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.own_checks.is_locked", lambda: True)
    journal(tmp_path, BEGUN)

    assert last_run_ended(tmp_path).status is Status.OK


def test_a_run_that_ended_well_is_well_and_one_that_did_not_warns(tmp_path: Path) -> None:
    journal(tmp_path / "a", BEGUN, {"event": "finished", "ok": True})
    journal(tmp_path / "b", BEGUN, {"event": "finished", "ok": False})

    assert last_run_ended(tmp_path / "a").status is Status.OK
    assert last_run_ended(tmp_path / "b").status is Status.WARN


# Backups


def test_the_last_backup_is_the_newest_snapshot_of_a_repository_here(tmp_path: Path) -> None:
    answers = Answers.model_validate(
        {
            "schema": 1,
            "site": {"hostname": "mail.example.test", "domains": ["example.test"], "admin": "a@example.test"},
            "backups": {"repositories": [{"name": "local", "url": str(tmp_path)}]},
        }
    )
    assert backup_state(answers).last is None
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "abc").touch()
    os.utime(tmp_path / "snapshots" / "abc", (NOW.timestamp(), NOW.timestamp()))

    found = backup_state(answers)

    assert found.last == NOW
    assert found.is_visible
    assert found.drill is None


# Bans


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """A database as fail2ban keeps it."""
    path = tmp_path / "fail2ban.sqlite3"
    lines = [
        ["", "2026-11-24T07:37:42+00:00 ", f"mail dovecot[1]: wrong {HOSTILE}"],
        "2026-11-24T07:37:43+00:00 mail dovecot[1]: wrong again",
        7,
    ]
    data = json.dumps({"matches": lines, "failures": 5}).encode()
    at = int(NOW.timestamp())
    with closing(sqlite3.connect(path)) as base:
        columns = "(ip TEXT, jail TEXT, timeofban INTEGER, bantime INTEGER, bancount INTEGER, data JSON)"
        base.execute(f"CREATE TABLE bips {columns}")
        base.execute(f"CREATE TABLE bans {columns}")
        rows = [
            ("203.0.113.9", "dovecot", at, -1, 1, data),
            ("203.0.113.8", "sshd", 1_000_000_000, 1, 1, b"{broken"),
        ]
        base.executemany("INSERT INTO bips VALUES (?, ?, ?, ?, ?, ?)", rows)
        base.executemany("INSERT INTO bans VALUES (?, ?, ?, ?, ?, ?)", rows)
        base.execute("INSERT INTO bans VALUES ('203.0.113.9', 'postfix', ?, 60, 1, NULL)", (at - 86400,))
        base.commit()
    return path


def test_the_lines_that_led_to_a_ban_are_found_whole_and_clean(memory: Path) -> None:
    found = evidence.evidence_of_bans(memory)["dovecot", "203.0.113.9"]

    assert found.failures == 5
    assert found.lines[0].startswith("2026-11-24T07:37:42+00:00 mail dovecot[1]: wrong ")
    assert found.reason == "2026-11-24T07:37:43+00:00 mail dovecot[1]: wrong again"
    assert "\x1b" not in "".join(found.lines)


def test_a_ban_whose_data_is_broken_has_no_lines(memory: Path) -> None:
    assert evidence.evidence_of_bans(memory)["sshd", "203.0.113.8"].lines == ()


def test_earlier_bans_of_an_address_come_newest_first(memory: Path) -> None:
    assert [one.jail for one in evidence.earlier_bans("203.0.113.9", memory)] == ["dovecot", "postfix"]


def test_bans_are_counted_without_asking_fail2ban(memory: Path, tmp_path: Path) -> None:
    assert evidence.count_bans(memory) == 1
    assert evidence.count_bans(tmp_path / "none") is None


def test_fail2ban_is_asked_again_only_when_its_memory_has_changed() -> None:
    asked: list[int] = []
    seen = frozenset({("sshd", "203.0.113.8", 1)})

    def ask() -> tuple[Ban, ...]:
        asked.append(1)
        return (Ban(ip_address("203.0.113.8"), "sshd"),)

    bans = BanList(ask, lambda: {("sshd", "203.0.113.8"): Evidence("sshd", NOW, 3, ())}, lambda: seen)

    first = bans.read()
    assert bans.read() is first
    assert len(asked) == 1
    assert first[0].evidence is not None

    bans.forget()
    assert bans.read() is first
    assert len(asked) == 2


def facts(**changes: Any) -> MachineFacts:
    """Only what banning asks for."""
    values = {"ssh_peers": (ip_address("192.0.2.50"),), "addresses": (ip_address("192.0.2.1"),)} | changes
    made = object.__new__(MachineFacts)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


@pytest.mark.parametrize(
    "address", ["192.0.2.50", "::ffff:192.0.2.50", "192.0.2.1", "127.0.0.1", "::1", "0.0.0.0", "ff02::1"]
)
def test_who_may_not_be_banned(address: str) -> None:
    with pytest.raises(WouldLockOut):
        refuse_to_lock_out(ip_address(address), facts())


def test_a_stranger_may_be_banned() -> None:
    refuse_to_lock_out(ip_address("203.0.113.9"), facts())


# Mailboxes


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "mail.db"
    entry = Database(str(path), "root")
    entry.put(entry.wanted(Database.look([entry])[0]))
    for name in ("example.test", "example.org"):
        domains.add_domain(name, path)
    mailboxes.add_account("bob@example.test", "tidal-umbrella-cactus-97", 1 << 30, path)
    mailboxes.add_account("anna@example.test", "tidal-umbrella-cactus-97", 0, path)
    mailboxes.disable_account("anna@example.test", path)
    aliases.add_alias("info@example.test", "anna@example.test", path)
    return path


def test_mailboxes_and_aliases_stand_below_their_domain(database: Path) -> None:
    entries = MailboxList(database).read()

    assert [(entry.kind, entry.name) for entry in entries] == [
        ("domain", "example.org"),
        ("domain", "example.test"),
        ("mailbox", "anna@example.test"),
        ("mailbox", "bob@example.test"),
        ("alias", "info@example.test"),
    ]
    assert not entries[2].is_enabled
    assert (entries[1].mailboxes, entries[1].aliases) == (2, 1)


def test_the_list_is_the_same_value_until_something_changes(database: Path) -> None:
    reader = MailboxList(database)
    first = reader.read()
    assert reader.read() is first

    mailboxes.enable_account("anna@example.test", database)

    assert reader.read() is not first
    assert reader.read()[2].is_enabled


PEER = "method=PLAIN, rip=203.0.113.5, lip=1"
SUBMITTED = (
    "postfix/submission/smtpd[7]: 4jYZMR1137zFSvy: client=x.test[203.0.113.5], sasl_method=PLAIN, "
    "sasl_username=anna@example.test"
)


@pytest.mark.parametrize(
    ("line", "protocol"),
    [
        (f"dovecot: imap-login: Logged in: user=<anna@example.test>, {PEER}", "imap"),
        (f"dovecot: pop3-login: Login: user=<anna@example.test>, {PEER}", "pop3"),
        (SUBMITTED, "submission"),
    ],
)
def test_the_last_login_is_read_from_the_log(tmp_path: Path, line: str, protocol: str) -> None:
    log = tmp_path / "mail.log"
    log.write_text(
        f"2026-11-23T07:00:00+00:00 mail {line}\n"
        f"2026-11-24T07:00:00+00:00 mail {line}\n"
        f"2026-11-25T08:00:00+00:00 mail dovecot: imap-login: Logged in: user=<joanna@example.test>, {PEER}\n"
        f"2026-11-25T08:00:00+00:00 mail dovecot: imap-login: Aborted: user=<anna@example.test>, {PEER}\n"
    )

    found = last_login("anna@example.test", log)

    assert found is not None
    assert (found.at.day, found.peer, found.protocol) == (24, "203.0.113.5", protocol)


def test_without_a_login_in_the_log_none_is_made_up(tmp_path: Path) -> None:
    assert last_login("anna@example.test", tmp_path / "none") is None


# Words


def test_the_filter_takes_all_words_and_none_of_the_forbidden() -> None:
    rows = ["Anna Smith", "Bob Smith", "Anna Jones"]

    assert rows_with(rows, "anna", folded(rows)) == ["Anna Smith", "Anna Jones"]
    assert rows_with(rows, "ANNA !jones", folded(rows)) == ["Anna Smith"]
    assert rows_with(rows, "!smith", folded(rows)) == ["Anna Jones"]
    assert rows_with(rows, " ! ", folded(rows)) is rows


def test_sizes_and_lengths_are_short() -> None:
    assert [size(count) for count in (0, 1023, 1536, 2 << 30, 20 << 30)] == [
        "0 B",
        "1023 B",
        "1.5 kB",
        "2 GB",
        "20 GB",
    ]
    assert [length(seconds) for seconds in (5, 600, 7200, 200_000)] == ["5 s", "10 min", "2 h", "2 days"]
