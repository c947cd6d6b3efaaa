"""Inside a machine: what a person waits for at the screens, measured in a real terminal; prints JSON.

Usage: python screens_inside.py RUNS. The machine has a server that is set up. Standard library only.
"""

import fcntl
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from terminal_inside import Terminal  # type: ignore[import-not-found] # copied beside this file

PYTHON = "/opt/mailstead/venv/bin/python"
HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello, world")
Hello().run()
"""
MAILSTEAD = "/usr/local/bin/mailstead"
PROGRAMS = {
    "hello": ([PYTHON, "-c", HELLO], b"hello, world"),
    "console": ([MAILSTEAD], b"Mailboxes"),
    "wizard": ([MAILSTEAD, "setup"], b"Anti-spam"),
}
RUNS = Path("/var/lib/mailstead/runs")
LOCK = Path("/run/lock/mailstead.lock")
SPOOL = Path("/var/spool/postfix")
DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
MESSAGES = 100_000
HOUR = 72_000
"""Log lines of a busy hour: 20 a second."""
RUN_LINES = 10_000
IDLE_SECONDS = 40


def paint(runs: int) -> dict[str, float]:
    """The median seconds until each program's first text is on the terminal, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(runs + 1):
        for name, (argv, mark) in PROGRAMS.items():
            terminal = Terminal(argv)
            terminal.wait_for(mark)
            if turn:  # the first only warms the caches
                times[name].append(time.monotonic() - terminal.started)
            terminal.close()
    return {name: statistics.median(taken) for name, taken in times.items()}


def idle() -> dict[str, float]:
    """The share of one core that the overview takes while nothing happens, once it has settled."""
    terminal = opened()
    terminal.settle(1.0, 15.0)
    began, before = time.monotonic(), _cpu_seconds(terminal.pid)
    while time.monotonic() < began + IDLE_SECONDS:
        terminal.read(1.0)
    share = (_cpu_seconds(terminal.pid) - before) / (time.monotonic() - began)
    terminal.close()
    return {"idle": share}


def queue(turns: int) -> dict[str, float]:
    """Seconds until 100,000 messages are listed, and from a key until the list has moved."""
    fill_queue(MESSAGES)
    terminal = opened()
    terminal.send(b"3")
    shown = terminal.wait_for(b"100,000 messages")
    terminal.settle(3.0, 40.0)
    taken = [_answered(terminal, b"\x1b[B") for _turn in range(turns)]
    taken += [_answered(terminal, b"\x1b[6~") for _turn in range(turns)]
    terminal.close()
    return {"queue_shown": shown, "queue_median": statistics.median(taken), "queue_p99": _p99(taken)}


def logs(turns: int) -> dict[str, float]:
    """Seconds from a key until the list has moved, and from `?` until the help is there, while 2,000 lines a
    second come, and MiB after an hour's.
    """
    terminal = opened()
    terminal.send(b"2")
    terminal.wait_for(b"following")
    terminal.settle(0.5, 5.0)  # what was written before is still being read
    stop = threading.Event()
    writer = threading.Thread(target=_write_lines, args=(stop,))
    writer.start()
    moved = [_answered(terminal, b"\x1b[B" if turn % 2 else b"\x1b[A") for turn in range(turns)]
    taken = []
    terminal.send(b"f")
    terminal.wait_for(b"following")
    for _turn in range(turns):
        terminal.send(b"?")
        taken.append(terminal.wait_for(b"escape closes this"))
        terminal.send(b"q")
        terminal.wait_for(b"following")  # what was still to come of the help is not the next one
        terminal.settle(0.02, 0.15)
    while writer.is_alive():
        terminal.read(0.2)
        if terminal.started + 300 < time.monotonic():
            stop.set()
    terminal.settle(0.5, 5.0)
    memory = int(_status(terminal.pid)["VmRSS"].split()[0]) / 1024
    terminal.close()
    figures = {"logs_median": statistics.median(moved), "logs_p99": _p99(moved), "logs_mib": memory}
    return figures | {"help_median": statistics.median(taken), "help_p99": _p99(taken)}


