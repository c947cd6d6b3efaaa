"""The crash-safe record of a run, and the stream of events that faces follow.

A run has a directory: `journal.jsonl` with one event a line, `images/` with the contents of files before and
after they changed (named by their SHA-256), `answers.toml` with what was asked for. Everything in it is
readable by root only.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends.machine import files
from backends.resources import KeepImage, Resource

RESERVE = 8 << 20
"""Bytes held back during a run: more than all configuration files together."""


@dataclass(frozen=True)
class Event:
    """One line of a journal: what happened, when (UTC), and its particulars as JSON values."""

    name: str
    at: str
    fields: dict[str, Any]

    def as_line(self) -> str:
        """The event as one line of JSON."""
        return json.dumps({"event": self.name, "at": self.at, **self.fields}, ensure_ascii=True)


Listener = Callable[[Event], None]


class Journal:
    """The journal of one run, open for writing; the caller holds the lock."""

    def __init__(self, directory: Path, listeners: tuple[Listener, ...] = ()) -> None:
        """Make the run's directory, or open it again; an unfinished last line is taken away."""
        self.directory = directory
        self._listeners = listeners
        make_private(directory)
        make_private(directory / "images")
        path = directory / "journal.jsonl"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _drop_torn_line(self._descriptor)
        files.sync_directory(directory)

    def write(self, name: str, **fields: Any) -> None:
        """Add an event; it is on disk when this returns, and only then do the listeners hear of it."""
        event = Event(name, datetime.now(UTC).isoformat(timespec="milliseconds"), fields)
        _write_all(self._descriptor, event.as_line().encode() + b"\n")
        os.fsync(self._descriptor)
        for listener in self._listeners:
            listener(event)

    def reserve(self) -> None:
        """Hold some disk space back, so that a stage can be taken back when the disk is full.

        Raises OSError when there is not even that much.
        """
        with open_private(self.directory / "reserve") as descriptor:
            os.posix_fallocate(descriptor, 0, RESERVE)

    def free_reserve(self) -> None:
        """Let go of the space that was held back."""
        (self.directory / "reserve").unlink(missing_ok=True)

    def keep(self, content: bytes) -> str:
        """Store a file's content durably; gives its name."""
        name = digest(content)
        path = self.directory / "images" / name
        if not path.exists():
            files.write_atomically(path, content, mode=0o600)
        return name

    def keeper_for(self, resource: Resource) -> KeepImage:
        """How the content that a change left is recorded: of a secret only its SHA-256."""
        return digest if resource.keeps_secret else self.keep

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def digest(content: bytes) -> str:
    """The name that a content is stored under: its SHA-256."""
    return hashlib.sha256(content).hexdigest()


def image(directory: Path, name: str) -> bytes:
    """A stored content of a run; raises FileNotFoundError."""
    return (directory / "images" / name).read_bytes()


def read_events(directory: Path) -> Iterator[Event]:
    """The events of a run so far, in order; a line that was cut off by a crash is left out."""
    path = directory / "journal.jsonl"
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield parse_event(line)


def parse_event(line: bytes) -> Event:
    """The event that a line of a journal holds; raises ValueError."""
    fields = json.loads(line)
    return Event(fields.pop("event"), fields.pop("at"), fields)


def new_run_id(now: datetime) -> str:
    """A name for a run that sorts by time and does not repeat: 20261124T031500Z-4f2a."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(2).hex()}"


@contextlib.contextmanager
def open_private(path: Path) -> Iterator[int]:
    """A descriptor of a file that only root reads, made where it is missing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def make_private(directory: Path) -> None:
    """A directory for root alone; fine when it is there."""
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
        files.sync_directory(directory.parent)


def _drop_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    if content and not content.endswith(b"\n"):
        os.ftruncate(descriptor, content.rfind(b"\n") + 1)


def _write_all(descriptor: int, content: bytes) -> None:
    """Write it whole, or leave the file as it was: a full disk must not leave half a line."""
    size = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, content)
        while written < len(content):
            written += os.write(descriptor, content[written:])
    except OSError:
        os.ftruncate(descriptor, size)
        raise
