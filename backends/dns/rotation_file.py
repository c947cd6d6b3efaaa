"""The change of DKIM keys on disk, beside the keys: whoever brings those back knows which of them signs."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from backends.dns.rotation import Coming, Leaving, Rotation
from backends.errors import MailsteadError
from backends.language import _
from backends.machine.files import write_atomically
from backends.rspamd.settings import DKIM_DIRECTORY
from backends.text import clean

FILE = Path(DKIM_DIRECTORY, "rotation.json")


def load_rotation(path: Path = FILE) -> Rotation:
    """How it stands; where nothing was ever changed, the first pair signs.

    Raises MailsteadError when the file can't be read.
    """
    try:
        text = path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return Rotation()
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    try:
        fields = json.loads(text)
        coming = fields["coming"]
        return Rotation(
            signing=int(fields["signing"]),
            coming=_coming(coming) if coming else None,
            leaving=tuple(Leaving(int(one["pair"]), _moment(one["since"])) for one in fields["leaving"]),
            gone=tuple(map(int, fields["gone"])),
            last=int(fields["last"]),
        )
    except (LookupError, TypeError, ValueError) as problem:
        raise _unreadable(path, problem) from problem


def save_rotation(rotation: Rotation, path: Path = FILE) -> None:
    """Write it down; raises OSError."""
    coming = rotation.coming
    fields = {
        "signing": rotation.signing,
        "coming": {
            "pair": coming.pair,
            "made_at": coming.made_at.isoformat(),
            "seen_since": coming.seen_since.isoformat() if coming.seen_since else None,
            "ttl": coming.ttl,
            "waits_for": coming.waits_for,
            "is_switching": coming.is_switching,
            "is_held": coming.is_held,
        }
        if coming
        else None,
        "leaving": [{"pair": one.pair, "since": one.since.isoformat()} for one in rotation.leaving],
        "gone": list(rotation.gone),
        "last": rotation.last,
    }
    write_atomically(path, json.dumps(fields, indent=1).encode() + b"\n", mode=0o600)


def _coming(fields: dict[str, Any]) -> Coming:
    seen = fields["seen_since"]
    return Coming(
        pair=int(fields["pair"]),
        made_at=_moment(fields["made_at"]),
        seen_since=_moment(seen) if seen else None,
        ttl=int(fields["ttl"]),
        waits_for=clean(str(fields["waits_for"])),
        is_switching=bool(fields["is_switching"]),
        is_held=bool(fields["is_held"]),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _unreadable(path: Path, problem: Exception) -> MailsteadError:
    return MailsteadError(
        _("{path} can't be read").format(path=path),
        seen=clean(f"{type(problem).__name__}: {problem}", 200),
        next_step=_("bring it back from a backup; it says which DKIM keys sign"),
    )