def run() -> dict[str, float]:
    """Seconds from a key until the log is there instead of the stages, or they instead of it, while the run
    that is shown streams 10,000 lines.
    """
    journal = _run_at_work()
    with LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        terminal = Terminal([MAILSTEAD])
        terminal.wait_for(b"(Rspamd)")
        terminal.settle(0.5, 3.0)
        stream = threading.Thread(target=_stream, args=(journal,))
        stream.start()
        taken = []
        while stream.is_alive():
            for mark in (b"accepted by", b"(Rspamd)"):
                terminal.settle(0.02, 0.15)
                terminal.send(b"l")
                taken.append(terminal.wait_for(mark))
        terminal.close()
    shutil.rmtree(journal.parent)
    return {"run_median": statistics.median(taken), "run_p99": _p99(taken)}


def opened() -> Terminal:
    """The console, drawn."""
    terminal = Terminal([MAILSTEAD])
    terminal.wait_for(b"Mailboxes")
    terminal.settle(0.5, 3.0)
    return terminal


def fill_queue(count: int) -> None:
    """Put copies of one real message into the deferred queue, due in a day, so that nobody tries them."""
    subprocess.run(["sendmail", "x@[198.51.100.99]"], input=b"Subject: one\n\nx\n", check=True)
    give_up = time.monotonic() + 30
    found: list[Path] = []
    while not found and time.monotonic() < give_up:
        found = [p for q in ("deferred", "active") for p in (SPOOL / q).rglob("?" * 12 + "*") if p.is_file()]
        time.sleep(0.1)
    original = found[0]
    owner, content = original.stat(), original.read_bytes()
    folder = SPOOL / "deferred" / "0"
    folder.mkdir(exist_ok=True)
    shutil.chown(folder, owner.st_uid, owner.st_gid)
    due = time.time() + 86_400
    for number in range(count - 1):
        digits, rest = "", number
        for _place in range(4):
            digits, rest = DIGITS[rest % 52] + digits, rest // 52
        path = folder / f"{original.name[:6]}{digits}z{original.name[11:]}"
        path.write_bytes(content)
        path.chmod(0o700)
        os.chown(path, owner.st_uid, owner.st_gid)
        os.utime(path, (due, due))


def _write_lines(stop: threading.Event) -> None:
    """An hour's lines at 2,000 a second."""
    began = time.monotonic()
    with Path("/var/log/mail.log").open("a", encoding="utf-8") as log:
        for number in range(HOUR):
            at = f"{time.strftime('%Y-%m-%dT%H:%M:%S')}.{number % 1000:03}000+00:00"
            log.write(
                f"{at} mail postfix/smtpd[{number}]: {number:X}: "
                f"client=host{number % 97}.example.net[192.0.2.{number % 250}]\n"
            )
            if number % 200 == 199:
                log.flush()
                time.sleep(max(0.0, began + number / 2000 - time.monotonic()))
            if stop.is_set():
                return


def _run_at_work() -> Path:
    """The journal of a run that is like the machine's first one, as far as the spam filter."""
    first = max(RUNS.glob("*/journal.jsonl"), key=lambda path: path.stat().st_size)
    directory = RUNS / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-ffff"
    shutil.copytree(first.parent, directory)
    lines = first.read_text().splitlines(keepends=True)
    begins = next(n for n, line in enumerate(lines) if '"stage": "rspamd"' in line and '"intent"' in line)
    journal = directory / "journal.jsonl"
    journal.write_text("".join(lines[: begins + 1]))
    return journal


def _stream(journal: Path) -> None:
    """What a run says, 500 lines a second."""
    with journal.open("a", encoding="utf-8") as file:
        for number in range(RUN_LINES):
            at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.000+00:00"
            file.write(json.dumps({"event": "validated", "at": at, "command": f"check {number}"}) + "\n")
            if number % 50 == 49:
                file.flush()
                time.sleep(0.1)


def _answered(terminal: Terminal, key: bytes) -> float:
    """Seconds until the terminal is sent something after a key, with nothing else going on."""
    terminal.settle(0.05, 1.0)
    began = time.monotonic()
    terminal.send(key)
    if not terminal.read(5.0):
        raise SystemExit(f"{key!r} changes nothing")
    return time.monotonic() - began


def _p99(taken: list[float]) -> float:
    """The nearest rank."""
    return sorted(taken)[math.ceil(len(taken) * 0.99) - 1]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}


if __name__ == "__main__":
    measured = paint(int(sys.argv[1])) | idle() | run() | logs(100) | queue(100)
    print(json.dumps(measured))
