"""Installs what every other system needs, in one go, with its services held back."""

from collections.abc import Iterator, Sequence

from backends.adapter import Adapter
from backends.machine.services import ServiceNames
from backends.resources import PackageSet, Resource, Service


class Packages(Adapter):
    """One installation for all: apt resolves once, and nothing starts before it is configured."""

    name, step = "packages", "site"
    takes_additions = False

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        """What these adapters name as their packages, services and answers."""
        self._adapters = tuple(adapters)

    def resources(self) -> Iterator[Resource]:
        """The set of packages."""
        names = sorted({package for adapter in self._adapters for package in adapter.packages})
        preseed = "".join(adapter.preseed for adapter in self._adapters)
        yield PackageSet(tuple(names), preseed, tuple(self._services()))

    def _services(self) -> Iterator[ServiceNames]:
        for adapter in self._adapters:
            yield from adapter.unwanted
            for resource in adapter.resources():
                if isinstance(resource, Service):
                    yield resource.names
