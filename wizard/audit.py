"""Who did what through Mailstead: a line of JSON in the audit log for each command that changes things."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from backends.text import clean

AUDIT_LOG = Path("/var/log/mailstead/audit.log")


def record(
    command: Sequence[str],
    status: int,
    environment: Mapping[str, str] = os.environ,
    log: Path = AUDIT_LOG,
) -> None:
    """Add a line: when (UTC), who (the user before sudo, and the SSH peer), what, and the exit status.

    Does nothing where Mailstead has not set up its log directory. Commands hold no secrets: those come by
    standard input.
    """
    if not log.parent.is_dir():
        return
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "user": clean(environment.get("SUDO_USER") or environment.get("USER") or "root", 64),
        "from": clean(environment.get("SSH_CONNECTION", "").partition(" ")[0] or "console", 64),
        "command": [clean(word, 400) for word in command],
        "status": status,
    }
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)
