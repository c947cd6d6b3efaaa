"""A shell for the person at the terminal."""

from pathlib import Path

import pytest

from backends.machine.shell import open_shell


def test_the_persons_own_shell_is_run_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\nsleep 0.1\necho in the shell\n")
    shell.chmod(0o755)
    monkeypatch.setenv("SHELL", str(shell))

    open_shell("back with: exit")

    assert capfd.readouterr().out == "back with: exit\nin the shell\n"


def test_a_shell_that_can_not_be_started_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shell = tmp_path / "shell"
    shell.write_text("no program")
    shell.chmod(0o755)
    shell.write_bytes(b"\x7fELF")
    monkeypatch.setenv("SHELL", str(shell))

    open_shell("back with: exit")

    assert str(shell) in capfd.readouterr().err
