"""Pictures of screens are kept in snapshots/, where the README shows them."""

from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
from syrupy.location import PyTestLocation

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


SnapCompare = Any
"""`snap_compare(app, terminal_size=size, run_before=async function of a Pilot)`: the fixture's type."""
