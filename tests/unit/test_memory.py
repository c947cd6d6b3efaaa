"""Threads take their memory from one place, and it goes back to the machine."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from screens.memory import give_back, share_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if "shares" in sys.argv:
    share_memory()
together = Barrier(8)

def take(_number):
    together.wait()
    kept = [bytes(2000) for _ in range(2000)]
    together.wait()
    return len(kept)

before = resident()
with ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(take, range(8))) == 16000
if "gives" in sys.argv:
    give_back()
reserved = [line for line in Path("/proc/self/maps").read_text().splitlines() if " ---p " in line]
sizes = [int(b, 16) - int(a, 16) for a, b in (line.split()[0].split("-") for line in reserved)]
print(sum(size > 32 << 20 for size in sizes), resident() - before)
"""


def arenas_and_bytes_kept(*words: str) -> tuple[int, int]:
    """The heaps beside the main one that the C library made for eight threads, and what was kept of 32 MB."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    arenas, kept = map(int, done.stdout.split())
    return arenas, kept


@pytest.mark.parametrize(("words", "has_own"), [((), True), (("shares",), False)])
def test_threads_share_one_heap_when_they_are_told_to(words: tuple[str, ...], has_own: bool) -> None:
    arenas, _kept = arenas_and_bytes_kept(*words)

    assert (arenas > 0) is has_own


def test_what_is_free_again_goes_back_to_the_machine() -> None:
    _arenas, kept = arenas_and_bytes_kept("shares", "gives")

    assert kept < 8 << 20
