"""Runs the console's queue panel on this terminal, over a queue full of what attackers send."""

import json
from collections.abc import Generator
from typing import Any

from backends.postfix import queue, queue_headers
from screens.app import CONSOLE, MailsteadApp
from screens.console import queue_feed
from screens.console.console_screen import ConsoleScreen

HOSTILE = "evil\x1b]52;c;eA==\x07[/x][bold]\u202egnp.exe\x9b2J\x7f\u2028end"


def stream(argv: list[str], *, timeout: float) -> Generator[bytes, None, None]:
    """What Postfix would say; JSON's own escapes for one message, the bare characters for another."""
    assert timeout
    if argv[0] == "postcat":
        yield f"Subject: {HOSTILE}\nX-Encoded: =?utf-8?b?G10wO2V2aWwH?=\n\t{HOSTILE}\n".encode()
        return
    entry: dict[str, Any] = {
        "queue_name": "deferred",
        "queue_id": "4jYZG3146tzFGGD",
        "arrival_time": 1700000000,
        "message_size": 512,
        "sender": HOSTILE,
        "recipients": [{"address": HOSTILE, "delay_reason": HOSTILE}],
    }
    yield json.dumps(entry).encode() + b"\n"
    entry["queue_id"] = "4jYZG72bw4zFNZj"
    bare = json.dumps(entry, ensure_ascii=False)
    for escaped, character in (("\\u001b", "\x1b"), ("\\u0007", "\x07")):
        bare = bare.replace(escaped, character)
    yield bare.encode() + b"\n"


if __name__ == "__main__":
    queue.stream = queue_headers.stream = stream  # type: ignore[attr-defined,assignment]
    queue_feed.list_names = list  # type: ignore[attr-defined,assignment]
    MailsteadApp.MODES[CONSOLE] = lambda: ConsoleScreen("queue")
    MailsteadApp(is_read_only=True).run()
