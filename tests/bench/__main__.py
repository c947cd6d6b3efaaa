"""`make bench`: boots a machine per release, measures there with hyperfine and strace, and compares.

Times are medians of several runs; a first replay and the bare installation of the same packages take turns on
one machine, with the packages already downloaded.
"""

import argparse
import json
import sys
from collections.abc import Iterator

from tests.bench.figure import Figure
from tests.bench.screens import measure_screens
from tests.e2e.test_quickstart import SOURCE, unpack
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.recipes import RELEASES

PACKAGES = "/root/packages"
LEFTOVERS = (
    "/etc/mailstead /var/lib/mailstead /var/lib/rspamd /etc/postfix /etc/dovecot /etc/rspamd /etc/redis"
)
PURGE = f"apt-get purge -y --autoremove $(cat {PACKAGES}) && rm -rf {LEFTOVERS} /etc/fail2ban"
INSTALL = f"apt-get install -y --no-install-recommends $(cat {PACKAGES})"
PARTS = ("replay", "screens")
CLICK = '/opt/mailstead/venv/bin/python -c "import click"'


def measure(machine: Machine) -> Iterator[Figure]:
    """All figures of one machine."""
    machine.run("sh", "-c", INSTALL.replace("install", "install -d", 1), timeout=600)
    bare = timed(machine, INSTALL, prepare=PURGE, runs=3)
    undo = f"mailstead rollback; systemctl daemon-reload; {PURGE}"
    first = timed(machine, "mailstead replay --quickstart", prepare=undo, runs=3)
    note = f"{first:.1f} s / {bare:.1f} s"
    yield Figure("first replay / apt-get install of the same packages", first / bare, 1.5, note)
    nothing = timed(machine, "mailstead replay", runs=5)
    yield Figure("replay with nothing to do, proof included, in seconds", nothing, 3.0)
    started = processes(machine, "mailstead", "replay")
    yield Figure("replay with nothing to do, processes started", started, 15)
    words, click = timed(machine, "mailstead --help", runs=20), timed(machine, CLICK, runs=20)
    yield Figure("mailstead --help, in seconds", words, max(0.25, 2 * click), f"import click: {click:.3f} s")


def figures(machine: Machine, part: str | None) -> Iterator[Figure]:
    """The figures of one part, or of both; the screens come last, as they leave a full queue behind."""
    if part != "screens":
        yield from measure(machine)
    else:
        machine.run("mailstead", "replay", "--quickstart", timeout=600)
    if part != "replay":
        yield from measure_screens(machine)


def timed(machine: Machine, command: str, *, prepare: str = "", runs: int) -> float:
    """The median time of a command in seconds."""
    options = ["--prepare", prepare] if prepare else ["--warmup", "1"]
    output = ("--export-json", "/root/times.json")
    machine.run("hyperfine", *output, "--runs", str(runs), *options, command, timeout=1800)
    median: float = json.loads(machine.read("/root/times.json"))["results"][0]["median"]
    return median


def processes(machine: Machine, *command: str) -> int:
    """How many programs a command starts, itself left out."""
    machine.run("strace", "-f", "-qq", "-e", "trace=execve", "-o", "/root/trace", *command, timeout=120)
    lines = machine.read("/root/trace").splitlines()
    return sum("execve(" in line and line.endswith("= 0") for line in lines) - 1


def prepared(lab: Lab, release: str) -> Machine:
    """A fresh machine with the program, the tools to measure, and a list of the packages it will install."""
    machine = lab.boot(release, "bench", image="plain")
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "hyperfine", "strace", timeout=300)
    unpack(machine)
    machine.run(f"{SOURCE}/install.sh", "--no-launch", timeout=600)
    planned = machine.run("mailstead", "plan", "--quickstart", "--json", check=False).stdout
    (install,) = (change for change in json.loads(planned)["changes"] if change["action"] == "install")
    names = [line.removeprefix("+ ") for line in install["diff"].splitlines() if line.startswith("+ ")]
    machine.write(PACKAGES, " ".join(names))
    return machine


def main() -> int:
    """Measure on each release; the exit status is 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--release", action="append", choices=RELEASES)
    parser.add_argument("--only", choices=PARTS)
    chosen = parser.parse_args()
    is_good = True
    with Lab() as lab:
        for release in chosen.release or RELEASES:
            sys.stdout.write(f"{release}\n")
            with lab.borrowed(prepared(lab, release)) as machine:
                for figure in figures(machine, chosen.only):
                    is_good = is_good and figure.is_good
                    sys.stdout.write(f"{figure}\n")
                    sys.stdout.flush()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
