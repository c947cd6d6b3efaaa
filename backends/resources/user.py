"""System users, groups and memberships."""

from dataclasses import dataclass

from backends.language import _
from backends.machine import users
from backends.resources.existence import Entry


@dataclass(frozen=True)
class SystemUser(Entry):
    """A user that runs a service or owns its files: no shell, no password, a group of the same name."""

    kind = "user"

    user: str
    home: str = "/nonexistent"

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user

    def exists(self) -> bool:
        """Whether it is there now."""
        return users.user_exists(self.user)

    def _set(self, *, exists: bool) -> None:
        if exists:
            users.add_user(self.user, self.home)
        else:
            users.remove_user(self.user)

    def _words(self, *, exists: bool) -> str:
        words = _("add the system user {user}") if exists else _("remove the system user {user}")
        return words.format(user=self.user)


@dataclass(frozen=True)
class SystemGroup(Entry):
    """A group that lets services share a socket or a file."""

    kind = "group"

    group: str

    @property
    def name(self) -> str:
        """The group's name."""
        return self.group

    def exists(self) -> bool:
        """Whether it is there now."""
        return users.group_exists(self.group)

    def _set(self, *, exists: bool) -> None:
        if exists:
            users.add_group(self.group)
        else:
            users.remove_group(self.group)

    def _words(self, *, exists: bool) -> str:
        words = _("add the group {group}") if exists else _("remove the group {group}")
        return words.format(group=self.group)


@dataclass(frozen=True)
class Membership(Entry):
    """That a user is a member of a group."""

    kind = "membership"

    user: str
    group: str

    @property
    def name(self) -> str:
        """User and group."""
        return f"{self.user}@{self.group}"

    def exists(self) -> bool:
        """Whether it is there now."""
        return users.is_member(self.user, self.group)

    def _set(self, *, exists: bool) -> None:
        users.set_member(self.user, self.group, is_member=exists)

    def _words(self, *, exists: bool) -> str:
        words = _("add {user} to the group {group}") if exists else _("take {user} out of the group {group}")
        return words.format(user=self.user, group=self.group)
