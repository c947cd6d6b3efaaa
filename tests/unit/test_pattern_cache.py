"""Files of Rspamd's cache that a full disk cut off are found, told, and removed; no other is."""

import os
import time
from pathlib import Path

import pytest

from backends.checks import Status
from backends.rspamd.pattern_cache import PatternCache, broken_files, is_whole

LONG_AGO = time.time() - 3600
CODE = b"x" * 200
WHOLE = b"\xdb\xdb\xdb\xdb" + bytes(4) + len(CODE).to_bytes(4, "little") + bytes(92) + CODE


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with a whole file, one that is cut off, an empty one, and others that are none of ours."""
    for name, content in (
        ("whole.hs.unser", WHOLE),
        ("cut.hsmp.unser", WHOLE[:-1]),
        ("empty.hs.unser", b""),
        ("cut.hsmp", WHOLE[:-1]),
        ("stats.ucl", b"{}"),
    ):
        (tmp_path / name).write_bytes(content)
        os.utime(tmp_path / name, (LONG_AGO, LONG_AGO))
    return tmp_path


def test_what_is_cut_off_is_found(cache: Path) -> None:
    assert broken_files(cache) == ("cut.hsmp.unser", "empty.hs.unser")


def test_a_file_that_is_being_written_is_not_broken(cache: Path) -> None:
    (cache / "new.hs.unser").write_bytes(WHOLE[:50])

    assert "new.hs.unser" not in broken_files(cache)


def test_only_broken_files_are_removed(cache: Path) -> None:
    resource = PatternCache(str(cache))
    (now,) = PatternCache.look([resource])

    resource.put(resource.wanted(now))

    assert sorted(path.name for path in cache.iterdir()) == ["cut.hsmp", "stats.ucl", "whole.hs.unser"]
    assert PatternCache.look([resource]) == [resource.wanted(now)]


def test_the_check_names_what_mends_it(cache: Path) -> None:
    found = is_whole(cache)

    assert found.status is Status.FAIL
    assert found.action
    assert found.action.command[:2] == ("mailstead", "replay")


def test_without_a_cache_all_is_well(tmp_path: Path) -> None:
    assert is_whole(tmp_path / "none").status is Status.OK
