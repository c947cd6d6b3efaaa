"""Checks: asked, compared with how they stood, and mended."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backends.adapter import Adapter
from backends.checks import Check, Finding, Mend, Status, fail, ok, warn
from backends.errors import CommandFailed
from backends.machine.services import ServiceNames, ServiceStatus
from backends.resources import Resource, Service
from wizard import health, mending
from wizard.health import Result, check_all, check_until_well
from wizard.health_history import Standing, compare, load_standings, save_standings, worst_first
from wizard.mending import NothingMendsIt, mend, mend_check

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RESTART = Mend("restart it", ("systemctl", "restart", "it.service"), lambda: None)


class Manager:
    """Services that are up, or not."""

    def __init__(self, *up: str) -> None:
        self.up = up
        self.asked = 0

    def statuses(self, services: list[ServiceNames]) -> list[ServiceStatus]:
        self.asked += 1
        return [ServiceStatus(True, True, one.unit in self.up) for one in services]


class System(Adapter):
    """A system with two services and these findings."""

    name, step = "system", "site"

    def __init__(self, *findings: Finding) -> None:
        self.findings = list(findings)

    def resources(self) -> Iterator[Resource]:
        yield Service("first.service")
        yield Service("second.service")
        yield Service("unwanted.service", is_wanted=False)

    def checks(self) -> Iterator[Check]:
        for number, _finding in enumerate(self.findings):
            yield Check(f"system.{number}", f"Part {number}", lambda number=number: self.findings[number])  # type: ignore[misc]


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    fake = Manager("first.service")
    monkeypatch.setattr(health, "service_manager", lambda: fake)
    return fake


@pytest.mark.usefixtures("manager")
def test_where_a_service_of_the_system_is_down_its_start_is_what_mends() -> None:
    (result,) = check_all([System(fail("nothing answers", "an answer", "look at the log"))])

    assert result.finding.action is not None
    assert result.finding.action.command == ("systemctl", "restart", "second.service")


def test_where_all_services_run_a_failure_names_no_act(manager: Manager) -> None:
    manager.up = ("first.service", "second.service")

    (result,) = check_all([System(fail("a wrong answer", "a right one", "look at the log"))])

    assert result.finding.action is None


@pytest.mark.usefixtures("manager")
def test_an_act_that_a_check_names_itself_stays() -> None:
    (result,) = check_all([System(fail("ended", "a valid one", "replay", RESTART))])

    assert result.finding.action == RESTART


def test_warnings_and_what_is_well_ask_for_no_service(manager: Manager) -> None:
    results = check_all([System(ok("fine"), warn("soon", "later", "wait"))])

    assert [one.finding.action for one in results] == [None, None]
    assert manager.asked == 0


@pytest.mark.usefixtures("manager")
def test_checks_that_belong_to_no_system_are_asked_too() -> None:
    other = Check("mailstead.run", "The last run ended", lambda: ok("it did"))

    assert [one.id for one in check_all([System(ok("fine"))], others=[other])] == [
        "system.0",
        "mailstead.run",
    ]
    assert [one.id for one in check_all([System(ok("fine"))], ["mailstead"], [other])] == ["mailstead.run"]


@pytest.mark.usefixtures("manager")
def test_what_was_just_mended_gets_its_time() -> None:
    system = System(fail("starting", "an answer", "wait"))
    answers = iter([fail("starting", "an answer", "wait"), ok("it answers")])
    other = Check("slow.start", "It answers", lambda: next(answers))

    result = check_until_well([system], "slow.start", [other])

    assert result is not None
    assert result.finding.status is Status.OK
    assert check_until_well([system], "no.such.check") is None


def results(**statuses: Status) -> tuple[Result, ...]:
    return tuple(Result(name, name, Finding(status, "seen")) for name, status in statuses.items())


def test_a_check_that_changes_is_known_with_its_time_and_how_it_was() -> None:
    first = compare(results(a=Status.OK, b=Status.OK), {}, NOW)
    later = compare(results(a=Status.FAIL, b=Status.OK), first, NOW + timedelta(minutes=1))
    still = compare(results(a=Status.FAIL), later, NOW + timedelta(minutes=2))

    assert still["a"] == Standing(Status.FAIL, NOW + timedelta(minutes=1), Status.OK)
    assert still["a"].went_bad
    assert still["b"] == Standing(Status.OK, NOW)


def test_what_was_never_seen_well_did_not_go_bad() -> None:
    assert not compare(results(a=Status.FAIL), {}, NOW)["a"].went_bad


def test_failures_come_first_and_of_them_the_newest() -> None:
    seen = results(ok=Status.OK, old=Status.FAIL, new=Status.FAIL, warned=Status.WARN, skipped=Status.SKIP)
    standings = {one.id: Standing(one.finding.status, NOW) for one in seen} | {
        "old": Standing(Status.FAIL, NOW - timedelta(days=1), Status.OK),
        "new": Standing(Status.FAIL, NOW, Status.OK),
    }

    assert [one.id for one in worst_first(seen, standings)] == ["new", "old", "warned", "skipped", "ok"]


def test_standings_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    standings = compare(results(a=Status.FAIL), compare(results(a=Status.OK), {}, NOW), NOW)

    save_standings(standings, path)

    assert load_standings(path) == standings
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"checks": 3}', '{"checks": {"a": {"status": "odd"}}}'])
def test_a_memory_that_can_not_be_read_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "health.json"
    path.write_text(content)

    assert load_standings(path) == {}


def test_a_command_of_mailstead_is_run_with_who_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[tuple[str, ...], dict[str, str]]] = []

    def run(argv: tuple[str, ...], *, timeout: float, environment: dict[str, str]) -> None:
        assert timeout > 600
        ran.append((argv, environment))

    monkeypatch.setattr(mending, "run", run)
    who = {"SUDO_USER": "anna", "SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22", "SECRET": "x"}

    mend(Mend("replay", ("mailstead", "replay", "--step", "certificates")), who)

    assert ran == [
        (
            ("mailstead", "replay", "--step", "certificates"),
            {"SUDO_USER": "anna", "SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"},
        )
    ]


def test_another_act_is_done_here_and_what_it_meets_comes_up() -> None:
    def refuse() -> None:
        raise CommandFailed("it does not start")

    with pytest.raises(CommandFailed):
        mend(Mend("restart it", ("systemctl", "restart", "it"), refuse))


@pytest.mark.usefixtures("manager")
def test_mending_a_check_asks_does_and_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(ok("fine"), fail("odd", "even", "think"))
    act = Mend("make it well", ("true",), lambda: system.findings.__setitem__(0, ok("well again")))
    system.findings[0] = fail("down", "up", "start it", act)
    monkeypatch.setattr(mending, "answers_in_force", lambda: None)
    monkeypatch.setattr(mending, "adapters_for", lambda _answers, _ssh: (system,))
    monkeypatch.setattr(mending, "own_checks", lambda: ())
    monkeypatch.setattr(health, "service_manager", lambda: Manager("first.service", "second.service"))

    found = mend_check("system.0", {})

    assert found is not None
    assert found.finding.seen == "well again"
    assert mend_check("no.such", {}) is None
    with pytest.raises(NothingMendsIt) as caught:
        mend_check("system.1", {})
    assert caught.value.next_step == "think"
