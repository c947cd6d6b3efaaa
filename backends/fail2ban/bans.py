"""Who is banned now, and banning and unbanning by hand, through fail2ban-client(1)."""

import ast
import ipaddress
import json
import re
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from backends.errors import CommandFailed
from backends.language import _
from backends.machine.facts import IPAddress, IPNetwork
from backends.machine.run import run
from backends.text import clean

HAND_JAIL = "recidive"
"""Where bans by hand go: it closes every port."""

_TABLE = ("inet", "f2b-table")
_SET_PREFIX = re.compile("^addr6?-set-")
_MEMORY = Path("/var/lib/fail2ban/fail2ban.sqlite3")


@dataclass(frozen=True)
class Ban:
    """An address or network that a jail shuts out; `since` and `until` are not always known."""

    address: IPNetwork | IPAddress
    jail: str
    since: datetime | None = None
    until: datetime | None = None
    times_before: int = 0


def list_bans() -> tuple[Ban, ...]:
    """Every ban in force, by jail and address. Raises CommandFailed where fail2ban does not answer."""
    answer = _ask("banned")
    try:
        jails: list[dict[str, list[str]]] = ast.literal_eval(answer.strip() or "[]")
        found = [
            (_address(text), str(name)) for jail in jails for name, texts in jail.items() for text in texts
        ]
    except (ValueError, SyntaxError, AttributeError, TypeError) as problem:
        raise CommandFailed(
            _("fail2ban's list of bans can't be read"),
            tried="fail2ban-client banned",
            seen=clean(answer, 200),
        ) from problem
    remembered = _remembered()
    bans = [remembered.get((name, str(address)), Ban(address, clean(name))) for address, name in found]
    return tuple(sorted(bans, key=lambda ban: (ban.jail, ban.address.version, str(ban.address))))


def ban(address: IPAddress) -> None:
    """Close every port to this address, for as long as the jail for those who come back says."""
    _ask("set", HAND_JAIL, "banip", str(address))


def unban(address: IPNetwork | IPAddress) -> bool:
    """Let an address or network in again, in every jail; whether it was shut out of any."""
    return _ask("unban", str(address)).strip() not in {"", "0"}


def bans_not_in_force(jails: Collection[str]) -> tuple[Ban, ...]:
    """Bans of these jails that the kernel does not know of, because someone has emptied its tables.

    Raises CommandFailed where fail2ban or nft does not answer.
    """
    lost = _unknown_to_the_kernel(jails)
    # One that begins or ends just now is in one of the two lists only; it is not when both are read again.
    return tuple(ban for ban in _unknown_to_the_kernel(jails) if ban in lost) if lost else ()


def watching_jails() -> tuple[str, ...]:
    """The jails that are at work. Raises CommandFailed where fail2ban does not answer."""
    for line in _ask("status").splitlines():
        if "Jail list:" in line:
            names = line.split("Jail list:", 1)[1]
            return tuple(clean(name.strip()) for name in names.split(",") if name.strip())
    return ()


def _ask(*words: str) -> str:
    answer = run(["fail2ban-client", *words], check=False)
    if not answer.is_ok:
        raise CommandFailed(
            _("fail2ban does not answer as it should"),
            tried=" ".join(answer.argv),
            seen=answer.complaint(),
            next_step=_("mailstead check fail2ban"),
        )
    return answer.text


def _address(text: str) -> IPNetwork | IPAddress:
    return ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text)


def _unknown_to_the_kernel(jails: Collection[str]) -> tuple[Ban, ...]:
    bans = [ban for ban in list_bans() if ban.jail in jails]
    shut_out = _shut_out() if bans else frozenset()
    return tuple(ban for ban in bans if (ban.jail, str(ban.address)) not in shut_out)


def _shut_out() -> frozenset[tuple[str, str]]:
    """Jails and addresses as the sets of fail2ban's table hold them (action.d/nftables.conf)."""
    answer = run(["nft", "--json", "list", "table", *_TABLE], check=False)
    if not answer.is_ok:
        if b"No such file or directory" in answer.stderr:
            return frozenset()
        raise CommandFailed(
            _("nft can't list the table of the bans"), tried=" ".join(answer.argv), seen=answer.complaint()
        )
    sets = [item["set"] for item in json.loads(answer.stdout)["nftables"] if "set" in item]
    return frozenset(
        (_SET_PREFIX.sub("", one["name"]), _element(element))
        for one in sets
        for element in one.get("elem", ())
    )


def _element(element: Any) -> str:
    """An element of a set in nft's JSON (libnftables-json(5)) as fail2ban writes it."""
    if isinstance(element, dict) and "prefix" in element:
        return f"{element['prefix']['addr']}/{element['prefix']['len']}"
    return str(element)


def _remembered() -> Mapping[tuple[str, str], Ban]:
    """What fail2ban's own database says of the times of bans, by jail and address; it may not be there."""
    if not _MEMORY.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{_MEMORY}?mode=ro", uri=True, timeout=1)) as memory:
            rows = memory.execute("SELECT jail, ip, timeofban, bantime, bancount FROM bips").fetchall()
    except sqlite3.Error:
        return {}
    return {
        (jail, ip): _ban(jail, ip, int(since), int(seconds), int(count))
        for jail, ip, since, seconds, count in rows
    }


def _ban(jail: str, ip: str, since: int, seconds: int, count: int) -> Ban:
    start = datetime.fromtimestamp(since, UTC)
    end = start + timedelta(seconds=seconds) if seconds >= 0 else None
    return Ban(_address(ip), clean(jail), start, end, max(count - 1, 0))
