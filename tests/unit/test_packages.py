"""Who keeps apt from working, and what is remembered of its thoughts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.errors import CommandFailed
from backends.machine import packages
from backends.machine.run import Completed
from backends.resources import PackageSet
from screens.run_lines import RunLines
from wizard.journal import Event

_HOLD = """
import fcntl, sys
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the place of those that apt and dpkg lock."""
    path = tmp_path / "lock"
    monkeypatch.setattr(packages, "_LOCKS", (str(tmp_path / "missing"), str(path)))
    path.touch()
    return path


@pytest.fixture
def holder(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.communicate("let go\n")


def test_a_free_lock_has_no_holder(lock: Path) -> None:
    assert lock.exists()
    assert packages.lock_holder() is None


def test_the_holder_of_a_lock_is_named(holder: "subprocess.Popen[str]") -> None:
    found = packages.lock_holder()

    assert found
    assert found.pid == holder.pid
    assert found.name == Path(f"/proc/{holder.pid}/comm").read_text().strip()
    assert PackageSet(("x",)).waits_for() == f"apt's lock, held by {found}"


def test_a_lock_held_for_too_long_is_an_error_that_names_the_holder(
    holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "LOCK_WAIT", 0)

    with pytest.raises(CommandFailed) as error:
        packages.install(("x",))

    assert str(holder.pid) in error.value.seen


def test_the_lines_of_a_run_tell_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"stage": "packages", "step": "site", "key": "packages:needed", "awaited": "apt's lock\x1b[2J"}

    RunLines(as_json=False).show(Event("waiting", "2026-01-01T00:00:00+00:00", fields))

    shown = capsys.readouterr().out
    assert "waiting for apt's lock" in shown
    assert "\x1b" not in shown


def test_a_simulation_is_remembered_until_something_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def answer(argv: list[str], **_: object) -> Completed:
        asked.append(tuple(argv))
        return Completed(tuple(argv), 0, b"Remv exim4 [4.96]\n", b"")

    status = tmp_path / "status"
    status.touch()
    monkeypatch.setattr(packages, "_STATUS", status)
    monkeypatch.setattr(packages, "run", answer)

    assert packages.would_remove(("postfix-for-this-test",)) == ("exim4",)
    assert packages.would_remove(("postfix-for-this-test",)) == ("exim4",)
    assert len(asked) == 1
    os.utime(status, (1, 1))
    packages.would_remove(("postfix-for-this-test",))
    assert len(asked) == 2
