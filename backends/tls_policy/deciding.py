"""How mail for a domain is to be encrypted."""

import asyncio
import http
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from backends.dns.asking import Answer, Asker
from backends.dns.mta_sts import policy_host
from backends.dns.policy_check import Fetched
from backends.language import _
from backends.tls_policy.memory import Memory
from backends.tls_policy.policy import BadPolicy, Policy, published_id, read_policy

DANE = "dane"
"""smtp_tls_policy_maps' word for: what the TLSA records say (RFC 7672)."""

_AGAIN_AFTER = 300.0
"""Seconds until a policy that could not be fetched is asked for again (RFC 8461 section 3.3)."""
_MOST_FAILURES = 10_000
_MOST_HOSTS = 10
_DOMAIN = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

Fetch = Callable[[str, Sequence[str]], Awaitable[Fetched]]
Say = Callable[[str], object]


class Deciding:
    """Asks the DNS for each domain, and fetches a policy where there is another than the one that is kept.

    `ask` gives somebody to ask for each question: one that found a resolver silent asks it no more.
    """

    def __init__(
        self, ask: Callable[[], Asker], fetch: Fetch, memory: Memory, *, has_dane: bool, say: Say
    ) -> None:
        self._ask, self._fetch, self._memory, self._say = ask, fetch, memory, say
        self._has_dane = has_dane
        self._fetching: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failed: dict[tuple[str, str], float] = {}

    async def decide(self, destination: str) -> str:
        """What smtp_tls_policy_maps gets to know of a next hop; empty for: as for any other.

        DANE goes first (RFC 8461 section 2). A next hop in brackets or with a port is no mail domain.
        """
        domain = destination.lower().removesuffix(".")
        if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
            return ""
        asker = self._ask()
        if self._has_dane and await _has_dane(asker, domain):
            return DANE
        policy = await self._policy_of(asker, domain)
        return policy.lookup if policy else ""

    async def _policy_of(self, asker: Asker, domain: str) -> Policy | None:
        """The policy in force: a kept one stays in force when the new one can't be fetched (section 5.1)."""
        answer = await asker.resolve(f"_mta-sts.{domain}", "TXT")
        published = published_id(answer.values)
        kept = self._memory.recall(domain)
        if not published or (kept and kept.id == published) or self._has_just_failed(domain, published):
            return kept
        async with self._fetching[domain]:
            kept = self._memory.recall(domain)  # another question may have fetched it meanwhile
            if not (kept and kept.id == published) and not self._has_just_failed(domain, published):
                kept = await self._fetched(asker, domain, published) or kept
        self._fetching.pop(domain, None)
        return kept

    async def _fetched(self, asker: Asker, domain: str, published: str) -> Policy | None:
        host = policy_host(domain)
        v4, v6 = await asyncio.gather(asker.resolve(host, "A"), asker.resolve(host, "AAAA"))
        fetched = await self._fetch(host, (*v4.values, *v6.values))
        try:
            policy = read_policy(_body(fetched), published)
        except BadPolicy as problem:
            self._say(f"{domain}: {problem.describe()}")
            self._remember_failure(domain, published)
            return None
        try:
            self._memory.keep(domain, policy)
        except sqlite3.Error as problem:  # a full disk, say: it holds all the same, and is fetched again
            self._say(f"{domain}: {problem}")
        self._say(f"{domain}: {policy.mode} {' '.join(policy.hosts)}")
        return policy

    def _has_just_failed(self, domain: str, published: str) -> bool:
        return self._failed.get((domain, published), 0.0) > time.monotonic()

    def _remember_failure(self, domain: str, published: str) -> None:
        if len(self._failed) >= _MOST_FAILURES:
            self._failed.clear()
        self._failed[domain, published] = time.monotonic() + _AGAIN_AFTER


async def _has_dane(asker: Asker, domain: str) -> bool:
    """Whether a mail server of the domain has TLSA records that can be believed, or might have: Postfix then
    finds out, and waits where the records can't be had (RFC 7672 section 2.2).
    """
    found = await asker.resolve(domain, "MX")
    if found.problem or not found.is_secure:
        return False
    hosts = [value.split()[-1] for value in found.values[:_MOST_HOSTS]] or [f"{domain}."]
    records: Sequence[Answer] = await asyncio.gather(
        *(asker.resolve(f"_25._tcp.{host}", "TLSA") for host in hosts if host != ".")
    )
    return any(answer.problem or (answer.is_secure and answer.values) for answer in records)


def _body(fetched: Fetched) -> str:
    """What was fetched, where it may be believed. Raises BadPolicy."""
    seen = fetched.problem or fetched.distrust
    if not seen and fetched.status != http.HTTPStatus.OK:
        seen = f"{fetched.status} {fetched.location}".strip()
    if not seen and fetched.content_type.partition(";")[0].strip().lower() != "text/plain":
        seen = f"Content-Type: {fetched.content_type}"
    if seen:
        raise BadPolicy(_("the MTA-STS policy can't be had"), seen=seen)
    return fetched.body
