"""Every kind of resource by the name that journals use."""

from collections.abc import Mapping
from types import MappingProxyType

from backends.resources import (
    Compiled,
    Directory,
    File,
    GeneratedFile,
    Membership,
    PackageSet,
    Resource,
    Service,
    SystemGroup,
    SystemUser,
)

_KINDS: tuple[type[Resource], ...] = (
    Compiled,
    Directory,
    File,
    GeneratedFile,
    Membership,
    PackageSet,
    Service,
    SystemGroup,
    SystemUser,
)

KINDS: Mapping[str, type[Resource]] = MappingProxyType({kind.kind: kind for kind in _KINDS})
