"""The wizard in a real terminal over SSH: from the first key to the proof, and back when something fails."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import ADMIN, RUNS, is_settled, quickstart, secret
from tests.e2e.terminal import Terminal, terminal
from tests.lab.dns import UNBLOCKING
from tests.lab.lab import Lab
from tests.lab.machine import Machine

PAGES = (
    "Site",
    "Hardware",
    "Certificates",
    "Protocols",
    "Accounts",
    "Anti-spam",
    "Logging",
    "Backups",
    "Review",
)
OVERRIDE = "/etc/mailstead/override/unbound/unbound.conf"


def shown(page: str) -> str:
    """What the sidebar looks like while one of these pages is shown: `Apply|Proof`."""
    return rf"(?m)^>. ({page})"


def walk_to_review(screen: Terminal) -> str:
    """Through every page in turn, with what the machine suggests."""
    screen.wait_for(shown(PAGES[0]))
    for page in PAGES[1:]:
        screen.send("C-n")
        screen.wait_for(shown(page))
    return screen.wait_for(r"Enter: what changes|Nothing would change")


def is_at_work(machine: Machine) -> bool:
    """Whether the newest run has not ended yet."""
    newest = machine.run("sh", "-c", f"ls -d {RUNS}/* | tail -n 1").stdout.strip()
    return '"event": "finished"' not in machine.read(f"{newest}/journal.jsonl")


def test_from_the_first_key_to_the_proof_though_the_line_drops(
    lab: Lab, release: str, tmp_path: Path
) -> None:
    with lab.borrowed(lab.boot(release, "mail", image="program")) as machine:
        with terminal(lab, machine, ["mailstead"], tmp_path) as screen:
            review = walk_to_review(screen)
            assert re.search(r"\d+ changes", review)
            assert not machine.exists("/etc/mailstead/answers.toml"), "changed before anyone said yes"

            screen.send("i")
            screen.wait_for(r"Make these \d+ changes now\?")
            screen.send("y")
            screen.wait_for(r"Certificates +done")
            screen.cut()
        assert is_at_work(machine), "the run was over before the line was cut"

        with terminal(lab, machine, ["mailstead"], tmp_path) as screen:
            found_again = screen.wait_for(r"Installing|Everything is in place|It works")
            assert re.search(shown("Apply|Proof"), found_again)
            proof = screen.wait_for(r"It works: 6 of 6 proofs", timeout=180)
            assert "A message sent over port 587 arrives" in proof

            screen.send("Enter")
            screen.wait_for(r"\[1 Overview\]")
            screen.send("q")
        assert is_settled(machine)


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A machine that is set up."""
    with lab.borrowed(lab.boot(release, "there", image="program")) as machine:
        first = quickstart(machine)
        assert first.is_proven, str(first)
        yield machine


def test_on_a_machine_that_is_set_up_review_shows_only_what_is_different(
    lab: Lab, server: Machine, tmp_path: Path
) -> None:
    before = server.read("/etc/logrotate.d/mailstead")
    with terminal(lab, server, ["mailstead", "setup"], tmp_path) as screen:
        assert "Nothing would change" in walk_to_review(screen)

        server.write("/etc/logrotate.d/mailstead", f"{before}# by hand\n")
        screen.send("r")
        different = screen.wait_for(r"1 change\b")
        assert "[changed by hand]" in different
        screen.send("G", "Enter")
        screen.wait_for(r"- # by hand")
        server.write("/etc/logrotate.d/mailstead", before)
        screen.send("Escape")
        screen.wait_for(shown("Review"))
        screen.send("q")


def test_what_fails_is_taken_back_reported_and_tried_again(lab: Lab, server: Machine, tmp_path: Path) -> None:
    server.write(OVERRIDE, "server:\n  no-such-option: yes\n")
    with terminal(lab, server, ["mailstead", "setup"], tmp_path, size=(120, 40)) as screen:
        walk_to_review(screen)
        screen.send("i")
        screen.wait_for(r"Make these 2 changes now\?")
        screen.send("y")
        failed = screen.wait_for("no-such-option")
        assert "It failed" in failed
        assert "The one change of this stage was taken back" in failed

        screen.send("s")
        saved = screen.wait_for(r"mailstead-report-\S+\.txt")
        name = re.search(r"mailstead-report-\S+?\.txt", saved)
        assert name is not None
        report = f"/root/{name[0]}"
        assert server.run("stat", "-c", "%a", report).stdout.strip() == "600"
        text = server.read(report)
        assert "unknown keyword 'no-such-option'" in text
        assert secret(server, f"mailbox-{ADMIN}") not in text
        assert secret(server, "mailstead-proof") not in text

        server.write(OVERRIDE, UNBLOCKING)  # now its resolver finds what is published here
        screen.send("r")
        screen.wait_for(r"It works: 6 of 6 proofs", timeout=120)
        screen.wait_for(r"! MISSING +example\.test  MX  10 there\.example\.test\.", timeout=30)
        screen.wait_for(r"\+ right +there\.example\.test  A  198\.51\.100\.")
        lab.dns.set("example.test", "@", "MX", "10 there.example.test.")
        screen.send("r")
        screen.wait_for(r"\+ right +example\.test  MX  10 there\.example\.test\.", timeout=30)
        lab.dns.remove("example.test", "@", "MX")
        screen.send("q")
    assert is_settled(server)
