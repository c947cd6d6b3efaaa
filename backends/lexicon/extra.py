"""Where lexicon lies, apart from what the program itself is built on; how it gets there; how it is asked."""

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.language import _
from backends.machine.files import write_atomically
from backends.machine.run import run
from backends.resources import Entry

HOME = Path("/opt/mailstead/lexicon")
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_INSIDE = Path(__file__).with_name("inside.py")
_WHOLE = ".whole"
"""Written last: a directory without it was left half-made."""
_INSTALL_TAKES = 600.0
_ANSWER_TAKES = 240.0
_TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
"""What this machine trusts, a private authority included, and not only what lexicon brings."""


@dataclass(frozen=True)
class Extra(Entry):
    """lexicon and what it needs, locked with hashes, in a directory that is named for exactly that."""

    kind = "lexicon"

    key_of_contents: str

    @property
    def name(self) -> str:
        """The directory."""
        return str(HOME / self.key_of_contents)

    def exists(self) -> bool:
        """Whether all of it is there."""
        return (Path(self.name) / _WHOLE).exists()

    def _set(self, *, exists: bool) -> None:
        shutil.rmtree(HOME, ignore_errors=True)
        if not exists:
            return
        directory = Path(self.name)
        (directory / ".tmp").mkdir(mode=0o755, parents=True)
        run(
            (
                *(sys.executable, "-I", "-m", "pip", "install", "--quiet", "--no-input", "--no-cache-dir"),
                *("--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"),
                *("--target", self.name, "--requirement", str(_REQUIREMENTS)),
            ),
            timeout=_INSTALL_TAKES,
            environment={"TMPDIR": str(directory / ".tmp")},  # /tmp may be small
        )
        shutil.rmtree(directory / ".tmp")
        write_atomically(directory / _WHOLE, b"", mode=0o644)

    def _words(self, *, exists: bool) -> str:
        if exists:
            return _("install lexicon, which speaks with DNS providers, into {path}").format(path=self.name)
        return _("remove lexicon from {path}").format(path=self.name)


def present_extra() -> Extra:
    """The one that this version of the program wants."""
    made_of = _REQUIREMENTS.read_bytes() + repr(sys.version_info[:2]).encode()
    return Extra(hashlib.sha256(made_of).hexdigest()[:12])


def ask(request: dict[str, Any]) -> dict[str, Any]:
    """What inside.py answers to this; secrets go in by standard input alone.

    Raises CommandFailed where it does not end well.
    """
    done = run(
        (sys.executable, "-I", str(_INSIDE), present_extra().name),
        stdin=json.dumps(request).encode(),
        timeout=_ANSWER_TAKES,
        environment={"REQUESTS_CA_BUNDLE": _TRUSTED} if Path(_TRUSTED).exists() else {},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
