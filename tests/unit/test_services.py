"""Whether systemd has read a unit as it is on disk: only then are all units read anew."""

from pathlib import Path

import pytest

from backends.machine import services
from backends.machine.services import ServiceNames, Systemd

UNIT = "x.service"


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in the place of /etc/systemd/system, with a drop-in for x.service."""
    monkeypatch.setattr(services, "_UNITS", tmp_path)
    (tmp_path / f"{UNIT}.d").mkdir()
    (tmp_path / f"{UNIT}.d/mailstead.conf").touch()
    return tmp_path


def shown(units: Path, **properties: str) -> dict[str, str]:
    as_read = {
        "LoadState": "loaded",
        "NeedDaemonReload": "no",
        "FragmentPath": f"/usr/lib/systemd/system/{UNIT}",
        "DropInPaths": f"{units}/{UNIT}.d/mailstead.conf /run/systemd/system/service.d/other.conf",
    }
    return as_read | properties


def test_what_was_read_as_it_is_need_not_be_read_again(units: Path) -> None:
    assert not services._is_unread(UNIT, shown(units))


@pytest.mark.parametrize(
    "properties",
    [
        {"NeedDaemonReload": "yes"},
        {"LoadState": "not-found"},
        {"DropInPaths": ""},
    ],
    ids=lambda properties: next(iter(properties)),
)
def test_a_unit_that_was_read_otherwise_is_read_again(units: Path, properties: dict[str, str]) -> None:
    assert services._is_unread(UNIT, shown(units, **properties))


def test_a_drop_in_that_has_gone_is_noticed(units: Path) -> None:
    (units / f"{UNIT}.d/mailstead.conf").unlink()

    assert services._is_unread(UNIT, shown(units))


def test_a_unit_file_of_our_own_over_that_of_a_package_is_noticed(units: Path) -> None:
    (units / UNIT).touch()

    assert services._is_unread(UNIT, shown(units))


def test_instances_that_a_generator_adds_need_a_reload(monkeypatch: pytest.MonkeyPatch, units: Path) -> None:
    """Debian 12's postfix.service wants postfix@-.service only after one."""
    answers = {UNIT: shown(units, Wants=""), "x@-.service": shown(units, Wants="", DropInPaths="")}
    monkeypatch.setattr(Systemd, "_show", lambda *_: answers)
    names = ServiceNames(UNIT, "x@-.service", "x")

    assert Systemd()._is_outdated(names)
    answers[UNIT]["Wants"] = "a.target x@-.service"
    assert not Systemd()._is_outdated(names)
