"""System users, groups and memberships, by the tools of passwd(5)."""

import contextlib
import grp
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

from backends.machine import files
from backends.machine.run import run

_BACKUP_COPIES = tuple(
    Path(f"/etc/{name}-") for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
)


def user_exists(name: str) -> bool:
    """Whether there is a user of this name."""
    return _known(pwd.getpwnam, name)


def group_exists(name: str) -> bool:
    """Whether there is a group of this name."""
    return _known(grp.getgrnam, name)


def is_member(user: str, group: str) -> bool:
    """Whether the group lists the user as a member."""
    return group_exists(group) and user in grp.getgrnam(group).gr_mem


def add_user(name: str, home: str) -> None:
    """A system user with a group of its name, no shell, no password; the home directory is not made.

    Where files of an earlier user of this name are left in `home`, it gets the number that they belong to.
    """
    number = _number_left_behind(Path(home))
    same_number = ["--uid", str(number)] if number else []
    shell = "/usr/sbin/nologin"
    with _backup_copies_kept():
        run(
            [
                *("useradd", "--system", "--user-group", "--no-create-home", "-d", home, "-s", shell),
                *same_number,
                name,
            ]
        )


def remove_user(name: str) -> None:
    """Remove a user and the group of the same name.

    Files stay, but its home directory is closed: the number may be given to someone else one day.
    """
    home = Path(pwd.getpwnam(name).pw_dir)
    with _backup_copies_kept():
        run(["userdel", name])
    if home.is_dir():
        files.set_ownership(home, files.Ownership(0o700, "root", "root"))


def add_group(name: str) -> None:
    """A system group."""
    with _backup_copies_kept():
        run(["groupadd", "--system", name])


def remove_group(name: str) -> None:
    """Remove a group."""
    with _backup_copies_kept():
        run(["groupdel", name])


def set_member(user: str, group: str, *, is_member: bool) -> None:
    """Add a user to a group, or take it out."""
    with _backup_copies_kept():
        run(["gpasswd", "--add" if is_member else "--delete", user, group])


@contextlib.contextmanager
def _backup_copies_kept() -> Iterator[None]:
    """Leave /etc/passwd- and its kin as they were: a change that is taken back must leave /etc as found."""
    found = {path: path.read_bytes() if path.exists() else None for path in _BACKUP_COPIES}
    try:
        yield
    finally:
        for path, content in found.items():
            if content is None:
                files.remove(path)
            elif path.read_bytes() != content:
                who = files.ownership_of(path.stat())
                files.write_atomically(path, content, mode=who.mode, owner=who.owner, group=who.group)


def _number_left_behind(home: Path) -> int | None:
    """The number of a user that is gone, whose files are in this directory; None where there are none."""
    if not home.is_dir():
        return None
    numbers = {path.stat().st_uid for path in home.iterdir()} - {user.pw_uid for user in pwd.getpwall()}
    return min(numbers, default=None)


def _known(look_up: Callable[[str], object], name: str) -> bool:
    try:
        look_up(name)
    except KeyError:
        return False
    return True
