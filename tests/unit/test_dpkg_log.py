"""What dpkg does is told from the end of its log."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backends.machine.dpkg_log import DpkgStep, latest_step

BEGUN = datetime(2026, 11, 24, 7, 35, 0).astimezone()
LOG = """\
2026-11-24 07:30:00 configure base-files:amd64 12.4 <none>
2026-11-24 07:35:10 startup archives unpack
2026-11-24 07:35:11 install postfix:amd64 <none> 3.7.11-0+deb12u1
2026-11-24 07:35:11 status half-installed postfix:amd64 3.7.11-0+deb12u1
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "dpkg.log"
    path.write_text(LOG)
    return path


def test_the_last_thing_that_was_begun_is_told(log: Path) -> None:
    assert latest_step(BEGUN, log) == DpkgStep("unpacking", "postfix")

    log.write_text(LOG + "2026-11-24 07:35:20 configure dovecot-core:amd64 2.3.19 <none>\n")
    assert latest_step(BEGUN, log) == DpkgStep("setting-up", "dovecot-core")


def test_what_was_done_before_does_not_count(log: Path) -> None:
    assert latest_step(BEGUN + timedelta(minutes=1), log) is None


def test_only_the_end_of_a_long_log_is_read(log: Path) -> None:
    log.write_text("x" * 1_000_000 + "\n" + LOG)

    assert latest_step(BEGUN, log) == DpkgStep("unpacking", "postfix")


@pytest.mark.parametrize(
    "content", ["", "nonsense", "a b install c\n", "2026-99-99 07:35:11 install x y z\n"]
)
def test_a_log_that_says_nothing_gives_nothing(log: Path, content: str) -> None:
    log.write_text(content)

    assert latest_step(BEGUN, log) is None


def test_a_log_that_is_not_there_gives_nothing(tmp_path: Path) -> None:
    assert latest_step(BEGUN, tmp_path / "none") is None


def test_hostile_names_are_made_visible(log: Path) -> None:
    log.write_text("2026-11-24 07:35:11 install evil\x1b[2J <none> 1\n")

    assert latest_step(BEGUN, log) == DpkgStep("unpacking", "evil␛[2J")
