"""Python's garbage is collected in a pause, and never while keys come."""

import gc
from collections.abc import Iterator

import pytest

from screens import garbage
from screens.app import MailsteadApp
from screens.garbage import Garbage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(garbage, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def collecting(clock: list[float]) -> Iterator[Garbage]:
    """A collector at work."""
    assert clock
    made = Garbage()
    made.begin()
    yield made
    made.end()


class Cycle:
    """Something that only a collection lets go."""

    alive = 0

    def __init__(self) -> None:
        type(self).alive += 1
        self.itself = self

    def __del__(self) -> None:
        type(self).alive -= 1


@pytest.fixture
def old_cycle(collecting: Garbage) -> Iterator[type[Cycle]]:
    """One that young collections have passed by, as it was in use then."""
    collecting.typed()
    Cycle.alive = 0
    in_use = Cycle()
    gc.collect(1)
    gc.collect(1)
    del in_use
    yield Cycle
    gc.collect()


def test_in_a_pause_what_is_garbage_goes(
    collecting: Garbage, clock: list[float], old_cycle: type[Cycle]
) -> None:
    collecting.typed()
    clock[0] += 1.9
    collecting.collect()
    assert old_cycle.alive == 1

    clock[0] += 0.2
    collecting.collect()
    assert old_cycle.alive == 0


def test_who_types_on_and_on_waits_once_for_it_in_the_end(
    collecting: Garbage, old_cycle: type[Cycle], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 119))
    collecting.collect()
    assert old_cycle.alive == 1

    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 120))
    collecting.collect()
    assert old_cycle.alive == 0


def test_what_became_garbage_later_goes_with_the_next_whole_collection(
    collecting: Garbage, clock: list[float]
) -> None:
    Cycle.alive = 0
    kept = [Cycle()]
    gc.collect(1)
    gc.collect(1)
    clock[0] += 5
    collecting.collect()
    kept.clear()

    clock[0] += 590
    gc.collect(1)
    collecting.collect()
    assert Cycle.alive == 1
    clock[0] += 10
    gc.collect(1)
    collecting.collect()
    assert Cycle.alive == 0


async def test_the_application_collects_so_until_it_is_left() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    async with MailsteadApp().run_test() as pilot:
        await pilot.pause()
        assert gc.get_threshold()[2] == 1_000_000
        assert gc.get_freeze_count() > frozen

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() <= frozen
