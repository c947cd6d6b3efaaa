"""One run at a time, and the next one as soon as the last has let go."""

import threading
import time
from pathlib import Path

from wizard.lock import is_locked, run_lock, wait_until_free


def test_a_run_that_is_ending_is_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with run_lock(lock):
            held.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    assert is_locked(lock)
    threading.Timer(0.3, leave.set).start()

    assert wait_until_free(10, lock)
    holder.join()


def test_a_run_that_goes_on_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    begun = time.monotonic()

    with run_lock(tmp_path / "run.lock"):
        assert not wait_until_free(0.2, tmp_path / "run.lock")

    assert time.monotonic() - begun < 5
