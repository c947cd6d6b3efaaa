"""Slow work begins before its stage's turn, only where that stage has something to do, and is waited for."""

import threading
from pathlib import Path

from backends.adapter import Headstart
from backends.resources import Action
from wizard.headstarts import headstarts
from wizard.plan import Change, Plan, Stage


def plan_for(*busy: str, headstart: Headstart) -> Plan:
    changes = tuple(Change(stage, "site", "file:/x", Action.CREATE, "write /x") for stage in busy)
    stages = (Stage("first", "site", ()), Stage("slow", "site", (), headstart=headstart))
    return Plan(changes, stages)


def touching(path: Path, *, is_possible: bool = True) -> Headstart:
    return Headstart(("touch", str(path)), lambda: is_possible)


def test_it_is_over_when_its_stage_begins(tmp_path: Path) -> None:
    with headstarts(plan_for("slow", headstart=touching(tmp_path / "done"))) as wait_for:
        wait_for("first")
        wait_for("slow")

        assert (tmp_path / "done").exists()


def test_it_does_not_begin_where_its_stage_has_nothing_to_do(tmp_path: Path) -> None:
    with headstarts(plan_for("first", headstart=touching(tmp_path / "done"))) as wait_for:
        wait_for("slow")

    assert not (tmp_path / "done").exists()


def test_one_that_never_becomes_possible_keeps_nobody_waiting(tmp_path: Path) -> None:
    with headstarts(plan_for("slow", headstart=touching(tmp_path / "done", is_possible=False))) as wait_for:
        wait_for("slow")

    assert not (tmp_path / "done").exists()


def test_it_waits_until_it_is_possible(tmp_path: Path) -> None:
    installed, asked = threading.Event(), threading.Event()

    def is_possible() -> bool:
        asked.set()
        return installed.is_set()

    headstart = Headstart(("touch", str(tmp_path / "done")), is_possible)
    with headstarts(plan_for("slow", headstart=headstart)) as wait_for:
        assert asked.wait(10)
        assert not (tmp_path / "done").exists()
        installed.set()
        asked.clear()
        assert asked.wait(10)
        wait_for("slow")

    assert (tmp_path / "done").exists()


def test_one_that_fails_is_no_matter() -> None:
    with headstarts(plan_for("slow", headstart=Headstart(("false",), lambda: True))) as wait_for:
        wait_for("slow")
