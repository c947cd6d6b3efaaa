"""The mail queue of a real Postfix, full of mail for a server that takes none."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.test_postfix_dovecot import set_up

ANNA, BOB = "anna@example.test", "bob@example.test"
AUDIT = "/var/log/mailstead/audit.log"


@pytest.fixture(scope="module")
def servers(lab: Lab) -> Iterator[dict[str, Machine]]:
    found: dict[str, Machine] = {}
    yield found
    for machine in found.values():
        lab.discard(machine)


@pytest.fixture
def server(lab: Lab, release: str, servers: dict[str, Machine]) -> Machine:
    """A server whose queue has four deferred messages: one from Bob, two from Anna, one bounce."""
    silent = lab.outsider("silent")
    lab.dns.add_host("silent.example.test", silent.address, silent.address6)
    if release not in servers:
        servers[release] = lab.boot(release, f"queue-{release}", "program")
        set_up(servers[release])
        servers[release].run("mkdir", "-p", "/var/log/mailstead")
    machine = servers[release]
    machine.run("postsuper", "-d", "ALL")
    machine.run("rm", "-f", AUDIT)
    send(machine, BOB, "carol@silent.example.test")
    send(machine, ANNA, "carol@silent.example.test", "dave@silent.example.test")
    send(machine, ANNA, "erin@silent.example.test", headers="X-Evil: \x1b]52;c;eA==\x07\u202e[/x]\n")
    send(machine, "<>", "frank@silent.example.test")
    machine.wait_for("sh", "-c", "test $(postqueue -j | grep -c delay_reason) = 4")
    machine.wait_for("sh", "-c", "! postqueue -j | grep -q '\"active\"'")
    return machine


def send(machine: Machine, sender: str, *recipients: str, headers: str = "") -> None:
    text = f"Subject: For {recipients[0]}\nTo: {', '.join(recipients)}\n{headers}\nHello!\n"
    machine.run("sendmail", "-i", "-f", sender, *recipients, input=text)


def listed(machine: Machine, *words: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(
        machine.run("mailstead", "queue", "list", *words, "--json").stdout
    )["messages"]
    return messages


def act(machine: Machine, *words: str) -> set[str]:
    """The ids of the messages that were changed."""
    return set(machine.run("mailstead", "queue", *words).stdout.split())


def ids(messages: list[dict[str, Any]]) -> set[str]:
    return {message["id"] for message in messages}


def test_the_list_is_what_postfix_has_and_is_narrowed_by_filters(server: Machine) -> None:
    everything = listed(server)

    assert [message["queue"] for message in everything] == ["deferred"] * 4
    assert {message["sender"] for message in everything} == {ANNA, BOB, ""}
    (two,) = listed(server, "--to", "dave@*")
    assert {one["address"].partition("@")[0] for one in two["recipients"]} == {"carol", "dave"}
    assert all("refused" in one["reason"] for one in two["recipients"])
    assert len(listed(server, "--from", "ANNA@")) == 2
    assert len(listed(server, "--from", "<>")) == 1
    assert len(listed(server, "--reason", "*refused*", "--to", "carol")) == 2
    assert listed(server, "--older", "1h") == []
    assert ids(listed(server, two["id"])) == {two["id"]}
    lines = server.run("mailstead", "queue", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [message["id"] for message in everything]


def test_one_message_is_shown_with_its_header_and_without_controls(server: Machine) -> None:
    (message,) = listed(server, "--to", "erin")

    shown = server.run("mailstead", "queue", "show", message["id"]).stdout

    assert "Subject: For erin@silent.example.test" in shown
    assert "X-Evil: ␛]52;c;eA==␇<U+202E>[/x]" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    found = json.loads(server.run("mailstead", "queue", "show", message["id"], "--json").stdout)
    assert "Subject: For erin@silent.example.test" in found["messages"][0]["headers"]


def test_messages_are_held_released_and_tried_again(server: Machine) -> None:
    anna = ids(listed(server, "--from", "anna"))

    assert act(server, "hold", "--from", "anna") == anna
    assert ids(listed(server, "--queue", "hold")) == anna
    again = server.run("mailstead", "queue", "hold", "--from", "anna")
    assert (again.stdout, "0 of 2 messages were changed" in again.stderr) == ("", True)
    assert act(server, "retry", "--from", "anna") == set()

    assert act(server, "release", "--all") == anna
    assert listed(server, "--queue", "hold") == []
    server.run("truncate", "-s", "0", "/var/log/mail.log", check=False)
    (bob,) = ids(listed(server, "--from", "bob"))
    tries = server.run("journalctl", "--no-pager", "-o", "cat").stdout.count(f"{bob}: to=")
    assert act(server, "retry", bob) == {bob}
    server.wait_for("sh", "-c", f"test $(journalctl --no-pager -o cat | grep -c '{bob}: to=') -gt {tries}")
    assert ids(listed(server)) > {bob}


def test_deleting_asks_for_its_count_and_deletes_nothing_else(server: Machine) -> None:
    (bob,) = ids(listed(server, "--from", "bob"))
    anna = ids(listed(server, "--from", "anna"))
    before = ids(listed(server))

    unsure = server.run("mailstead", "queue", "delete", "--from", "anna", check=False)
    assert (unsure.returncode, unsure.stdout) == (2, "")
    assert "2 messages" in unsure.stderr
    everything = server.run("mailstead", "queue", "delete", check=False)
    assert everything.returncode == 2
    declined = on_a_terminal(server, "n", "mailstead", "queue", "delete", "--from", "anna")
    assert "Delete 2 messages for good?" in declined
    assert ids(listed(server)) == before

    agreed = on_a_terminal(server, "y", "mailstead", "queue", "delete", "--from", "anna")
    assert all(name in agreed for name in anna)
    assert ids(listed(server)) == before - anna

    assert act(server, "delete", bob) == {bob}
    gone = server.run("mailstead", "queue", "delete", bob, check=False)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert f"{bob} is not in the queue" in gone.stderr
    assert ids(listed(server)) == before - anna - {bob}
    done = json.loads(server.run("mailstead", "queue", "delete", "--all", "--yes", "--json").stdout)
    assert (done["changed"], listed(server)) == (1, [])


def test_what_changed_the_queue_is_in_the_audit_log_and_looking_is_not(server: Machine) -> None:
    act(server, "hold", "--from", "bob")
    listed(server)
    server.run("mailstead", "queue", "show", "--from", "bob")
    act(server, "delete", "--queue", "hold", "--yes")

    lines = [json.loads(line)["command"] for line in server.read(AUDIT).splitlines()]
    assert lines == [
        ["queue", "hold", "--from", "bob"],
        ["queue", "delete", "--queue", "hold", "--yes"],
    ]


def test_without_postfix_the_list_says_what_postfix_says(server: Machine) -> None:
    server.run("postfix", "stop")
    server.wait_for("sh", "-c", "! postfix status")
    try:
        done = server.run("mailstead", "queue", "list", check=False)
    finally:
        server.run("systemctl", "restart", "postfix")

    assert (done.returncode, done.stdout) == (1, "")
    assert "Mail system is down" in done.stderr
    assert "Traceback" not in done.stderr


def on_a_terminal(machine: Machine, answer: str, *command: str) -> str:
    """What script(1) records of a command with a terminal and this answer."""
    done = machine.run(
        "script",
        "-qec",
        " ".join(command),
        "/dev/null",
        input=f"{answer}\n",
        env={"TERM": "xterm"},
        check=False,
    )
    return done.stdout
