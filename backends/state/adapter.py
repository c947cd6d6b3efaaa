"""Keeps the answers, the secrets and the place for local additions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from backends.adapter import Adapter
from backends.checks import Check, Finding, ok, warn
from backends.language import _
from backends.resources import Directory, File, GeneratedFile, Resource
from backends.resources.additions import DIRECTORY as ADDITIONS

ETC = "/etc/mailstead"
VAR = "/var/lib/mailstead"


def _is_there(content: bytes) -> bool:
    return bool(content.strip())


@dataclass(frozen=True)
class SecretFile:
    """A secret that is made where it is missing, or taken over when `is_valid` says that it changed."""

    name: str
    generate: Callable[[], str] = field(compare=False)
    is_valid: Callable[[bytes], bool] = field(default=_is_there, compare=False)


@dataclass(frozen=True)
class StateSettings:
    """The answers in force as a file's content, the secrets to keep, the systems that take additions."""

    answers: bytes
    secrets: tuple[SecretFile, ...]
    systems: tuple[str, ...] = ()


class State(Adapter):
    """What Mailstead keeps about this server, in /etc/mailstead and /var/lib/mailstead."""

    name, step = "state", "site"
    takes_additions = False

    def __init__(self, settings: StateSettings) -> None:
        self._settings = settings

    def resources(self) -> Iterator[Resource]:
        """Directories, secrets, and the answers last: they are in force once what they need is there."""
        yield Directory(VAR, 0o711)
        yield Directory(f"{VAR}/runs", 0o700)
        yield Directory(ADDITIONS, 0o700)
        yield Directory(ETC)
        yield Directory(f"{ETC}/secrets", 0o700)
        yield Directory(f"{ETC}/override")
        for system in self._settings.systems:
            yield Directory(f"{ETC}/override/{system}")
        for secret in self._settings.secrets:
            yield _secret(secret)
        yield File(f"{ETC}/answers.toml", self._settings.answers, mode=0o600)

    def checks(self) -> Iterator[Check]:
        """Nobody but root reads secrets."""
        yield Check("state.secrets", _("Secrets are readable by root only"), _secrets_are_private)


def _secret(secret: SecretFile) -> GeneratedFile:
    return GeneratedFile(
        f"{ETC}/secrets/{secret.name}",
        generate=lambda: secret.generate().encode() + b"\n",
        is_valid=secret.is_valid,
        what="a secret",
    )


def _secrets_are_private() -> Finding:
    directory = Path(ETC, "secrets")
    open_ones = [path for path in (directory, *directory.iterdir()) if path.stat().st_mode & 0o077]
    if open_ones:
        names = ", ".join(map(str, open_ones))
        return warn(
            _("others may read {names}").format(names=names),
            _("mode 0600, in a directory of mode 0700"),
            _("chmod go= {names}").format(names=names),
        )
    return ok(_("{count} secrets, all private").format(count=len(list(directory.iterdir()))))
