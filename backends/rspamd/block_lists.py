"""DNS block lists: which of Rspamd's own rules answers turn on, and rules for lists new to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SHIPPED = {
    # modules.d/rbl.conf: rules that judge the sending server's address, by the zone that they ask
    "spamhaus": "zen.spamhaus.org",
    "mailspike": "rep.mailspike.net",
    "senderscore": "bl.score.senderscore.com",
    "sem": "bl.spameatingmonkey.net",
    "semIPv6": "bl.ipv6.spameatingmonkey.net",
    "virusfree": "bip.virusfree.cz",
    "blocklistde": "bl.blocklist.de",
}
_SHIPPED_IN = {
    "bookworm": {**_SHIPPED, "nixspam": "ix.dnsbl.manitu.net"},
    "trixie": {**_SHIPPED, "senderscore_reputation": "score.senderscore.com"},
}


@dataclass(frozen=True)
class ShippedRule:
    """A rule that comes with Rspamd, and whether the answers name its list."""

    name: str
    is_wanted: bool


@dataclass(frozen=True)
class AddedRule:
    """A rule for a list that Rspamd doesn't come with."""

    name: str
    zone: str
    symbol: str


def shipped_rules(lists: Sequence[str], release: str) -> tuple[ShippedRule, ...]:
    """Each rule of that Debian release's Rspamd, on or off."""
    return tuple(ShippedRule(name, zone in lists) for name, zone in _SHIPPED_IN[release].items())


def added_rules(lists: Sequence[str], release: str) -> tuple[AddedRule, ...]:
    """A rule for each other list, scored when it lists the sending server."""
    known = set(_SHIPPED_IN[release].values())
    others = (zone for zone in dict.fromkeys(lists) if zone not in known)
    return tuple(AddedRule(f"mailstead_{_word(zone)}", zone, f"RBL_{_word(zone).upper()}") for zone in others)


def _word(zone: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", zone.lower())
