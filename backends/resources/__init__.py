"""What is, what should be, how to get there, how to go back."""

from backends.resources.additions import Additions
from backends.resources.base import (
    Action,
    Description,
    FetchImage,
    KeepImage,
    Record,
    Resource,
    State,
    identity_record,
    look_at,
    resource_from_record,
)
from backends.resources.compiled import Compiled
from backends.resources.directory import Directory
from backends.resources.existence import Entry, Existence
from backends.resources.file import File
from backends.resources.generated import GeneratedFile
from backends.resources.package import PackageSet
from backends.resources.service import Service
from backends.resources.sole import Sole
from backends.resources.user import Membership, SystemGroup, SystemUser

__all__ = [
    "Action",
    "Additions",
    "Compiled",
    "Description",
    "Directory",
    "Entry",
    "Existence",
    "FetchImage",
    "File",
    "GeneratedFile",
    "KeepImage",
    "Membership",
    "PackageSet",
    "Record",
    "Resource",
    "Service",
    "Sole",
    "State",
    "SystemGroup",
    "SystemUser",
    "identity_record",
    "look_at",
    "resource_from_record",
]
