"""When mail was last backed up, as far as this machine can see by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wizard.answers import Answers


@dataclass(frozen=True)
class BackupState:
    """The last snapshot and the last drill; None where there was none that can be seen from here.

    `is_wanted` is whether the answers name a repository; `is_visible` whether one of them is on this machine.
    """

    last: datetime | None
    drill: datetime | None
    is_wanted: bool
    is_visible: bool


def backup_state(answers: Answers) -> BackupState:
    """Looks into repositories on this machine; others take a connection and are not asked."""
    paths = [Path(one.url) for one in answers.backups.repositories if one.url.startswith("/")]
    return BackupState(
        last=_newest(path / "snapshots" for path in paths),
        drill=None,  # nothing on this machine tries a restore by itself yet
        is_wanted=bool(answers.backups.repositories),
        is_visible=bool(paths),
    )


def _newest(directories: Iterable[Path]) -> datetime | None:
    """When the newest snapshot was written: restic keeps a file for each in `snapshots/`."""
    found = [
        file.stat().st_mtime
        for directory in directories
        if directory.is_dir()
        for file in directory.rglob("*")
        if file.is_file()
    ]
    return datetime.fromtimestamp(max(found), UTC) if found else None
