"""What a receiver makes of an SPF record (RFC 7208, section numbers below).

The one library for it was last released in 2020 and asks one question after the other.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import quote

from backends.dns.asking import Answer
from backends.dns.settings import IPAddress
from backends.dns.tags import is_spf

Result = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"]
Resolve = Callable[[str, str], Awaitable[Answer]]

MOST_LOOKUPS = 10
_MOST_VOID = 2
_MOST_NAMES = 10
"""Section 4.6.4."""

_RESULTS: dict[str, Result] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = re.compile(
    r"([-+?~]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:](.+?))?((?:/\d{1,3})?(?://\d{1,3})?)",
    re.IGNORECASE,
)
_WITH_ARGUMENT = frozenset({"include", "ip4", "ip6", "exists"})
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.IGNORECASE)
_MACRO = re.compile(r"%(?:\{([slodiphcrtv])(\d*)(r?)([-.+,/_=]*)\}|(.?))", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What comes out, after how many look-ups, and why where it is an error."""

    result: Result
    lookups: int
    reason: str = ""


async def evaluate(
    domain: str, address: IPAddress, resolve: Resolve, *, sender: str = "", text: str = ""
) -> Verdict:
    """What a receiver decides of mail from `sender` that an address brings.

    `text` is judged as the domain's record, where it is given; otherwise the one that is published.
    """
    evaluation = _Evaluation(address, sender or f"postmaster@{domain}", resolve)
    try:
        result = await evaluation.check_host(domain, text)
    except _Ended as ended:
        return Verdict(ended.result, evaluation.lookups, ended.reason)
    return Verdict(result, evaluation.lookups)


class _Ended(Exception):
    """An error, after which nothing else of the record counts."""

    def __init__(self, result: Literal["permerror", "temperror"], reason: str) -> None:
        super().__init__(reason)
        self.result: Result = result
        self.reason = reason


class _Evaluation:
    """One run of check_host() with its count of look-ups (section 4)."""

    def __init__(self, address: IPAddress, sender: str, resolve: Resolve) -> None:
        self.lookups = 0
        self._voids = 0
        self._address = address
        self._sender = sender
        self._resolve = resolve

    async def check_host(self, domain: str, text: str = "") -> Result:
        """The result for one record, with those that it includes."""
        text = text or await self._record(domain)
        if not text:
            return "none"
        redirect = ""
        terms = text.split()[1:]
        for term in terms:
            if (modifier := _MODIFIER.fullmatch(term)) and modifier[1].lower() == "redirect":
                redirect = modifier[2]
        for term in terms:
            if _MODIFIER.fullmatch(term):
                continue
            parsed = _TERM.fullmatch(term)
            if not parsed or (parsed[2].lower() in _WITH_ARGUMENT and not parsed[3]):
                raise _Ended("permerror", f"{term}?")
            if await self._matches(parsed[2].lower(), parsed[3] or "", parsed[4], domain):
                return _RESULTS[parsed[1] or "+"]
        if not redirect:
            return "neutral"
        self._count()
        result = await self.check_host(self._expand(redirect, domain))
        if result == "none":
            raise _Ended("permerror", f"redirect={redirect}?")
        return result

    async def _record(self, domain: str) -> str:
        answer = await self._ask(domain, "TXT")
        found = [value for value in answer.values if is_spf(value)]
        if len(found) > 1:
            raise _Ended("permerror", f"{domain}: {len(found)} × v=spf1")
        return found[0] if found else ""

    async def _matches(self, mechanism: str, argument: str, lengths: str, domain: str) -> bool:
        match mechanism:
            case "all":
                return True
            case "ip4" | "ip6":
                return self._is_within(argument + lengths)
            case "include":
                self._count()
                result = await self.check_host(self._expand(argument, domain))
                if result == "none":
                    raise _Ended("permerror", f"include:{argument}?")
                return result == "pass"
            case "exists":
                self._count()
                return bool((await self._ask(self._expand(argument, domain), "A", counts=True)).values)
            case "ptr":
                self._count()
                return False  # "do not use" (section 5.5): receivers may pass it over, so it proves nothing
        self._count()
        target = self._expand(argument, domain) if argument else domain
        if mechanism == "a":
            return await self._has_own(target, lengths)
        mail = (await self._ask(target, "MX", counts=True)).values
        if len(mail) > _MOST_NAMES:
            raise _Ended("permerror", f"mx:{target}: {len(mail)} × MX")
        targets = [value.split()[-1] for value in mail]
        return any([await self._has_own(name, lengths) for name in targets if name != "."])

    async def _has_own(self, name: str, lengths: str) -> bool:
        kind = "A" if self._address.version == 4 else "AAAA"
        four, _slashes, six = lengths.partition("//")
        length = four if kind == "A" else six and f"/{six}"
        values = (await self._ask(name, kind, counts=True)).values
        return any(self._is_within(value + length) for value in values)

    def _is_within(self, text: str) -> bool:
        try:
            network: IPv4Network | IPv6Network = ip_network(text, strict=False)
        except ValueError as problem:
            raise _Ended("permerror", f"{text}?") from problem
        return self._address in network

    async def _ask(self, name: str, kind: str, *, counts: bool = False) -> Answer:
        answer = await self._resolve(name, kind)
        if answer.problem:
            raise _Ended("temperror", f"{name} {kind}: {answer.problem}")
        if counts and not answer.values:
            self._voids += 1
            if self._voids > _MOST_VOID:
                raise _Ended("permerror", f"{name} {kind}: > {_MOST_VOID} × void")
        return answer

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Ended("permerror", f"> {MOST_LOOKUPS} look-ups")

    def _expand(self, text: str, domain: str) -> str:
        """The name that a macro string stands for (section 7)."""
        local, _at, of = self._sender.rpartition("@")
        values = {
            "s": self._sender,
            "l": local,
            "o": of,
            "d": domain,
            "h": domain,
            "i": _dotted(self._address),
            "p": "unknown",
            "v": "in-addr" if self._address.version == 4 else "ip6",
        }

        def value(found: re.Match[str]) -> str:
            if not found[1]:
                escapes = {"%": "%", "_": " ", "-": "%20"}
                if found[5] not in escapes:
                    raise _Ended("permerror", f"{text}?")
                return escapes[found[5]]
            parts = re.split(f"[{re.escape(found[4] or '.')}]", values.get(found[1].lower(), "unknown"))
            parts = parts[::-1] if found[3] else parts
            kept = ".".join(parts[-int(found[2]) :] if found[2] and int(found[2]) else parts)
            return quote(kept, safe="") if found[1].isupper() else kept

        return _MACRO.sub(value, text)


def _dotted(address: IPAddress) -> str:
    return str(address) if address.version == 4 else ".".join(ip_address(address).exploded.replace(":", ""))
