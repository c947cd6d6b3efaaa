"""Calls functions inside a machine, of modules here that look at it through Mailstead's own code.

Such a module prints, when run as `python -m MODULE FUNCTION JSON`, what the function gives, as JSON.
"""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.lab.machine import Machine

PYTHON = "/opt/mailstead/venv/bin/python"
ENVIRONMENT = {"PYTHONPATH": "/opt/mailstead/app:/root/inside", "PYTHONDONTWRITEBYTECODE": "1"}


def bring(machine: Machine, *modules: ModuleType) -> None:
    """Copies modules into the machine, where they keep their names."""
    for module in modules:
        text = Path(module.__file__ or "").read_text()
        machine.write(f"/root/inside/{module.__name__.replace('.', '/')}.py", text)


def calling(module: ModuleType, function: str, **values: Any) -> tuple[str, ...]:
    """The command that calls a function of a module there, to be run with ENVIRONMENT."""
    return PYTHON, "-m", module.__name__, function, json.dumps(values)


def ask(machine: Machine, module: ModuleType, function: str, **values: Any) -> Any:
    """What a function of a module there gives. Raises CommandFailed when it fails."""
    done = machine.run(*calling(module, function, **values), env=ENVIRONMENT, timeout=300)
    return json.loads(done.stdout)
