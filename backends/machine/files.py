"""Files: read whole, written whole, never half."""

import contextlib
import grp
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ownership:
    """Who owns a file and with which permission bits."""

    mode: int
    owner: str
    group: str


def ownership_of(status: os.stat_result) -> Ownership:
    """Mode bits, owner and group by name; an id without a name stays a number."""
    return Ownership(stat.S_IMODE(status.st_mode), _user_name(status.st_uid), _group_name(status.st_gid))


def set_ownership(descriptor: int | Path, wanted: Ownership) -> None:
    """Give a file, open or by path, its owner, group and mode; raises LookupError for an unknown name."""
    os.chown(descriptor, user_id(wanted.owner), group_id(wanted.group))
    os.chmod(descriptor, wanted.mode)  # noqa: PTH101  open files too


def write_atomically(
    path: Path, content: bytes, *, mode: int = 0o644, owner: str = "root", group: str = "root"
) -> None:
    """Replace or make a file: the old content or the new is there, also after a power cut.

    The new file is complete on disk (fsync) and has its owner and mode before it takes the name.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".mailstead", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            set_ownership(file.fileno(), Ownership(mode, owner, group))
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    sync_directory(path.parent)


def link_atomically(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target`, whatever file or link was there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.mailstead")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    temporary.symlink_to(target)
    temporary.replace(path)
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Remove a file or link; fine when it is not there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable (fsync(2): a file's own sync does not cover its name)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def user_id(name: str) -> int:
    """The numeric id of a user; raises LookupError when there is none."""
    return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid


def group_id(name: str) -> int:
    """The numeric id of a group; raises LookupError when there is none."""
    return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
