"""`mailstead log` on real servers: their own lines, read back, and followed while logrotate is at work."""

import json
import os
import signal
import smtplib
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import ADMIN, quickstart
from tests.lab.endpoint import unchecked
from tests.lab.lab import Lab
from tests.lab.machine import Machine

Lines = list[dict[str, Any]]
FLOOD = """
i=0
while [ $i -lt 1000 ]; do
    i=$((i+1))
    echo "probe $i of $1"
    [ $((i % 50)) = 0 ] && sleep 0.05
done | logger -p mail.info -t postfix/probe
"""
WRITTEN = "for log in $(ls -r /var/log/mail.log*); do zcat -f $log; done | grep -o 'probe [0-9]* of .*'"
"""What is in the files, oldest first: journald does not pass on every line of a flood."""


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A whole server with systemd, which has delivered mail, refused a login and banned an address."""
    with lab.borrowed(lab.boot(release, "mail", image="program")) as machine:
        assert quickstart(machine).is_proven
        with lab.attacker.smtp("mail.example.test", 587) as session:
            session.starttls(context=unchecked())
            with pytest.raises(smtplib.SMTPException):
                session.login(ADMIN, "wrong")
        machine.run("fail2ban-client", "set", "recidive", "banip", "203.0.113.9")
        machine.run("mailstead", "ban", "remove", "203.0.113.9")
        yield machine


@pytest.fixture(scope="module")
def container(lab: Lab, release: str) -> Iterator[Machine]:
    """The same without systemd, where logrotate copies logs and empties them."""
    with lab.borrowed(lab.container(release, "boxed", image="program")) as machine:
        assert quickstart(machine).is_proven
        yield machine


def log(machine: Machine, *words: str) -> Lines:
    return [
        json.loads(line) for line in machine.run("mailstead", "log", "--json", *words).stdout.splitlines()
    ]


@contextmanager
def followed(machine: Machine, directory: Path) -> Iterator[Path]:
    """What `mailstead log --follow` prints, from its first line on."""
    output = directory / "followed"
    words = ("mailstead", "log", "--follow", "--lines", "1", "--json")
    with output.open("w") as file, machine.spawn(*words, stdout=file) as process:
        try:
            wait_until(lambda: "\n" in output.read_text())
            yield output
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def wait_until(holds: Any) -> None:
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_every_service_is_known_by_its_own_lines(server: Machine) -> None:
    lines = log(server, "--lines", "100000")
    known = {line["service"] for line in lines}

    assert known >= {"postfix", "dovecot", "rspamd", "fail2ban", "unbound", "redis", "mailstead", "system"}
    assert all(line["at"] for line in lines)
    times = [datetime.fromisoformat(line["at"]) for line in lines]
    latest = list(accumulate(times, max))
    # Within a file the order stays; rsyslog itself writes lines of several sockets a little out of order.
    assert all(so_far - at < timedelta(seconds=2) for so_far, at in zip(latest, times, strict=True))


def test_each_line_of_mail_comes_once(server: Machine) -> None:
    lines = log(server, "--since", "2h", "--service", "postfix", "--service", "dovecot")

    written = server.run("grep", "-cE", " (postfix|dovecot)", "/var/log/mail.log").stdout
    assert len(lines) == int(written)


def test_how_bad_a_line_is_is_known(server: Machine) -> None:
    refused = log(server, "--grep", f"sasl.*authentication failed.*{ADMIN}", "--service", "postfix")
    bans = log(server, "--service", "fail2ban", "--grep", "203.0.113.9")
    audit = log(server, "--service", "mailstead", "--grep", "ban remove 203.0.113.9")

    assert {line["severity"] for line in refused} == {"warning"}
    assert any("NOTICE [recidive] Ban 203.0.113.9" in ban["text"] for ban in bans)
    assert {ban["severity"] for ban in bans} == {"info"}
    assert audit


def test_a_wrong_call_touches_nothing_and_ends_with_2(server: Machine) -> None:
    for words in (("--grep", "("), ("--service", "sendmail"), ("--since", "soon"), ("--grep", "(.*a){25}z")):
        assert server.run("mailstead", "log", *words, check=False).returncode == 2


def test_nothing_is_lost_or_comes_twice_when_logrotate_renames(server: Machine, tmp_path: Path) -> None:
    with followed(server, tmp_path) as output, server.spawn("sh", "-c", FLOOD, "sh", "it") as flood:
        for count in (200, 400, 600):
            wait_until(lambda count=count: output.read_text().count("postfix/probe") >= count)
            server.run("logrotate", "--force", "/etc/logrotate.d/mailstead")
            server.run("mailstead", "prove")
        flood.wait(60)
        lines = all_lines(server, output)

    assert "mail.log.3.gz" in server.run("ls", "/var/log").stdout
    assert {"postfix", "dovecot", "rspamd"} <= {line["service"] for line in lines}


def test_nothing_is_lost_or_comes_twice_when_logrotate_copies_and_empties(
    container: Machine, tmp_path: Path
) -> None:
    with followed(container, tmp_path) as output:
        for number in range(3):
            # What is written between the copying and the emptying is lost; nobody can help that.
            container.run("sh", "-c", FLOOD, "sh", str(number))
            container.wait_for("sh", "-c", f"grep -q 'probe 1000 of {number}' /var/log/mail.log")
            container.run("logrotate", "--force", "/etc/logrotate.d/mailstead")
        all_lines(container, output)

    assert "mail.log.3.gz" in container.run("ls", "/var/log").stdout


def all_lines(machine: Machine, output: Path) -> Lines:
    """What was followed, once all is there; each line of the files came once and in order."""
    machine.run("logger", "-p", "mail.info", "-t", "postfix/probe", "probe 1 of end")
    wait_until(lambda: "probe 1 of end" in output.read_text())
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    probes = [line["text"].partition(": ")[2] for line in lines if "postfix/probe" in line["text"]]
    written = machine.run("sh", "-c", WRITTEN).stdout.splitlines()
    assert len(probes) > 500
    assert probes == written
    followed_own = Counter(
        (one["at"], one["text"]) for one in lines if one["service"] in {"postfix", "dovecot"}
    )
    read_back = Counter((one["at"], one["text"]) for one in log(machine, "--since", "2h"))
    assert followed_own <= read_back
    return lines
