"""What every system's adapter is: settings in; resources and checks out, both pure."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from backends.checks import Check
from backends.machine.services import ServiceNames
from backends.resources import Additions, Directory, File, Resource
from backends.resources.additions import record_of
from backends.templates import render


@dataclass(frozen=True)
class Headstart:
    """Slow work that a system would do at its first start, and that only fills its cache.

    A run that will set the system up begins it as soon as `is_possible`, be it while other packages are still
    being installed, and waits for it before the system starts. Whether it succeeds is no matter: then the
    system does it after all.
    """

    command: tuple[str, ...]
    is_possible: Callable[[], bool]


class Adapter(ABC):
    """Turns the settings of one system into what should be on the machine.

    The same settings give the same resources, byte for byte. Resources come in the order in which they are
    applied; services take up their configuration after all of them.
    """

    name: ClassVar[str]
    """The system: also the folder of its templates and its part of /etc/mailstead/override."""

    step: ClassVar[str]
    """The step of the answers that it belongs to: plans and runs are shown by step."""

    takes_additions: ClassVar[bool] = True
    """Whether it reads additions of a person's own from /etc/mailstead/override/NAME."""

    includes: ClassVar[str] = ""
    """Which files in there its configuration includes by itself: a pattern; others are copied into ours."""

    additions: tuple[tuple[str, str], ...] = ()
    """The files that it includes, each by name with its SHA-256."""

    packages: tuple[str, ...] = ()
    """The Debian packages it needs; those of all adapters are installed together, before anything else."""

    unwanted: tuple[ServiceNames, ...] = ()
    """Services that these packages bring and nobody asked for: they don't start, now or with the machine,
    unless they were here before.
    """

    preseed: str = ""
    """Answers to the questions of these packages (debconf-set-selections(1))."""

    headstart: Headstart | None = None
    """What a run may begin before this system's turn."""

    @abstractmethod
    def resources(self) -> Iterator[Resource]:
        """What should be on the machine, packages aside."""

    def checks(self) -> Iterator[Check]:
        """What tells whether the running system does its work."""
        yield from ()

    def confirm(self) -> None:  # noqa: B027  most systems have nothing on trial
        """Keep for good what was put on trial and would otherwise take itself back."""

    def file(
        self,
        path: str,
        template: str,
        *,
        mode: int = 0o644,
        owner: str = "root",
        group: str = "root",
        validate: tuple[str, ...] = (),
        **values: Any,
    ) -> File:
        """A file rendered from a template of this adapter, which starts with `{{ header }}`."""
        content = render(
            f"{self.name}/templates/{template}",
            step=self.step,
            additions=self.name if self.takes_additions else "",
            **values,
        )
        return File(path, content, mode, owner, group, validate)

    def additions_record(self, *, validate: tuple[str, ...] = ()) -> Additions:
        """What of the included files is in force: services that read them restart when it changes."""
        return record_of(self.name, self.additions, validate)

    def drop_in(self, unit: str, template: str, **values: Any) -> tuple[Directory, File]:
        """A systemd drop-in for a unit, with its directory (systemd.unit(5))."""
        directory = f"/etc/systemd/system/{unit}.d"
        return Directory(directory), self.file(f"{directory}/mailstead.conf", template, **values)
