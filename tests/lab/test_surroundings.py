"""The look at a real machine, before anything is set up and afterwards, with port 25 open and shut."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.server import quickstart
from tests.lab.lab import Lab
from tests.lab.machine import Machine

pytestmark = pytest.mark.timeout(600)

PYTHON = "/opt/mailstead/venv/bin/python"
LOOK = """
import json, sys, time
from backends.machine.port_25 import try_port_25
from backends.machine.surroundings import look_around
from wizard.readiness import all_readiness
from wizard.steps import step
from wizard.suggestions import draft_to_begin_with

start = time.monotonic()
patience = float(sys.argv[1])
found = look_around(
    try_way_out=lambda: try_port_25(("other.test",), patience=patience), patience=patience + 1
)
seconds = time.monotonic() - start
draft = draft_to_begin_with(found)
print(json.dumps({
    "seconds": seconds,
    "hostname": found.hostname,
    "release": found.release,
    "problem": found.problem,
    "interfaces": [each.name for each in found.interfaces],
    "cores": found.cores,
    "free": found.mail_place and found.mail_place.free_bytes,
    "port_25": [found.port_25.is_open, found.port_25.why],
    "held": sorted(found.ports_held),
    "secrets": sorted(found.secrets),
    "site": draft.answers().site.model_dump(),
    "suggested": sorted(draft.suggested),
    "steps": {name: [each.state, each.first] for name, each in all_readiness(draft, found).items()},
    "hardware": {each.id: each.status for each in step("hardware").findings(draft, found)},
}))
"""


def look(machine: Machine, patience: float = 3.0) -> Any:
    done = machine.run(
        PYTHON, "-c", LOOK, str(patience), env={"PYTHONPATH": "/opt/mailstead/app"}, timeout=60
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def fresh(lab: Lab, release: str) -> Iterator[Machine]:
    lab.remote  # noqa: B018  its server answers on port 25
    with lab.borrowed(lab.boot(release, "mail", "program")) as machine:
        yield machine


def test_a_fresh_machine_is_known_and_gets_what_suits_it(fresh: Machine, release: str) -> None:
    found = look(fresh)
    assert (found["hostname"], found["release"], found["problem"]) == ("mail.example.test", release, "")
    assert found["interfaces"]
    assert found["cores"] > 0
    assert found["free"] > 0
    assert found["site"]["domains"] == ["example.test"]
    assert "site.hostname" in found["suggested"]
    assert found["seconds"] < 5


def test_a_mail_server_that_greets_shows_that_port_25_is_open(fresh: Machine) -> None:
    found = look(fresh, patience=30)  # the remote server may only just be there
    assert found["port_25"] == [True, "mx.other.test answered on port 25"]
    assert found["hardware"]["port-25-out"] == "ok"


def test_a_network_that_drops_port_25_is_found_out_and_told(fresh: Machine) -> None:
    fresh.run("nft", "add table inet shut")
    fresh.run("nft", "add chain inet shut out { type filter hook output priority 0 ; }")
    fresh.run("nft", "add rule inet shut out tcp dport 25 drop")
    try:
        found = look(fresh)
    finally:
        fresh.run("nft", "delete table inet shut")
    assert found["port_25"][0] is False
    assert found["hardware"]["port-25-out"] == "warn"
    assert found["seconds"] < 5


def test_a_machine_that_is_set_up_begins_with_its_answers_and_holds_its_own_ports(fresh: Machine) -> None:
    assert quickstart(fresh).is_proven
    found = look(fresh)
    assert {25, 465, 587, 993} <= set(found["held"])
    assert "mailbox-admin@example.test" in found["secrets"]
    assert found["suggested"] == []
    assert found["steps"]["protocols"] == ["untouched", ""]
