"""Publishing by DNS UPDATE (RFC 2136), every message signed with TSIG (RFC 8945)."""

import asyncio
import binascii
import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

from backends.dns import publish_refusals as refusals
from backends.dns.publish import Held, Key, Left, RecordSet, SetChange, record_set
from backends.dns.update_server import address_of
from backends.language import _

_AT_ONCE = 50
"""Questions that are under way at the same time."""

_TRIES = 2


@dataclass(frozen=True)
class Seen:
    """What is there: record sets, the zone that each name lies in, and names whose zone is held elsewhere."""

    held: Held
    zones: Mapping[str, str]
    elsewhere: Mapping[str, str]
    """Names that can't be published from here, and why."""
    unclear: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    """What is there and can't be read for sure, as it is shown."""


class Publisher(Protocol):
    """Whoever records are published through."""

    @property
    def name(self) -> str:
        """What people call it."""

    def look(self, keys: Collection[Key]) -> Seen:
        """What it holds of these; raises NotPublished."""

    def apply(self, zone: str, changes: Sequence[SetChange]) -> tuple[Left, ...]:
        """Make these changes in one zone; gives those that are not possible there. Raises NotPublished."""


@dataclass(frozen=True)
class UpdateKey:
    """A TSIG key, HMAC-SHA256: its name, and the secret in base64."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Primary:
    """A zone's primary name server, by name or address, that takes updates with this key."""

    server: str
    key: UpdateKey
    port: int = 53
    patience: float = 5.0
    """Seconds until a question is asked again, and then given up."""

    @property
    def name(self) -> str:
        """The server, as the answers have it."""
        return self.server

    def look(self, keys: Collection[Key]) -> Seen:
        """What this server holds by its own knowledge; raises NotPublished."""
        return asyncio.run(self._look(keys, address_of(self.server)))

    def apply(self, zone: str, changes: Sequence[SetChange]) -> tuple[Left, ...]:
        """One update for the zone, made only if everything in it still is as it was `before`: all, or none.

        Raises ChangedInBetween, or another NotPublished; after UpdateUnknown it may have been made.
        """
        address = address_of(self.server)
        try:
            reply = dns.query.tcp(
                self._message(zone, changes), address, timeout=self.patience * _TRIES, port=self.port
            )
        except (dns.exception.DNSException, OSError, EOFError, ValueError) as problem:
            raise refusals.by_exception(problem, self.server, self.key.name) from problem
        if not reply.had_tsig:
            raise refusals.unsigned(self.server)
        rcode = reply.rcode()
        if refusals.is_change(rcode):
            raise refusals.changed_in_between(self.server, zone, rcode)
        if rcode != dns.rcode.NOERROR:
            raise refusals.by_rcode(rcode, self.server, zone)
        return ()

    def _message(self, zone: str, changes: Sequence[SetChange]) -> dns.update.UpdateMessage:
        message = dns.update.UpdateMessage(dns.name.from_text(zone))
        message.use_tsig(self._keyring(), dns.name.from_text(self.key.name), algorithm=dns.tsig.HMAC_SHA256)
        for name in dict.fromkeys(change.key[0] for change in changes if change.after):
            # A server takes no record beside an alias, and says nothing of it (section 3.4.2.2).
            message.absent(dns.name.from_text(name), "CNAME")
        for change in changes:
            name, kind = change.key
            owner = dns.name.from_text(name)
            if change.before:
                message.present(owner, *_data(change.before))
            else:
                message.absent(owner, kind)
            if change.after:
                message.replace(owner, change.after.ttl, *_data(change.after))
            else:
                message.delete(owner, kind)
        return message

    async def _look(self, keys: Collection[Key], address: str) -> Seen:
        gate = asyncio.Semaphore(_AT_ONCE)
        names = list(dict.fromkeys(name for name, _kind in keys))

        async def ask(name: str, kind: str) -> dns.message.Message:
            async with gate:
                return await self._ask(name, kind, address)

        found = dict(zip(names, await asyncio.gather(*(ask(name, "SOA") for name in names)), strict=True))
        zones = {name: zone for name, reply in found.items() if (zone := _zone_of(reply))}
        elsewhere = {
            name: _("{server} does not hold the zone that it lies in").format(server=self.server)
            for name in names
            if name not in zones
        }
        within = [key for key in keys if key[0] in zones]
        replies = await asyncio.gather(*(ask(*key) for key in within))
        held: dict[Key, RecordSet] = {}
        for (name, kind), reply in zip(within, replies, strict=True):
            rcode = reply.rcode()
            if rcode not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} or not reply.flags & dns.flags.AA:
                raise refusals.by_rcode(rcode or dns.rcode.NOTAUTH, self.server, zones[name])
            held |= {found.key: found for found in _sets(reply, name, kind)}
        return Seen(held, zones, elsewhere)

    async def _ask(self, name: str, kind: str, address: str) -> dns.message.Message:
        question = dns.message.make_query(dns.name.from_text(name), kind, use_edns=0)
        question.flags = dns.flags.Flag(0)
        question.use_tsig(self._keyring(), dns.name.from_text(self.key.name), algorithm=dns.tsig.HMAC_SHA256)
        try:
            reply = await self._answer(question, address)
        except (dns.exception.DNSException, OSError, EOFError, ValueError) as problem:
            raise refusals.by_exception(problem, self.server, self.key.name) from problem
        if not reply.had_tsig:
            raise refusals.unsigned(self.server)
        if reply.rcode() == dns.rcode.SERVFAIL:
            raise refusals.by_rcode(reply.rcode(), self.server, name)
        return reply

    async def _answer(self, question: dns.message.Message, address: str) -> dns.message.Message:
        for _try in range(_TRIES - 1):
            with contextlib.suppress(dns.exception.Timeout):
                return await self._send(question, address)
        return await self._send(question, address)

    async def _send(self, question: dns.message.Message, address: str) -> dns.message.Message:
        reply, _tcp = await dns.asyncquery.udp_with_fallback(
            question, address, timeout=self.patience, port=self.port, ignore_unexpected=True
        )
        return reply

    def _keyring(self) -> dict[dns.name.Name, dns.tsig.Key]:
        try:
            ring = dns.tsigkeyring.from_text({self.key.name: ("hmac-sha256", self.key.secret)})
        except (binascii.Error, ValueError):
            # "from None": the error may hold the secret
            raise refusals.UpdateRefused(
                _("the secret of the key {key} is not in base64").format(key=self.key.name),
                next_step=_("put what the name server's configuration calls the secret there, unchanged"),
            ) from None
        return {name: key for name, key in ring.items() if isinstance(key, dns.tsig.Key)}


def _zone_of(reply: dns.message.Message) -> str:
    """The zone that a question for SOA was answered from; empty where the server does not hold it."""
    if reply.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} or not reply.flags & dns.flags.AA:
        return ""
    owners = [rrset.name for rrset in (*reply.answer, *reply.authority) if rrset.rdtype == dns.rdatatype.SOA]
    return owners[-1].to_text(omit_final_dot=True).lower() if owners else ""


def _sets(reply: dns.message.Message, name: str, kind: str) -> list[RecordSet]:
    """What stands under the name itself: the records asked for, or an alias instead of them."""
    owner, found = dns.name.from_text(name), []
    for rrset in reply.answer:
        text = dns.rdatatype.to_text(rrset.rdtype)
        if rrset.name == owner and text in {kind, "CNAME"}:
            found.append(record_set(name, text, rrset.ttl, [data.to_text() for data in rrset]))
    return found


def _data(found: RecordSet) -> list[dns.rdata.Rdata]:
    kind = dns.rdatatype.from_text(found.type)
    return [dns.rdata.from_text(dns.rdataclass.IN, kind, value) for value in found.values]
