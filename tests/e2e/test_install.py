"""install.sh on real machines: fresh ones, ones it must refuse, and ones where it is killed or fails."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.recipes import RELEASES

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = "/root/my mail server"
PARTS = ("install.sh", "requirements-build.txt", "requirements.txt", "screens", "wizard", "backends")
HOLD_DPKG_LOCK = """
import fcntl, sys
with open("/var/lib/dpkg/lock-frontend", "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""
OLD_PYTHON = """#!/bin/sh
# python3 -I -c CODE, as if it were 3.10
exec /root/python -I -c 'import sys; sys.version_info = (3, 10, 12, "final", 0); exec(sys.argv[1])' "$3"
"""
NEXT_STEP = "mailstead answers init"


@pytest.fixture
def fresh(lab: Lab, release: str) -> Iterator[Machine]:
    """A fresh Debian with Mailstead's source in a directory of root's."""
    with lab.borrowed(lab.boot(release, "fresh")) as machine:
        unpack(machine)
        yield machine


@pytest.fixture
def newest(lab: Lab) -> Iterator[Machine]:
    """The same of the newest release only, for what does not depend on the release."""
    with lab.borrowed(lab.boot(RELEASES[-1], "fresh")) as machine:
        unpack(machine)
        yield machine


@pytest.fixture
def installed(lab: Lab, release: str) -> Iterator[Machine]:
    """A machine on which the program of the source is installed."""
    with lab.borrowed(lab.boot(release, "installed", image="program")) as machine:
        unpack(machine)
        install(machine)
        yield machine


@pytest.fixture
def newest_installed(lab: Lab) -> Iterator[Machine]:
    """The same of the newest release only, for what does not depend on the release."""
    with lab.borrowed(lab.boot(RELEASES[-1], "installed", image="program")) as machine:
        unpack(machine)
        install(machine)
        yield machine


def unpack(machine: Machine) -> None:
    for part in PARTS:
        machine.copy(REPOSITORY / part, f"{SOURCE}/{part}")


def install(machine: Machine, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return machine.run(f"{SOURCE}/install.sh", *(arguments or ("--no-launch",)), check=check, timeout=300)


def only_line(text: str) -> str:
    assert len(text.splitlines()) == 1, text
    return text.rstrip("\n")


def tree(machine: Machine, *roots: str) -> list[str]:
    """Every path below the roots with its kind, mode, size, time and target."""
    found = machine.run("find", *roots, "-printf", r"%p %y %m %s %T@ %l\n", check=False)
    return sorted(found.stdout.splitlines())


def program(machine: Machine) -> str:
    """The directory of the program in use, which must start."""
    assert "Usage" in machine.run("mailstead", "--help").stdout
    return machine.run("readlink", "-e", "/opt/mailstead/app").stdout.strip()


def remove_venv_module(machine: Machine) -> None:
    shown = machine.run("dpkg-query", "--show", "--showformat", "${Package}\n", "python3*-venv").stdout
    machine.run("apt-get", "remove", "--yes", *shown.split())


def change(machine: Machine, file: str, text: str) -> None:
    """Adds to a file of the source, so that it is another version."""
    machine.run("tee", "-a", f"{SOURCE}/{file}", input=text)


def remains(machine: Machine) -> list[str]:
    """What an interrupted install may leave and the next one must not: all that isn't a whole app or venv."""
    places = ["/opt/mailstead/apps", "/opt/mailstead/venvs"]
    made = machine.run("find", *places, "-mindepth", "1", "-maxdepth", "1").stdout.split()
    halves = [path for path in made if not machine.exists(f"{path}/.built-from")]
    loose = machine.run(
        "find", "/opt/mailstead", "-maxdepth", "1", "(", "-name", "*.new", "-o", "-name", "tmp", ")"
    )
    return halves + loose.stdout.split()


def test_a_fresh_debian_gets_the_program_and_hears_what_is_next(fresh: Machine) -> None:
    remove_venv_module(fresh)
    done = fresh.run("./my mail server/install.sh", timeout=300)
    assert done.stdout == ""
    assert NEXT_STEP in done.stderr
    assert program(fresh)


def test_it_works_in_a_container_without_an_init_system(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.container(release, "fresh")) as machine:
        unpack(machine)
        install(machine)
        assert program(machine)


def test_it_needs_no_room_in_tmp_and_no_right_to_execute_there(newest: Machine) -> None:
    newest.run("mount", "-t", "tmpfs", "-o", "size=64k,noexec", "tmpfs", "/tmp")
    install(newest)
    assert program(newest)


def test_what_is_installed_only_root_can_change(newest: Machine) -> None:
    newest.run("sh", "-c", 'umask 000 && exec "$0" --no-launch', f"{SOURCE}/install.sh", timeout=300)
    places = ("/opt/mailstead", "/usr/local/bin/mailstead")
    assert newest.run("find", *places, "!", "-type", "l", "-perm", "/022").stdout == ""
    assert newest.run("find", *places, "!", "-user", "root").stdout == ""


def test_it_waits_for_another_apt(newest: Machine) -> None:
    remove_venv_module(newest)
    other = newest.spawn("python3", "-c", HOLD_DPKG_LOCK, stdin=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    installing = newest.spawn(f"{SOURCE}/install.sh", "--no-launch")

    newest.wait_for("grep", "-q", "Waiting for cache lock.*lock-frontend", "/var/log/mailstead/install.log")
    assert installing.poll() is None
    other.communicate()

    installing.communicate(timeout=300)
    assert installing.returncode == 0
    assert program(newest)


def test_of_two_at_once_the_second_waits_and_finds_it_done(newest: Machine) -> None:
    first = newest.spawn(f"{SOURCE}/install.sh", "--no-launch")
    newest.wait_for("test", "-e", "/opt/mailstead/venvs")
    second = install(newest)
    assert "waiting" in second.stderr
    assert "up to date" in second.stderr
    assert first.wait(60) == 0


def test_a_second_run_changes_nothing(newest_installed: Machine) -> None:
    before = tree(newest_installed, "/opt", "/usr/local", "/etc")
    install(newest_installed)
    after = tree(newest_installed, "/opt", "/usr/local", "/etc")
    assert after == before


def test_an_upgrade_keeps_everything_else_and_the_program_before(installed: Machine) -> None:
    kept = ("/etc/mailstead", "/var/lib/mailstead")
    installed.write("/etc/mailstead/answers.toml", "schema = 1\n", mode=0o600)
    installed.write("/var/lib/mailstead/mail.db", "mail")
    before, old = tree(installed, *kept), program(installed)
    change(installed, "wizard/__init__.py", "# a newer one\n")
    install(installed)
    new = program(installed)
    assert new != old
    assert installed.read(f"{new}/wizard/__init__.py").endswith("# a newer one\n")
    assert "Usage" in installed.run(f"{old}/bin/mailstead", "--help").stdout
    assert tree(installed, *kept) == before


def test_an_upgrade_starts_what_runs_with_the_program_anew(installed: Machine) -> None:
    unit = "mailstead-tls-policy.service"
    process = ("systemctl", "show", "--property", "MainPID", "--value", unit)
    installed.write(f"/etc/systemd/system/{unit}", "[Service]\nExecStart=/usr/bin/sleep infinity\n")
    installed.run("systemctl", "start", unit)
    before = installed.run(*process).stdout
    install(installed)
    assert installed.run(*process).stdout == before

    change(installed, "wizard/__init__.py", "# one that a service runs with\n")
    install(installed)
    assert installed.run(*process).stdout not in {before, "0\n"}


def test_only_the_program_before_is_kept(newest_installed: Machine) -> None:
    for number in range(3):
        change(newest_installed, "wizard/__init__.py", f"# version {number}\n")
        install(newest_installed)
    apps = newest_installed.run("ls", "/opt/mailstead/apps").stdout.split()
    assert len(apps) == 2
    assert program(newest_installed).endswith(apps[-1])


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("requirements.txt", "click==0.0.1 --hash=sha256:" + "0" * 64 + "\n", "ERROR"),
        ("screens/command_line.py", "raise ValueError('half an upload')\n", "half an upload"),
    ],
    ids=["pip-fails", "program-fails"],
)
def test_a_failed_upgrade_says_why_and_leaves_the_old_program(
    newest_installed: Machine, file: str, text: str, reason: str
) -> None:
    old = program(newest_installed)
    change(newest_installed, file, text)
    failed = install(newest_installed, check=False)
    assert failed.returncode == 1
    assert reason in failed.stderr.splitlines()[-1]
    assert program(newest_installed) == old
    assert remains(newest_installed) == []


@pytest.mark.parametrize("target", ["venv/lib/python3*/site-packages/click", "screens"])
def test_running_it_again_mends_a_damaged_program(newest_installed: Machine, target: str) -> None:
    newest_installed.run("sh", "-c", f"rm -r /opt/mailstead/app/{target}")
    install(newest_installed)
    assert program(newest_installed)


def test_a_first_install_killed_anywhere_is_finished_by_the_next(fresh: Machine) -> None:
    for point in (
        "venvs/*/pyvenv.cfg",
        "venvs/*/lib/*/site-packages/setuptools",
        "venvs/*/lib/*/site-packages/pydantic",
        "venvs/*/.built-from",
        "apps/*/screens",
        "apps/*/.built-from",
    ):
        kill_group(start_until(fresh, point))
    install(fresh)
    assert program(fresh)
    assert remains(fresh) == []


def test_an_upgrade_killed_anywhere_leaves_the_old_program(installed: Machine) -> None:
    old = program(installed)
    for point in ("venvs/*/lib/*/site-packages/pydantic", "apps/*/screens"):
        change(installed, "requirements.txt", f"# {point}\n")
        kill_group(start_until(installed, point))
        assert program(installed) == old
    install(installed)
    assert program(installed) != old
    assert remains(installed) == []


def test_the_next_install_waits_for_a_pip_whose_script_was_killed(newest: Machine) -> None:
    running = start_until(newest, "venvs/*/lib/*/site-packages/pydantic")
    newest.run("sh", "-c", "kill -KILL $(cat /run/install.pid)")
    assert "waiting" in install(newest).stderr
    running.wait(10)
    assert program(newest)
    assert remains(newest) == []


def start_until(machine: Machine, point: str) -> subprocess.Popen[str]:
    """An install.sh that has just made a new path below /opt/mailstead that matches `point`."""
    program_files = machine.root / "opt/mailstead"
    known = set(program_files.glob(point))
    running = machine.spawn(
        "sh",
        "-c",
        'echo $$ >/run/install.pid && exec "$0" --no-launch',
        f"{SOURCE}/install.sh",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while set(program_files.glob(point)) <= known:
        assert running.poll() is None, f"it ended before {point} was there"
        time.sleep(0.005)
    return running


def kill_group(running: subprocess.Popen[str]) -> None:
    """SIGKILL for the script and for all that it started."""
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(10)


@pytest.mark.parametrize(
    ("preparation", "arguments", "code", "reason"),
    [
        ("sed -i 's/12\\|13/11/' /etc/os-release", ["--no-launch"], 1, "needs Debian 12 or 13"),
        ("sed -i 's/^ID=.*/ID=ubuntu/' /etc/os-release", ["--no-launch"], 1, "'ubuntu"),
        ("rm /etc/os-release /usr/lib/os-release", ["--no-launch"], 1, "'nothing'"),
        ("rm /usr/bin/python3*", ["--quickstart"], 1, "needs Python 3.11 or newer"),
        ("touch /usr/local/bin/mailstead", ["--no-launch"], 1, "not Mailstead's"),
        ("ln -s /bin/true /usr/local/bin/mailstead", ["--no-launch"], 1, "not Mailstead's"),
        ("rm -r '/root/my mail server/wizard'", ["--no-launch"], 1, "is missing"),
        ("mkdir /root/answers.toml", ["--answers", "answers.toml"], 2, "cannot read"),
        ("true", ["--answers", "nowhere.toml"], 2, "cannot read"),
        ("true", ["--quick"], 2, "unknown argument"),
    ],
)
def test_what_it_cannot_serve_it_refuses_in_one_line_and_touches_nothing(
    newest: Machine, preparation: str, arguments: list[str], code: int, reason: str
) -> None:
    newest.run("sh", "-c", preparation)
    assert_refused(newest, arguments, code, reason)


def test_an_old_python_is_refused(newest: Machine) -> None:
    newest.run("sh", "-c", "mv $(readlink -e /usr/bin/python3) /root/python && rm /usr/bin/python3*")
    newest.write("/usr/bin/python3", OLD_PYTHON, mode=0o755)
    assert_refused(newest, ["--no-launch"], 1, "needs Python 3.11 or newer")


def test_too_little_room_is_refused(lab: Lab) -> None:
    with lab.borrowed(lab.boot(RELEASES[-1], "small", disk_mib=1500)) as machine:
        unpack(machine)
        assert_refused(machine, ["--no-launch"], 1, "needs 2 GB free in /opt")


def assert_refused(machine: Machine, arguments: list[str], code: int, reason: str) -> None:
    watched = (
        "/opt",
        "/usr",
        "/etc",
        "/var/lib/apt",
        "/var/lib/dpkg",
        "/var/cache/apt",
        "/var/log/mailstead",
    )
    before = tree(machine, *watched)
    refused = install(machine, *arguments, check=False)
    after = tree(machine, *watched)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert reason in only_line(refused.stderr)
    assert after == before


def test_wrong_answers_are_named_and_the_server_stays_untouched(installed: Machine) -> None:
    installed.write("/root/answers.toml", "schema = 1\n[site]\nhostname = 'a b'\ncolour = 'blue'\n")
    before = tree(installed, "/etc")
    refused = install(installed, "--answers", "answers.toml", check=False)
    assert refused.returncode == 2
    assert "site.hostname" in refused.stderr
    assert "site.colour" in refused.stderr
    assert tree(installed, "/etc") == before
