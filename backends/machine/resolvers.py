"""Which resolvers a machine's own resolver can build on, found out by asking."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from backends.machine.facts import IPAddress

_ROOTS = ("198.41.0.4", "199.7.83.42")
"""a.root-servers.net and l.root-servers.net (named.root of IANA)."""
_PATIENCE = 1.5


@dataclass(frozen=True)
class ResolverAdvice:
    """How the machine's own resolver should find its answers."""

    forward_to: tuple[IPAddress, ...]
    """Resolvers to ask; empty where the root servers answer, so that it can resolve by itself."""
    dnssec: bool
    """Whether the answers come with signatures, so that they can be validated here."""


def probe_resolvers(resolvers: Sequence[IPAddress]) -> ResolverAdvice:
    """Ask two root servers, and these resolvers, all at once: at most two seconds.

    Where the roots answer, no resolver between is needed; else those of `resolvers` that answer are advised,
    all of them where none does. DNSSEC is advised where each of them gives the signature of the root's keys.
    """
    root = dns.name.root
    with ThreadPoolExecutor(max_workers=len(_ROOTS) + max(1, len(resolvers))) as asking:
        roots = [asking.submit(_is_signed_answer, address, root, recurse=False) for address in _ROOTS]
        others = [asking.submit(_is_signed_answer, str(address), root, recurse=True) for address in resolvers]
        if any(answer.result() is not None for answer in roots):
            return ResolverAdvice((), dnssec=True)
        signed = {address: answer.result() for address, answer in zip(resolvers, others, strict=True)}
    answering = tuple(address for address in resolvers if signed[address] is not None)
    return ResolverAdvice(
        answering or tuple(resolvers), dnssec=bool(answering) and all(signed[a] for a in answering)
    )


def _is_signed_answer(address: str, name: dns.name.Name, *, recurse: bool) -> bool | None:
    """Whether the keys of the root come with their signature; None where no usable answer comes."""
    query = dns.message.make_query(name, dns.rdatatype.DNSKEY, want_dnssec=True, payload=1232)
    if not recurse:
        query.flags &= ~dns.flags.RD
    with contextlib.suppress(dns.exception.DNSException, OSError):
        answer = dns.query.udp_with_fallback(query, address, timeout=_PATIENCE)[0]
        kinds = {record.rdtype for record in answer.answer}
        if answer.rcode() == dns.rcode.NOERROR:
            return dns.rdatatype.RRSIG in kinds
    return None
