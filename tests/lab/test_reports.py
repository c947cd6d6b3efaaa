"""Reports that come by mail to a real server: its timer's service collects them, as confined as it is."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.server import ADMIN, quickstart
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.unit.report_samples import dmarc, mail, row

MAILDIR = "/var/vmail/example.test/admin/Maildir"


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    with lab.borrowed(lab.boot(release, "mail", image="program")) as machine:
        assert quickstart(machine).is_proven
        yield machine


def listing(machine: Machine) -> str:
    """Every message's file, flags and all."""
    found = machine.run("find", MAILDIR, "-type", "f", "-path", "*/[nc][eu][wr]/*", "-printf", "%P %s %t\\n")
    return "".join(sorted(found.stdout.splitlines(keepends=True)))


def reported(machine: Machine) -> dict[str, Any]:
    document = json.loads(machine.run("mailstead", "reports", "--domain", "example.test", "--json").stdout)
    (found,) = document["domains"]
    return dict(found)


def test_a_report_that_comes_by_mail_is_collected_by_the_timers_service(server: Machine) -> None:
    yesterday = int(time.time()) - 86400
    forged = row("203.0.113.9", 40, ("fail", "fail"), None, disposition="quarantine")
    report = dmarc(row(count=7), forged, begin=yesterday, end=yesterday + 3600)
    letter = mail(report).decode().replace("\r\n", "\n")
    before = server.run("mailstead", "reports").stdout
    server.run("sendmail", "-i", "-f", "noreply@reporter.test", ADMIN, input=letter)
    server.wait_for("sh", "-c", f"grep -rls 'Report domain: example.test' {MAILDIR} | grep -q /new/")
    mailbox = listing(server)

    server.run("systemctl", "start", "mailstead-reports.service")

    found = reported(server)
    assert "nobody reported" in before
    assert (found["reports"], found["messages"], found["policy"]) == (1, 47, "quarantine")
    assert "forged" in {senders["verdict"] for senders in found["senders"]}
    assert listing(server) == mailbox
    assert server.run("systemctl", "is-active", "mailstead-reports.timer").stdout == "active\n"
