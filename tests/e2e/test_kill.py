"""kill -9 after a record of a first run's journal: resuming it ends in a server that proves itself.

Every record of both releases is tried by `make chaos` (see chaos.py); otherwise one of each kind, and some at
random.
"""

import json
import os
import random
import signal
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from tests.e2e import chaos
from tests.e2e.server import RUNS, differences, is_settled, mailstead, quickstart, tree
from tests.lab import inside
from tests.lab.host import LabError
from tests.lab.lab import Lab
from tests.lab.machine import Machine

SEED = int(os.environ.get("MAILSTEAD_SEED") or random.randrange(10**6))
AT_RANDOM = 12

Kind = tuple[str, str]
"""An event, and the kind of resource it speaks of."""


@pytest.fixture(scope="module")
def whole_run(lab: Lab, release: str) -> tuple[Kind, ...]:
    """The kind of each record of a first run that nobody kills."""
    with lab.borrowed(lab.boot(release, "whole", image="program")) as machine:
        first = quickstart(machine)
        assert first.is_proven, str(first)
        return records(machine)


def records(machine: Machine) -> tuple[Kind, ...]:
    """The kinds of the records of the newest run's journal."""
    (newest,) = machine.run("sh", "-c", f"ls -d {RUNS}/* | tail -n 1").stdout.split()
    lines = machine.read(f"{newest}/journal.jsonl").splitlines()
    return tuple((event["event"], event.get("key", "").partition(":")[0]) for event in map(json.loads, lines))


def first_of_each_kind(kinds: tuple[Kind, ...]) -> list[int]:
    """The number of the first record of each kind; records count from 1."""
    first: dict[Kind, int] = {}
    for number, kind in enumerate(kinds, 1):
        first.setdefault(kind, number)
    return list(first.values())


def shared_out(numbers: list[int], release: str) -> list[int]:
    """Half of them: the other half is for the other release."""
    return numbers[::2] if release == "bookworm" else numbers[1::2]


def survives(lab: Lab, release: str, record: int) -> None:
    """Kill a first run after this record, resume it, and look."""
    with lab.borrowed(lab.boot(release, "killed", image="program")) as machine:
        machine.copy(Path(__file__).with_name("kill_after.py"), "/root/kill_after.py")
        killed = machine.run(inside.PYTHON, "/root/kill_after.py", str(record), check=False, timeout=300)
        assert killed.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}, (record, killed)

        resumed = mailstead(machine, "resume")
        if not resumed.events:  # killed when all was done: there is nothing to resume
            resumed = mailstead(machine, "replay")

        assert resumed.is_proven, (record, str(resumed))
        assert is_settled(machine), (record, machine.run("mailstead", "plan", check=False).stdout)


def test_a_run_killed_after_each_kind_of_record_is_finished_by_resuming(
    lab: Lab, release: str, whole_run: tuple[Kind, ...]
) -> None:
    chosen = shared_out(first_of_each_kind(whole_run), release)
    print(f"{release}: killed after {[(n, *whole_run[n - 1]) for n in chosen]}")

    for record in chosen:
        survives(lab, release, record)


def test_a_run_killed_at_random_is_finished_by_resuming(
    lab: Lab, release: str, whole_run: tuple[Kind, ...]
) -> None:
    rolled = random.Random(SEED).sample(range(1, len(whole_run) + 1), AT_RANDOM)
    chosen = shared_out(rolled, release)
    print(f"MAILSTEAD_SEED={SEED} {release}: killed after {chosen}")

    for record in chosen:
        survives(lab, release, record)


def test_a_killed_run_can_be_taken_back_instead(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "stubborn", image="program")) as machine:
        before = tree(machine)
        machine.copy(Path(__file__).with_name("kill_after.py"), "/root/kill_after.py")
        machine.run(inside.PYTHON, "/root/kill_after.py", "150", check=False, timeout=300)

        back = mailstead(machine, "rollback")

        assert back.status == 0, str(back)
        assert differences(before, tree(machine)) == []


@pytest.mark.chaos
@pytest.mark.timeout(0)
def test_a_run_killed_after_any_record_is_finished_by_resuming(
    release: str, whole_run: tuple[Kind, ...]
) -> None:
    """See chaos.py for what chooses the records, and for going on where an interrupted call stopped."""
    kept = chaos.survived()
    records, done = chaos.chosen(len(whole_run)), kept.records(release)
    waiting = deque(record for record in records if record not in done)
    print(f"{release}: {len(waiting)} of {len(records)} records to go; survived ones stand in {kept.path}")
    failed: list[int] = []

    def work() -> None:
        with Lab() as own:
            while waiting:
                record = waiting.popleft()
                try:
                    survives(own, release, record)
                except (AssertionError, LabError, TimeoutExpired, ValueError) as problem:
                    failed.append(record)
                    print(f"{release}: {record} FAILED: {problem}", flush=True)
                else:
                    kept.add(release, record)
                    print(f"{release}: {record} survived, {' '.join(whole_run[record - 1])}", flush=True)

    with ThreadPoolExecutor(chaos.WORKERS) as pool:
        try:
            for worker in [pool.submit(work) for _ in range(min(chaos.WORKERS, len(waiting)))]:
                worker.result()
        finally:
            waiting.clear()  # when interrupted, those under way come to their end, and no more begin
    print(f"{release}: {len(kept.records(release) & {*records})} of {len(records)} records survived")
    assert not failed
