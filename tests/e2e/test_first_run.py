"""A fresh Debian becomes a server that sends, receives, filters and stores mail, and can be taken back."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

import dkim
import pytest

from tests.e2e.server import (
    ADMIN,
    Replayed,
    is_settled,
    mailstead,
    quickstart,
    secret,
)
from tests.lab.dns import UNBLOCKING
from tests.lab.endpoint import unchecked
from tests.lab.lab import Lab
from tests.lab.machine import Machine

HOST = "mail.example.test"


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[tuple[Machine, Replayed]]:
    """A machine after its first run, with the records published that Mailstead says are to be."""
    assert lab.remote.domain == "other.test"  # booted, and in the DNS from here on
    machine = lab.boot(release, "mail", image="program")
    with lab.borrowed(machine):
        machine.write("/etc/mailstead/override/unbound/unbound.conf", UNBLOCKING)
        first = quickstart(machine)
        with published(lab, machine):
            yield machine, first


@contextmanager
def published(lab: Lab, machine: Machine) -> Iterator[None]:
    """The records of the domain in the lab's DNS, for the length of a block; the machine's own are there
    anyway.
    """
    added: dict[tuple[str, str], list[str]] = {}
    for record in records(machine):
        name = record["name"].rstrip(".")
        if name != HOST and name.endswith("example.test"):
            key = (name.removesuffix("example.test").rstrip(".") or "@", record["type"])
            added.setdefault(key, []).append(record["value"])
    for key, values in added.items():
        lab.dns.set("example.test", *key, *values)
    yield
    for name, kind in added:
        lab.dns.remove("example.test", name, kind)


def records(machine: Machine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(machine.run("mailstead", "dns", "records", "--json").stdout)[
        "records"
    ]
    return found


def wait_for_message(machine: Machine, lab: Lab, subject: str, folder: str = "INBOX") -> bytes:
    """A message in the admin's mailbox, read by IMAP from outside."""
    deadline = time.monotonic() + 30
    with lab.attacker.imaps(HOST) as session:
        session.login(ADMIN, secret(machine, f"mailbox-{ADMIN}"))
        while time.monotonic() < deadline:
            session.select(folder)
            _, (found,) = session.search(None, "SUBJECT", f'"{subject}"')
            if found:
                _, parts = session.fetch(found.split()[0].decode(), "(BODY.PEEK[])")
                assert isinstance(parts[0], tuple)
                return bytes(parts[0][1])
            time.sleep(0.2)
    raise AssertionError(f"no message {subject!r}:\n{machine.read('/var/log/mail.log')[-3000:]}")


def message_to(to: str, subject: str, from_: str = ADMIN) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = from_, to, subject
    message["Message-ID"] = f"<{subject.replace(' ', '-')}@example.test>"
    message.set_content("It works.")
    return message


def test_the_first_run_proves_that_mail_flows(server: tuple[Machine, Replayed]) -> None:
    _, first = server

    assert first.is_proven, str(first)


def test_after_the_first_run_there_is_nothing_to_do(server: tuple[Machine, Replayed]) -> None:
    machine, _ = server

    assert is_settled(machine)
    again = mailstead(machine, "replay")
    assert again.is_proven, str(again)
    assert again.of("planned")[0]["changes"] == []


def test_no_secret_is_in_a_journal_or_a_log(server: tuple[Machine, Replayed]) -> None:
    machine, _ = server
    secrets = [secret(machine, f"mailbox-{ADMIN}"), secret(machine, "mailstead-proof")]

    for word in secrets:
        found = machine.run(
            "grep",
            "-rlF",
            "-e",
            word,
            "/var/lib/mailstead/runs",
            "/var/log",
            check=False,
        )
        assert found.stdout == ""
    assert not any(word in machine.journal() for word in secrets)


def test_mail_from_another_domain_arrives(server: tuple[Machine, Replayed], lab: Lab) -> None:
    machine, _ = server

    lab.remote.send("bob@other.test", ADMIN, "from outside")

    received = wait_for_message(machine, lab, "from outside")
    assert b"spf=pass" in received
    assert b"bob@other.test" in received


def test_mail_to_another_domain_arrives_with_both_signatures(
    server: tuple[Machine, Replayed], lab: Lab
) -> None:
    machine, _ = server
    subject = f"to outside from {machine.release}"
    with lab.attacker.smtps(HOST) as session:
        session.login(ADMIN, secret(machine, f"mailbox-{ADMIN}"))
        session.send_message(message_to("bob@other.test", subject))

    lab.remote.wait_for_mail("bob", subject)

    raw = lab.remote.machine.run(
        "sh", "-c", f"cat $(grep -l '{subject}' /home/bob/Maildir/new/*)"
    ).stdout.encode()
    verifier = dkim.DKIM(raw)
    answers = {f"{r['name'].rstrip('.')}.": r["value"] for r in records(machine) if "_domainkey" in r["name"]}

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert timeout
        value: str = answers[name.decode()]
        return value.replace('" "', "").strip('"').encode()

    assert [verifier.verify(idx=number, dnsfunc=look_up) for number in range(2)] == [True, True]
    assert b"198.51.100" not in raw.split(b"by mail.example.test", maxsplit=1)[-1].split(b"\n\n", 1)[0]


def test_an_account_that_is_added_works_at_once(server: tuple[Machine, Replayed], lab: Lab) -> None:
    machine, _ = server
    machine.run(
        "mailstead", "account", "add", "new@example.test", "--password-stdin", input="long-enough-7-words\n"
    )

    with lab.attacker.imaps(HOST) as session:
        assert session.login("new@example.test", "long-enough-7-words")[0] == "OK"
    lab.remote.send("carol@other.test", "new@example.test", "for the new one")
    machine.wait_for("grep", "-rq", "for the new one", "/var/vmail/example.test/new/Maildir/new")


def test_only_the_enabled_ports_are_open(server: tuple[Machine, Replayed], lab: Lab) -> None:
    machine, _ = server
    listening = {25, 465, 587, 993, 4190, 22}

    reachable = {
        port
        for port in (*listening, 53, 110, 143, 995, 6379, 11332, 11333, 11334)
        if lab.attacker.can_connect(machine.address, port, timeout=1)
    }

    assert reachable == listening


@pytest.mark.usefixtures("server")
def test_a_stranger_can_neither_relay_nor_submit(lab: Lab) -> None:
    with lab.attacker.smtp(HOST) as session:
        session.ehlo("attacker.test")
        assert session.mail("bob@other.test")[0] == 250
        assert session.rcpt("carol@other.test")[0] == 554
    with lab.attacker.smtp(HOST, 587) as session:
        session.starttls(context=unchecked())
        session.ehlo("attacker.test")
        session.mail(ADMIN)
        assert session.rcpt("bob@other.test")[0] == 554


def test_everything_is_up_again_after_a_reboot(server: tuple[Machine, Replayed]) -> None:
    machine, _ = server

    machine.reboot()

    machine.wait_for("mailstead", "check", "postfix", "dovecot", "rspamd", "nftables", timeout=60)
    assert machine.run("mailstead", "prove", check=False).returncode == 0
    assert is_settled(machine)
