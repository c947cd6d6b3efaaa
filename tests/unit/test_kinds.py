"""Journals can be read back, whatever kind of resource they speak of."""

import inspect
from collections.abc import Iterator

import backends.kinds
from backends.resources import Resource


def concrete(kind: type[Resource]) -> Iterator[type[Resource]]:
    for subclass in kind.__subclasses__():
        if not inspect.isabstract(subclass) and subclass.__module__.startswith("backends."):
            yield subclass
        yield from concrete(subclass)


def test_every_kind_of_resource_is_known_by_its_name() -> None:
    from wizard.blueprint import blueprint  # every adapter, and so every resource, is imported with it

    assert blueprint
    assert set(backends.kinds.KINDS.values()) == set(concrete(Resource))


def test_no_two_kinds_share_a_name() -> None:
    names = [kind.kind for kind in concrete(Resource)]

    assert len(set(names)) == len(names)
