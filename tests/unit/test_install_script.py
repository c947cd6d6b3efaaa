import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

SCRIPT = Path(__file__).resolve().parents[2] / "install.sh"
NOBODY = 65534


def install(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the script without any right to change this machine."""
    return subprocess.run(
        ["sh", "-s", "--", *arguments],
        input=SCRIPT.read_text(),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        user=NOBODY if os.geteuid() == 0 else None,
    )


def test_help_goes_to_stdout_and_names_every_option() -> None:
    done = install("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("--answers", "--quickstart", "--yes", "--no-launch", "--help"):
        assert option in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bogus",),
        ("answers.toml",),
        ("",),
        ("--answers",),
        ("--answers", ""),
        ("--answers=",),
        ("--answers", "a.toml", "--quickstart"),
        ("--quickstart", "--answers=a.toml"),
        ("--yes", "--launch"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line_with_exit_2(arguments: tuple[str, ...]) -> None:
    done = install(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("install.sh: ")


@pytest.mark.parametrize("arguments", [(), ("--quickstart",), ("--yes", "--no-launch")])
def test_without_root_it_is_refused_in_one_line_with_exit_1(arguments: tuple[str, ...]) -> None:
    done = install(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "install.sh: must run as root (try: sudo ./install.sh)\n"


def test_it_names_no_registry_and_no_mirror() -> None:
    text = SCRIPT.read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("name", ["requirements-build.txt", "requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes_and_from_nowhere_in_particular(name: str) -> None:
    lines = (SCRIPT.parent / name).read_text().replace("\\\n", "").splitlines()
    assert lines
    for line in lines:
        assert "==" in line
        assert "--hash=sha256:" in line
        assert "://" not in line


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((SCRIPT.parent / "pyproject.toml").read_text())
    pinned = locked("requirements.txt")
    for wanted in map(Requirement, project["project"]["dependencies"]):
        assert wanted.specifier.contains(pinned[wanted.name]), f"{wanted} is not met: run make lock"


def test_tests_run_with_the_releases_that_are_installed() -> None:
    assert locked("requirements.txt").items() <= locked("requirements-dev.txt").items()


def locked(name: str) -> dict[str, str]:
    """Project names and their versions in a lock file."""
    pins = re.findall(r"^([\w.-]+)==(\S+)", (SCRIPT.parent / name).read_text(), re.MULTILINE)
    return dict(pins)
