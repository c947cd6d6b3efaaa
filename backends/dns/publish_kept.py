"""What was in the DNS before records were published, kept so that it can be brought back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends.dns.publish import Key, Ours, RecordSet, SetChange, ZoneChanges
from backends.dns.settings import STATE
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.files import remove, write_atomically
from backends.text import clean

DIRECTORY = STATE
_OURS = "ours.json"


@dataclass(frozen=True)
class Kept:
    """One publication: when (UTC, as in its file's name), through whom, and what counted as ours before."""

    id: str
    publisher: str
    zones: tuple[ZoneChanges, ...]
    ours_before: Ours


def new_id(now: datetime | None = None) -> str:
    """A name for a publication; they sort by time."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"


def keep(kept: Kept, directory: Path = DIRECTORY) -> None:
    """Write it down, before anything is changed; raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    fields = {
        "publisher": kept.publisher,
        "zones": [
            {"zone": one.zone, "changes": [[_written(c.before), _written(c.after)] for c in one.changes]}
            for one in kept.zones
        ],
        "ours_before": _written_ours(kept.ours_before),
    }
    _write(_path(kept.id, directory), fields)


def forget(kept: Kept, directory: Path = DIRECTORY) -> None:
    """It was taken back, or never made."""
    remove(_path(kept.id, directory))


def newest(directory: Path = DIRECTORY) -> Kept | None:
    """The last publication that was not taken back; raises MailsteadError where its file can't be read."""
    paths = sorted(directory.glob("publish-*.json"))
    if not paths:
        return None
    fields = _read(paths[-1])
    try:
        zones = tuple(
            ZoneChanges(
                one["zone"], tuple(SetChange(_set(before), _set(after)) for before, after in one["changes"])
            )
            for one in fields["zones"]
        )
        return Kept(
            paths[-1].stem.removeprefix("publish-"), fields["publisher"], zones, _ours(fields["ours_before"])
        )
    except (LookupError, TypeError, ValueError) as problem:
        raise _unreadable(paths[-1], problem) from problem


def load_ours(directory: Path = DIRECTORY) -> dict[Key, tuple[str, ...]]:
    """What was published from here and not taken back; raises MailsteadError where it can't be read."""
    path = directory / _OURS
    if not path.exists():
        return {}
    try:
        return _ours(_read(path)["ours"])
    except (LookupError, TypeError, ValueError) as problem:
        raise _unreadable(path, problem) from problem


def save_ours(ours: Ours, directory: Path = DIRECTORY) -> None:
    """From now on this counts as published from here."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(directory / _OURS, {"ours": _written_ours(ours)})


def _path(name: str, directory: Path) -> Path:
    return directory / f"publish-{name}.json"


def _write(path: Path, fields: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(fields, indent=1).encode() + b"\n", mode=0o600)


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_text())
    except (OSError, ValueError) as problem:
        raise _unreadable(path, problem) from problem
    if not isinstance(fields, dict):
        raise _unreadable(path, ValueError(_("it is not what Mailstead wrote")))
    return fields


def _unreadable(path: Path, problem: Exception) -> MailsteadError:
    return MailsteadError(
        _("{path} can't be read").format(path=path),
        seen=clean(f"{type(problem).__name__}: {problem}", 200),
        next_step=_("move it away; what was published before can then not be taken back"),
    )


def _written(found: RecordSet | None) -> list[Any] | None:
    return [found.name, found.type, found.ttl, list(found.values)] if found else None


def _set(fields: list[Any] | None) -> RecordSet | None:
    if fields is None:
        return None
    name, kind, ttl, values = fields
    return RecordSet(str(name), str(kind), int(ttl), tuple(map(str, values)))


def _written_ours(ours: Ours) -> list[list[Any]]:
    return [[name, kind, list(values)] for (name, kind), values in sorted(ours.items())]


def _ours(rows: list[Any]) -> dict[Key, tuple[str, ...]]:
    return dict(_rows(rows))


def _rows(rows: list[Any]) -> Iterator[tuple[Key, tuple[str, ...]]]:
    for name, kind, values in rows:
        yield (str(name), str(kind)), tuple(map(str, values))
