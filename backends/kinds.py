"""Every kind of resource by the name that journals use."""

from collections.abc import Mapping
from types import MappingProxyType

from backends.accounts.database_resource import Database
from backends.accounts.entries import AccountEntry, AliasEntry, DomainEntry
from backends.certificates.acme import Lineages
from backends.certificates.serving import ServingService
from backends.lexicon.extra import Extra
from backends.nftables.firewall import Firewall
from backends.resources import (
    Additions,
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
from backends.rspamd.pattern_cache import PatternCache
from backends.rspamd.signing_pair import SigningPair

_KINDS: tuple[type[Resource], ...] = (
    AccountEntry,
    Additions,
    AliasEntry,
    Compiled,
    Database,
    Directory,
    DomainEntry,
    Extra,
    File,
    Firewall,
    GeneratedFile,
    Lineages,
    Membership,
    PackageSet,
    PatternCache,
    Service,
    ServingService,
    SigningPair,
    SystemGroup,
    SystemUser,
)

KINDS: Mapping[str, type[Resource]] = MappingProxyType({kind.kind: kind for kind in _KINDS})
