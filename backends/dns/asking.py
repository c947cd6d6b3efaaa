"""Asking the DNS many questions at once: a resolver, and the servers that hold a zone."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from backends.language import _
from backends.text import clean

_LONGEST = 8192
"""Characters of one record that are looked at; nothing that mail needs is longer."""

_AT_ONCE = 100
"""Questions that one server has to answer at the same time: more looks like an attack to it."""

_OF_OTHERS = 2.0
"""Seconds until a name server is asked again, and then given up."""

_OF_RESOLVER = 4.0
"""The same for the resolver, which may have to ask around first."""

_TRIES = 2

_LONGEST_TTL = 7 * 86400
"""Seconds; resolvers keep nothing longer, whatever they are told (RFC 8767 section 4)."""


@dataclass(frozen=True)
class Answer:
    """What a server said to one question.

    `values` are as in a zone file, names with their last dot and in lower case, a TXT record as its text in
    one piece; all cleaned. Where there is no answer, `problem` says why, and nothing else counts.
    """

    values: tuple[str, ...] = ()
    alias: str = ""
    """The name that the one asked for stands for (CNAME), without its last dot."""
    problem: str = ""
    is_silence: bool = False
    """Whether nothing at all came back."""
    is_secure: bool = False
    """Whether the resolver vouches for it (DNSSEC, the AD bit)."""
    is_referral: bool = False
    """Whether the server says that others hold the name."""
    does_exist: bool = True
    """Whether there is such a name, with records of any type."""
    ttl: int = field(default=0, compare=False)
    """Seconds for which whoever asked before may go on with what was there then."""


class Asker(Protocol):
    """Whoever can be asked. Neither method raises: silence is an answer with a `problem`."""

    async def resolve(self, name: str, kind: str) -> Answer:
        """What this machine's resolver finds for a name and type."""

    async def ask(self, server: str, name: str, kind: str) -> Answer:
        """What the name server at this address says from its own knowledge."""


def own_resolvers() -> tuple[str, ...]:
    """The resolvers that this machine's programs ask (resolv.conf(5))."""
    try:
        return tuple(str(server) for server in dns.resolver.Resolver().nameservers)
    except (dns.resolver.NoResolverConfiguration, OSError):
        return ()


@dataclass
class Network:
    """The real one. A server from which nothing came while it was waited for is asked nothing more."""

    resolvers: Sequence[str] = field(default_factory=own_resolvers)
    port: int = 53
    patience: float = _OF_OTHERS
    resolver_patience: float = _OF_RESOLVER
    _queues: dict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))
    )
    _heard: dict[str, float] = field(default_factory=dict)
    """When each server last answered, whatever it was asked."""
    _silent: set[str] = field(default_factory=set)

    async def resolve(self, name: str, kind: str) -> Answer:
        """The first resolver's answer that is one."""
        answer = Answer(problem=_("no resolver is set in /etc/resolv.conf"))
        for server in self.resolvers:
            answer = await self._ask(server, name, kind, self.resolver_patience, recursive=True)
            if not answer.problem:
                return answer
        return answer

    async def ask(self, server: str, name: str, kind: str) -> Answer:
        """What the name server at this address says."""
        return await self._ask(server, name, kind, self.patience, recursive=False)

    async def _ask(self, server: str, name: str, kind: str, patience: float, *, recursive: bool) -> Answer:
        try:
            question = dns.message.make_query(name, kind, use_edns=0)
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return Answer(problem=_("it is not a name"))
        question.flags = (dns.flags.RD | dns.flags.AD) if recursive else 0
        async with self._queues[server]:
            began = time.monotonic()
            for _try in range(_TRIES):
                if server in self._silent:
                    break
                try:
                    reply, _tcp = await dns.asyncquery.udp_with_fallback(
                        question,
                        server,
                        timeout=patience,
                        port=self.port,
                        ignore_unexpected=True,
                        ignore_errors=True,
                    )
                    self._heard[server] = time.monotonic()
                    return _read(reply)
                except dns.exception.Timeout:
                    continue
                except (dns.exception.DNSException, OSError, EOFError, ValueError) as problem:
                    words = clean(str(problem) or type(problem).__name__, 200)
                    return Answer(problem=words, is_silence=isinstance(problem, OSError))
            if self._heard.get(server, 0) < began:
                self._silent.add(server)
        words = _("no answer in {seconds:g} s").format(seconds=patience * _TRIES)
        return Answer(problem=words, is_silence=True)


def _read(reply: dns.message.Message) -> Answer:
    rcode = reply.rcode()
    if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return Answer(problem=dns.rcode.to_text(rcode))
    does_exist = rcode == dns.rcode.NOERROR
    if not isinstance(reply, dns.message.QueryMessage):
        return Answer(problem=_("it is no answer"))
    try:
        chain = reply.resolve_chaining()
    except dns.exception.DNSException as problem:
        return Answer(problem=clean(str(problem), 200))
    asked = reply.question[0].name
    alias = "" if chain.canonical_name == asked else _name(chain.canonical_name)
    is_referral = (
        does_exist
        and not reply.answer
        and not reply.flags & dns.flags.AA
        and any(rrset.rdtype == dns.rdatatype.NS for rrset in reply.authority)
    )
    return Answer(
        values=tuple(sorted(map(_text, chain.answer or ()))),
        alias=alias,
        is_secure=bool(reply.flags & dns.flags.AD),
        is_referral=is_referral,
        does_exist=does_exist or bool(alias),
        ttl=min(chain.minimum_ttl, _LONGEST_TTL),
    )


def _text(data: dns.rdata.Rdata) -> str:
    if isinstance(data, TXT):
        return clean(b"".join(data.strings), _LONGEST)
    text = clean(data.to_text(), _LONGEST)
    return text.lower() if data.rdtype in _NAMES else text


_NAMES = frozenset(
    {
        dns.rdatatype.A,
        dns.rdatatype.AAAA,
        dns.rdatatype.MX,
        dns.rdatatype.NS,
        dns.rdatatype.PTR,
        dns.rdatatype.SRV,
        dns.rdatatype.TLSA,
    }
)
"""Types in which capital letters make no difference (RFC 4343)."""


def _name(name: dns.name.Name) -> str:
    return clean(name.to_text(omit_final_dot=True), _LONGEST).lower()
