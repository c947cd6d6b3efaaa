"""No text of ours is left in English on any screen once there is a catalogue for another language."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[2]
_PLUGINS = ("no:textual-snapshot", "tests.screens.pseudo_language", "no:xdist", "no:cacheprovider")
_PICTURES = "80x24 and not mistakes_while_typing"
"""Every screen that a picture is taken of; what is wrong with an answer is told in English so far."""


@pytest.mark.timeout(600)
def test_every_screen_speaks_the_language_of_the_catalogue() -> None:
    """In a process of its own, where the catalogue is there before the first module of the program."""
    plugins = [word for name in _PLUGINS for word in ("-p", name)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rN",
            "--tb=line",
            *plugins,
            "-k",
            _PICTURES,
            "tests/screens",
        ],
        cwd=_REPOSITORY,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert int(done.stdout.rpartition(" passed")[0].split()[-1]) > 40
