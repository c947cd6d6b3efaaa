"""The messages in a Maildir, looked at from outside: no flag changes, nothing is moved."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StoredMail:
    """A message's file. `name` stays the same when its flags change (maildir(5))."""

    name: str
    path: Path


def stored_mail(maildir: Path) -> Iterator[StoredMail]:
    """Every message in the mailbox and its folders; none where there is no mailbox yet.

    Each folder's `new` comes before its `cur`: a message on its way from one to the other is not missed.
    Names that no mail server gives are passed over.
    """
    for folder in (maildir, *_folders(maildir)):
        for part in ("new", "cur"):
            for entry in _entries(folder / part):
                if entry.name.isascii() and entry.is_file(follow_symlinks=False):
                    yield StoredMail(entry.name.partition(":")[0], Path(entry.path))


def read_beginning(path: Path, size: int) -> bytes:
    """Up to `size` bytes of a plain file, never of what a link leads to; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(size)


def _folders(maildir: Path) -> Iterator[Path]:
    for entry in _entries(maildir):
        if entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
