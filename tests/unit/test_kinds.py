"""Journals can be read back, whatever kind of resource they speak of."""

import inspect
from importlib import import_module

import backends.kinds
from backends.resources import Resource


def concrete_kinds() -> list[type[Resource]]:
    found, waiting = [], list(Resource.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if not inspect.isabstract(kind) and kind.__module__.startswith("backends."):
            found.append(kind)
    return found


def test_every_kind_of_resource_is_known_by_its_name() -> None:
    import_module("wizard.blueprint")  # every adapter, and so every resource, comes with it

    assert set(backends.kinds.KINDS.values()) == set(concrete_kinds())


def test_no_two_kinds_share_a_name() -> None:
    names = [kind.kind for kind in concrete_kinds()]

    assert len(set(names)) == len(names)
