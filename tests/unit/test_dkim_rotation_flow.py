"""A change of DKIM keys as it is begun and carried on, with the DNS in memory and a clock that is set."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from backends.dns import rotation_file
from backends.dns.asking import Answer
from backends.dns.publish_refusals import UpdateRefused
from backends.dns.records import dkim_record
from backends.dns.rotation import Rotation, begun, switching, taken_up
from backends.errors import MailsteadError
from backends.machine.facts import MachineFacts
from backends.rspamd import dkim_files, dkim_keys
from backends.rspamd.settings import selectors
from screens.commands import dkim as command
from tests.unit.dns_world import NS1, NS2, World
from wizard import dkim_rotation as flow
from wizard.answers import Answers, Dns, Rfc2136
from wizard.dkim_rotation import NotYet, Work
from wizard.dns_publishing import Publication
from wizard.planning import ChangedByHand
from wizard.quickstart import quickstart_answers
from wizard.request import Request

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DOMAIN = "example.test"


@dataclass
class Scene:
    """The clock, the DNS, the keys, and what was told."""

    directory: Path
    now: datetime = T0
    world: World = field(default_factory=World)
    told: list[str] = field(default_factory=list)
    answers: Answers = field(default_factory=lambda: quickstart_answers(f"mail.{DOMAIN}"))

    @property
    def work(self) -> Work:
        return Work(self.answers, cast(MachineFacts, None), {}, self.told.append)

    @property
    def rotation(self) -> Rotation:
        return rotation_file.load_rotation(self.directory / "rotation.json")

    def publish(self, pair: int) -> None:
        for selector in selectors(pair):
            record = dkim_record(DOMAIN, selector, str(self.directory))
            for server in (NS1, NS2):
                self.world.own[server, record.name, "TXT"] = Answer((record.value,), ttl=3600)

    def withdraw(self, pair: int) -> None:
        for selector in selectors(pair):
            for server in (NS1, NS2):
                del self.world.own[server, f"{selector}._domainkey.{DOMAIN}", "TXT"]

    def take_up(self, pair: int) -> None:
        """What the run does."""
        path = self.directory / "rotation.json"
        rotation_file.save_rotation(taken_up(self.rotation, pair, self.now), path)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    scene = Scene(tmp_path)
    path = tmp_path / "rotation.json"
    scene.world.set(DOMAIN, "NS", "ns1.dns.test.", "ns2.dns.test.")
    scene.world.set("ns1.dns.test", "A", NS1)
    scene.world.set("ns2.dns.test", "A", NS2)

    def make(domains: tuple[str, ...], pair: int) -> None:
        for domain in domains:
            rsa, ed25519 = selectors(pair)
            (tmp_path / f"{domain}.{rsa}.key").write_bytes(dkim_keys.new_rsa_key())
            (tmp_path / f"{domain}.{ed25519}.key").write_bytes(dkim_keys.new_ed25519_key())

    make((DOMAIN,), 1)
    scene.publish(1)
    replaced: dict[str, object] = {
        "Network": lambda: scene.world,
        "load_rotation": lambda: scene.rotation,
        "save_rotation": lambda state: rotation_file.save_rotation(state, path),
        "make_keys": make,
        "remove_keys": lambda pair: dkim_files.remove_keys(pair, str(tmp_path)),
        "DKIM_DIRECTORY": str(tmp_path),
        "LOCK": tmp_path / "lock",
        "_now": lambda: scene.now,
        "_run_to_switch": lambda _work, _rotation: (tmp_path, Request("replay", "run")),
    }
    for name, value in replaced.items():
        monkeypatch.setattr(flow, name, value)
    monkeypatch.setattr(command, "load_rotation", lambda: scene.rotation)
    monkeypatch.setattr(command, "answers_in_force", lambda: scene.answers)
    monkeypatch.setattr(command, "gather_facts", lambda _connection: None)
    monkeypatch.setattr(command, "record", lambda _command, _status: None)
    return scene


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.dkim, arguments)


def test_by_hand_the_new_records_are_shown_and_looked_for(scene: Scene) -> None:
    shown = run("rotate", "--yes")

    assert shown.exit_code == 0, shown.output
    assert f"r2._domainkey.{DOMAIN}. 3600 IN TXT" in shown.stdout
    assert "missing" in shown.stdout
    scene.publish(2)
    assert "are seen everywhere, and sign from 2026-01-01 01:00 UTC on" in run("refresh").stdout


def test_without_anybody_to_ask_nothing_begins(scene: Scene) -> None:
    assert run("rotate").exit_code == 2
    assert scene.rotation == Rotation()


def test_nothing_signs_before_it_is_seen_for_its_time(scene: Scene) -> None:
    flow.begin(scene.work)
    assert flow.carry_on(scene.work) is None
    scene.publish(2)
    scene.world.silent[NS2] = "SERVFAIL"
    scene.now += timedelta(days=3)
    assert flow.carry_on(scene.work) is None
    assert "SERVFAIL" in (scene.rotation.coming.waits_for if scene.rotation.coming else "")

    scene.world.silent.clear()
    assert flow.carry_on(scene.work) is None
    scene.now += timedelta(minutes=59)
    assert flow.carry_on(scene.work) is None
    scene.now += timedelta(minutes=1)
    assert flow.carry_on(scene.work) is not None


def test_old_records_are_asked_to_be_taken_away_and_forgotten_then(scene: Scene) -> None:
    flow.begin(scene.work)
    scene.publish(2)
    scene.take_up(2)
    with pytest.raises(NotYet, match="under way"):
        flow.retire(scene.work)
    assert (scene.directory / f"{DOMAIN}.r1.key").exists()

    scene.now += timedelta(days=7)
    shown = run("retire")
    assert shown.exit_code == 0, shown.output
    assert f"take away: r1._domainkey.{DOMAIN} TXT" in shown.stdout
    assert sorted(path.name for path in scene.directory.glob("*.key")) == [
        f"{DOMAIN}.e2.key",
        f"{DOMAIN}.r2.key",
    ]
    scene.withdraw(1)
    flow.carry_on(scene.work)
    assert scene.rotation.is_idle
    assert json.loads(run("status", "--json").stdout) == {
        "signing": ["r2", "e2"],
        "coming": None,
        "leaving": [],
        "gone": [],
    }


def by_update(scene: Scene, monkeypatch: pytest.MonkeyPatch, act: Callable[[], Publication]) -> None:
    wanted = Rfc2136(server="192.0.2.53", key_name="update")
    scene.answers = scene.answers.model_copy(update={"dns": Dns(publish="rfc2136", rfc2136=wanted)})
    monkeypatch.setattr(flow, "publisher_of", lambda _answers, _environment: None)
    monkeypatch.setattr(flow, "prepare_publication", lambda *_values, **_options: act())


def test_a_name_server_that_refuses_is_told_and_the_keys_wait(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Publication:
        raise UpdateRefused("REFUSED")

    by_update(scene, monkeypatch, refuse)
    flow.begin(scene.work)

    with pytest.raises(UpdateRefused):
        flow.carry_on(scene.work)

    assert scene.rotation.coming
    assert "there is none" in scene.rotation.coming.waits_for


def test_files_changed_by_hand_call_the_switch_off(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    path = scene.directory / "rotation.json"
    monkeypatch.setattr(flow, "save_rotation", lambda state: rotation_file.save_rotation(state, path))
    monkeypatch.setattr(flow, "patient_lock", nullcontext)

    def refuse(*_values: object, **_options: object) -> None:
        raise ChangedByHand("dkim_signing.conf was changed by hand")

    monkeypatch.setattr(flow, "prepare", refuse)
    state = begun(Rotation(), T0)

    with pytest.raises(ChangedByHand):
        flow._run_to_switch(scene.work, state)

    assert scene.rotation.wanted == 1
    assert scene.rotation.coming
    assert "changed by hand" in scene.rotation.coming.waits_for


def test_a_run_that_never_came_to_the_keys_is_told(scene: Scene) -> None:
    flow.begin(scene.work)
    path = scene.directory / "rotation.json"
    rotation_file.save_rotation(switching(scene.rotation), path)

    settled = flow.settle()

    assert settled.wanted == 1
    assert settled.coming
    assert "failed" in settled.coming.waits_for


def test_a_second_change_is_refused_in_words(scene: Scene) -> None:
    flow.begin(scene.work)

    with pytest.raises(MailsteadError, match="is under way"):
        flow.begin(scene.work)
