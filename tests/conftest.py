"""What every test can ask for: a release of Debian, and a lab with machines that run it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipes import RELEASES

# Tests in these directories boot machines, so `-m "not lab"` leaves them out.
_ON_MACHINES = ("lab", "e2e")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--release",
        action="append",
        choices=RELEASES,
        help="test only this release of Debian; may be repeated",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "release" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--release") or RELEASES
        metafunc.parametrize("release", chosen, scope="session")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here / "screens"):
            item.add_marker(pytest.mark.screens)
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in _ON_MACHINES:
            item.add_marker(pytest.mark.lab)
            item.add_marker(pytest.mark.xdist_group(_group(item)))
            if not item.get_closest_marker("timeout"):
                # The first test that needs an image makes it.
                item.add_marker(pytest.mark.timeout(1200))


def _group(item: pytest.Item) -> str:
    """Tests of one file on one release share their machines, so one worker runs them all."""
    chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return f"{item.path.stem}-{chosen.get('release', 'any')}"


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A running lab. Tests discard the machines they boot: `with lab.borrowed(lab.boot(…)) as machine`."""
    with Lab() as running:
        yield running
