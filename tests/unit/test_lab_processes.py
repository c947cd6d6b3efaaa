"""How the lab finds the first process of a machine."""

from pathlib import Path

import pytest

from tests.lab import nspawn
from tests.lab.host import LabError


@pytest.mark.parametrize("gone", [FileNotFoundError, ProcessLookupError])
def test_a_process_that_ends_while_it_is_looked_at_is_none(
    monkeypatch: pytest.MonkeyPatch, gone: type[OSError]
) -> None:
    def read_text(path: Path) -> str:
        if path.name == "children":
            return "4711 "
        raise gone

    monkeypatch.setattr(Path, "iterdir", lambda path: iter((path / "1",)))
    monkeypatch.setattr(Path, "read_text", read_text)

    with pytest.raises(LabError, match="started no machine"):
        nspawn.first_process(1, timeout=0.05)
