"""Files that Mailstead owns whole: content, mode, owner."""

import difflib
import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from backends.machine import files
from backends.resources.base import Action, Description, FetchImage, KeepImage, Record, Resource, State
from backends.text import clean_lines


@dataclass(frozen=True)
class FileState(State):
    """What stands at a path.

    `type` is "absent", "file", "link" or "other" (a directory, a device: never replaced). Permission bits and
    owners count for files only. Two files are equal when their contents have the same SHA-256: the content
    itself may be unknown (None), where a journal must not keep a secret.
    """

    type: str
    content: bytes | None = field(default=b"", compare=False, repr=False)
    mode: int = 0
    owner: str = ""
    group: str = ""
    target: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if self.type == "file" and self.content is not None:
            object.__setattr__(self, "digest", hashlib.sha256(self.content).hexdigest())

    def record(self, keep: KeepImage) -> Record:
        """The state with its content kept as an image."""
        if self.type == "link":
            return {"type": "link", "target": self.target}
        if self.type != "file":
            return {"type": self.type}
        return {
            "type": "file",
            "image": self.digest if self.content is None else keep(self.content),
            "mode": self.mode,
            "owner": self.owner,
            "group": self.group,
        }


ABSENT = FileState("absent")


@dataclass(frozen=True)
class File(Resource):
    """A file with exactly this content; `content=None` means that no file should be there.

    `validate` is a command that must succeed once the file is in place and before a service reads it. A
    secret file's content is shown nowhere.
    """

    kind = "file"

    path: str
    content: bytes | None
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    validate: tuple[str, ...] = ()
    is_secret: bool = False

    @property
    def name(self) -> str:
        """The path."""
        return self.path

    @property
    def validators(self) -> tuple[tuple[str, ...], ...]:
        """The command given as `validate`."""
        return (self.validate,) if self.validate else ()

    @property
    def keeps_secret(self) -> bool:
        """What was said of it."""
        return self.is_secret

    def identity(self) -> Record:
        """The path, and whether its content may be shown."""
        return {"path": self.path, "is_secret": self.is_secret}

    @classmethod
    def from_identity(cls, identity: Record) -> Self:
        """The file at that path, with nothing said of what it should hold."""
        return cls(identity["path"], None, is_secret=identity["is_secret"])

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """What stands at each path."""
        return [file_state(Path(resource.path)) for resource in resources]

    def wanted(self, now: State) -> State:  # noqa: ARG002  what is there does not matter to a whole file
        """The file with its content, owner and mode."""
        if self.content is None:
            return ABSENT
        return FileState("file", self.content, self.mode, self.owner, self.group)

    def put(self, state: State) -> None:
        """Write, link or remove it, atomically."""
        put_file(Path(self.path), state)

    def describe(self, now: State, wanted: State) -> Description:
        """The path and a unified diff."""
        return describe_file(self.path, now, wanted, is_secret=self.is_secret)

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:
        """The recorded state with its content fetched."""
        return file_state_from_record(record, fetch)


def file_state(path: Path) -> FileState:
    """What stands at this path now."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    if stat.S_ISLNK(status.st_mode):
        return FileState("link", target=str(path.readlink()))
    if not stat.S_ISREG(status.st_mode):
        return FileState("other")
    who = files.ownership_of(status)
    return FileState("file", path.read_bytes(), who.mode, who.owner, who.group)


def put_file(path: Path, state: State) -> None:
    """Bring a path into a recorded or wanted state."""
    if not isinstance(state, FileState):
        raise TypeError(state)
    if state.type == "absent":
        files.remove(path)
    elif state.type == "link":
        files.link_atomically(path, state.target)
    elif state.type == "file" and state.content is not None:
        files.write_atomically(path, state.content, mode=state.mode, owner=state.owner, group=state.group)
    else:
        raise TypeError(f"{path} can't become a {state.type}")


def file_state_from_record(record: Record, fetch: FetchImage) -> FileState:
    """The file state that a record speaks of; without its content where that was not kept."""
    fields = dict(record)
    digest = fields.pop("image", "")
    try:
        content = fetch(digest) if digest else b""
    except FileNotFoundError:
        content = None
    return FileState(content=content, digest=digest, **fields)


def describe_file(path: str, now: State, wanted: State, *, is_secret: bool) -> Description:
    """A change of a file in words and as a unified diff; of a secret one only that it changes."""
    if not isinstance(now, FileState) or not isinstance(wanted, FileState):
        raise TypeError(now, wanted)
    if wanted.type == "absent":
        return Description(Action.REMOVE, f"remove {path}", "" if is_secret else _diff(path, now, wanted))
    action = Action.CREATE if now.type == "absent" else Action.MODIFY
    words = {Action.CREATE: f"write {path}", Action.MODIFY: f"change {path}"}[action]
    return Description(action, words, "" if is_secret else _diff(path, now, wanted))


def _diff(path: str, now: FileState, wanted: FileState) -> str:
    lines = [*_ownership_lines(now, wanted)]
    if now.type == "link":
        lines.append(f"- a link to {now.target}")
    lines += difflib.unified_diff(
        _shown_lines(now.content),
        _shown_lines(wanted.content),
        "/dev/null" if now.type == "absent" else path,
        "/dev/null" if wanted.type == "absent" else path,
        lineterm="",
    )
    return "\n".join(lines)


def _ownership_lines(now: FileState, wanted: FileState) -> list[str]:
    if now.type != "file" or wanted.type != "file":
        return []
    before, after = (f"{s.mode:04o} {s.owner}:{s.group}" for s in (now, wanted))
    return [] if before == after else [f"- {before}", f"+ {after}"]


def _shown_lines(content: bytes | None) -> list[str]:
    if content is None:
        return ["(not kept)"]
    if b"\0" in content:
        return [f"(binary, {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()[:16]})"]
    return clean_lines(content.expandtabs(8)).splitlines()
