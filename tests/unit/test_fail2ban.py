"""Who is banned, read from what fail2ban says; and jails that can't be broken out of."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from backends.errors import CommandFailed
from backends.fail2ban import bans
from backends.fail2ban.adapter import Fail2ban, Fail2banSettings
from backends.machine.run import Completed
from backends.resources import File
from backends.templates import UnsafeValue

Says = Callable[..., list[tuple[str, ...]]]


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Says:
    """Let fail2ban-client answer with a text; gives the list of what it is asked."""

    def prepare(text: str, status: int = 0) -> list[tuple[str, ...]]:
        asked: list[tuple[str, ...]] = []

        def run(argv: list[str], **_how: Any) -> Completed:
            asked.append(tuple(argv[1:]))
            return Completed(tuple(argv), status, text.encode(), b"it is broken" if status else b"")

        monkeypatch.setattr(bans, "run", run)
        return asked

    monkeypatch.setattr(bans, "_MEMORY", tmp_path / "fail2ban.sqlite3")
    return prepare


def remember(path: Path, *rows: tuple[str, str, int, int, int]) -> None:
    with sqlite3.connect(path) as memory:
        memory.execute("CREATE TABLE bips (ip, jail, timeofban, bantime, bancount)")
        memory.executemany("INSERT INTO bips VALUES (?, ?, ?, ?, ?)", rows)


def test_bans_come_with_their_times(says: Says) -> None:
    says("[{'sshd': ['192.0.2.1', '2001:db8::1']}, {'postfix': []}]\n")
    remember(bans._MEMORY, ("192.0.2.1", "sshd", 1_700_000_000, 3600, 3), ("192.0.2.9", "sshd", 1, 1, 1))

    first, second = bans.list_bans()

    assert first == bans.Ban(
        ip_address("192.0.2.1"),
        "sshd",
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        datetime(2023, 11, 14, 23, 13, 20, tzinfo=UTC),
        2,
    )
    assert second == bans.Ban(ip_address("2001:db8::1"), "sshd")


def test_a_ban_for_ever_has_no_end(says: Says) -> None:
    says("[{'sshd': ['192.0.2.0/24']}]")
    remember(bans._MEMORY, ("192.0.2.0/24", "sshd", 1_700_000_000, -1, 1))

    (found,) = bans.list_bans()

    assert found.address == ip_network("192.0.2.0/24")
    assert found.until is None


@pytest.mark.parametrize("text", ["nonsense", "[1]", "[{'sshd': ['\x1b[2J']}]", "__import__('os')"])
def test_what_can_not_be_read_is_said_without_obeying_it(says: Says, text: str) -> None:
    says(text)

    with pytest.raises(CommandFailed) as caught:
        bans.list_bans()

    assert "\x1b" not in caught.value.describe()


def test_no_bans_are_none(says: Says) -> None:
    says("[]\n")

    assert bans.list_bans() == ()


def test_banning_and_unbanning_ask_fail2ban(says: Says) -> None:
    asked = says("1\n")

    bans.ban(ip_address("192.0.2.1"))
    was_banned = bans.unban(ip_address("2001:db8::1"))

    assert asked == [("set", "recidive", "banip", "192.0.2.1"), ("unban", "2001:db8::1")]
    assert was_banned


def test_unbanning_who_is_not_banned_is_known(says: Says) -> None:
    says("0\n")

    assert not bans.unban(ip_address("192.0.2.1"))


def test_jails_at_work_are_listed(says: Says) -> None:
    says("Status\n|- Number of jail:\t2\n`- Jail list:\tdovecot, sshd\n")

    assert bans.watching_jails() == ("dovecot", "sshd")


def test_a_fail2ban_that_does_not_answer_is_an_error_with_its_words(says: Says) -> None:
    says("", status=255)

    with pytest.raises(CommandFailed) as caught:
        bans.list_bans()

    assert "it is broken" in caught.value.seen


def table(**sets: list[object]) -> str:
    """What `nft --json list table` says; a set's name without what all of them start with."""
    found = [
        {"set": {"name": f"addr{name.replace('_', '-set-')}", "elem": held}} for name, held in sets.items()
    ]
    return json.dumps({"nftables": [{"metainfo": {}}, {"table": {"name": "f2b-table"}}, *found]})


@pytest.mark.parametrize(
    ("in_kernel", "lost"),
    [
        (table(_sshd=["192.0.2.1"], _postfix=[{"prefix": {"addr": "192.0.2.8", "len": 30}}], _x=[]), []),
        (table(_sshd=["192.0.2.1"]), ["192.0.2.8/30"]),
        (table(_postfix=["192.0.2.1"]), ["192.0.2.8/30", "192.0.2.1"]),
    ],
)
def test_bans_that_the_kernel_does_not_know_are_found(
    monkeypatch: pytest.MonkeyPatch, says: Says, in_kernel: str, lost: list[str]
) -> None:
    says("")
    banned = "[{'sshd': ['192.0.2.1']}, {'postfix': ['192.0.2.8/30']}, {'own': ['192.0.2.66']}]"

    def run(argv: list[str], **_how: Any) -> Completed:
        return Completed(tuple(argv), 0, (in_kernel if argv[0] == "nft" else banned).encode(), b"")

    monkeypatch.setattr(bans, "run", run)

    assert [str(ban.address) for ban in bans.bans_not_in_force(("sshd", "postfix"))] == lost


def test_without_a_table_no_ban_is_in_force(monkeypatch: pytest.MonkeyPatch, says: Says) -> None:
    says("")

    def run(argv: list[str], **_how: Any) -> Completed:
        if argv[0] == "nft":
            return Completed(tuple(argv), 1, b"", b"Error: No such file or directory")
        return Completed(tuple(argv), 0, b"[{'sshd': ['2001:db8::1']}]", b"")

    monkeypatch.setattr(bans, "run", run)

    assert bans.bans_not_in_force(("sshd",)) == (bans.Ban(ip_address("2001:db8::1"), "sshd"),)


def jails(**changes: Any) -> str:
    settings = {
        "release": "trixie",
        "init": "systemd",
        "ssh_ports": (22,),
        "mail_ports": (993, 25),
        "never_ban": (ip_network("127.0.0.0/8"), ip_network("192.0.2.1/32")),
    } | changes
    files = {r.path: r for r in Fail2ban(Fail2banSettings(**settings)).resources() if isinstance(r, File)}
    return (files["/etc/fail2ban/jail.d/mailstead.local"].content or b"").decode()


def test_without_ssh_its_jail_is_off() -> None:
    assert "[sshd]\nenabled = false\n" in jails(ssh_ports=())
    assert "[sshd]\nenabled = true\n" in jails()


def test_without_systemd_files_are_read_instead_of_the_journal() -> None:
    text = jails(init="sysv")

    assert "systemd" not in text
    assert "logpath = /var/log/mail.log" in text
    assert "python3-systemd" not in Fail2ban(Fail2banSettings("trixie", "sysv", (), (25,), ())).packages


def test_own_addresses_are_never_banned() -> None:
    assert "ignoreip = 127.0.0.0/8 192.0.2.1/32\n" in jails()


def test_the_dns_is_asked_for_nothing() -> None:
    assert "usedns = no\n" in jails()
    assert "ignoreself = false\n" in jails()


def test_an_address_that_is_none_never_reaches_the_jails() -> None:
    with pytest.raises(UnsafeValue):
        jails(never_ban=("127.0.0.1\nbantime = 0",))
