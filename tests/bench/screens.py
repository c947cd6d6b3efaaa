"""What a person waits for at the screens, measured in a real terminal on a booted machine."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure
from tests.lab.machine import Machine

_RUNS = 9
_HERE = Path(__file__).parent
_SCRIPTS = (_HERE.parent / "lab" / "terminal_inside.py", _HERE / "screens_inside.py")


def measure_screens(machine: Machine) -> Iterator[Figure]:
    """First paint, keys, memory and idling, on a machine with a server that is set up."""
    for script in _SCRIPTS:
        machine.copy(script, f"/root/{script.name}")
    done = machine.run("python3", "/root/screens_inside.py", str(_RUNS), timeout=900)
    seen: dict[str, float] = json.loads(done.stdout)
    hello = seen["hello"]
    for name in ("console", "wizard"):
        note = f"{seen[name]:.2f} s / {hello:.2f} s"
        yield Figure(f"first paint of the {name} / a bare Textual hello", seen[name] / hello, 1.6, note)
    yield Figure("overview while idle, percent of one core", 100 * seen["idle"], 2.0)
    note = f"median {1000 * seen['run_median']:.0f} ms"
    yield Figure(
        "a key while a run streams 10,000 lines, ms, 99th percentile", 1000 * seen["run_p99"], 50, note
    )
    yield Figure("100,000 queued messages listed, in seconds", seen["queue_shown"], 2.0)
    note = f"median {1000 * seen['queue_median']:.0f} ms"
    yield Figure("a key among 100,000 messages, ms, 99th percentile", 1000 * seen["queue_p99"], 50, note)
    note = f"median {1000 * seen['logs_median']:.0f} ms"
    yield Figure("a key in a flood of log lines, ms, 99th percentile", 1000 * seen["logs_p99"], 50, note)
    note = f"median {1000 * seen['help_median']:.0f} ms"
    yield Figure("a dialog opened in that flood, ms, 99th percentile", 1000 * seen["help_p99"], 250, note)
    yield Figure("console after an hour of logs, MiB", seen["logs_mib"], 120)
