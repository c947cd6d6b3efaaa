"""Pictures of screens are kept in snapshots/, where the README shows them."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation
from textual.app import App
from textual.pilot import Pilot

from tests.screens.console_world import world  # noqa: F401  a fixture for every file here

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"
SIZES = ((80, 24), (120, 40))


def _directory(_extension: type, *, test_location: PyTestLocation) -> str:
    return str(SNAPSHOTS / Path(test_location.filepath).stem.removeprefix("test_"))


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same picture on every machine: its own snapshot directory, terminal, colours and name."""
    monkeypatch.setattr(
        pytest_textual_snapshot.SVGImageExtension,
        "dirname",
        classmethod(_directory),
    )
    for name in ("NO_COLOR", "LC_CTYPE", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr("socket.gethostname", lambda: "mail.example.test")


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each size that pictures are taken in: columns and lines."""
    chosen: tuple[int, int] = request.param
    return chosen


SnapCompare = Callable[..., bool]
"""`snap_compare(app, terminal_size=size, run_before=async function of a Pilot)`: the fixture's type."""

_LOOKS = 3
"""How often in a row a screen at rest looks the same."""


@pytest.fixture
def snap_compare(snap_compare: SnapCompare) -> SnapCompare:
    """The plugin's, but a picture is taken once the screen has come to rest, on a busy machine too."""

    def compare(
        app: App[Any],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[Any]], Awaitable[None]],
    ) -> bool:
        async def arrange(pilot: Pilot[Any]) -> None:
            await run_before(pilot)
            await _at_rest(pilot)

        return snap_compare(app, terminal_size=terminal_size, run_before=arrange)

    return compare


async def _at_rest(pilot: Pilot[Any]) -> None:
    """Until a few looks in a row see the same. Fails for a screen that never comes to rest."""
    seen: list[str] = []
    for _look in range(250):
        await pilot.pause(0.02)
        seen = [*seen[1 - _LOOKS :], pilot.app.export_screenshot(simplify=True)]
        if len(seen) == _LOOKS and len(set(seen)) == 1:
            return
    raise AssertionError("the screen never comes to rest")
