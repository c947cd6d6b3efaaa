"""One look at the DNS: each question once, and who holds which zone."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace

from backends.dns.asking import Answer, Asker
from backends.language import _

_MOST_SERVERS = 13
"""As many as the root has; who names more does not want to be asked."""

_MOST_ADDRESSES = 4

_DOUBT = 1.0
"""Seconds without an answer, after which it is looked whether the network lets anybody through."""

_OTHERS = 3
"""How many of the root's servers are asked then: one of them may be down, hardly all."""


@dataclass(frozen=True)
class NameServer:
    """A server that holds a zone, by its name, and where it is; without addresses it can't be asked."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Authority:
    """Who holds a zone. `problem` says why that could not be found out."""

    zone: str
    servers: tuple[NameServer, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Said:
    """What one of several said: a name server, or the resolver."""

    server: str
    answer: Answer
    is_resolver: bool = False


def is_only_the_resolver_heard(said: Sequence[Said]) -> bool:
    """Whether the resolver answers a question, and from no name server anything comes back."""
    holders = [one.answer for one in said if not one.is_resolver]
    is_resolved = any(one.is_resolver and not one.answer.problem for one in said)
    return is_resolved and bool(holders) and all(one.is_silence for one in holders)


@dataclass
class Look:
    """What was asked so far, so that nothing is asked twice."""

    asker: Asker
    _resolved: dict[tuple[str, str], asyncio.Task[Answer]] = field(default_factory=dict)
    _authorities: dict[str, asyncio.Task[Authority]] = field(default_factory=dict)
    _way_out: list[asyncio.Task[bool]] = field(default_factory=list)
    _was_heard: bool = False
    """Whether any name server said anything."""
    was_shut_out: bool = False
    """What `is_shut_out` found, where it was asked."""

    async def resolve(self, name: str, kind: str) -> Answer:
        """What the resolver finds; names with or without their last dot."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._resolved:
            self._resolved[key] = asyncio.ensure_future(self.asker.resolve(f"{key[0]}.", kind))
        return await self._resolved[key]

    async def everyone(self, name: str, kind: str, domain: str) -> tuple[Said, ...]:
        """What each server of the zone that `domain` lies in says, then what the resolver finds."""
        resolved, authority = await asyncio.gather(self.resolve(name, kind), self.authority_of(domain))
        said = await self._from(authority, name, kind)
        if any(one.answer.is_referral for one in said):
            # A part of the domain is a zone of its own, on servers of its own.
            said = await self._from(await self.authority_of(name), name, kind)
            said = tuple(
                replace(one, answer=Answer(problem=_("it does not hold the zone")))
                if one.answer.is_referral
                else one
                for one in said
            )
        return (*said, Said(_("the resolver"), resolved, is_resolver=True))

    async def is_shut_out(self) -> bool:
        """Whether no name server anywhere can be heard: then the network keeps such questions in.

        Where only those of a zone are silent, the root's answer, which are asked for nothing but that.
        """
        if not self._was_heard:
            hears_the_root = await self._look_outside()
            self.was_shut_out = not hears_the_root and not self._was_heard
        return self.was_shut_out

    def _look_outside(self) -> asyncio.Task[bool]:
        if not self._way_out:
            self._way_out.append(asyncio.ensure_future(self._hears_the_root()))
        return self._way_out[0]

    async def _hears_the_root(self) -> bool:
        named = (await self.resolve(".", "NS")).values[:_OTHERS]
        found = await asyncio.gather(*(self.resolve(name, "A") for name in named))
        addresses = [address for each in found for address in each.values[:1]]
        answers = await asyncio.gather(*(self.asker.ask(address, ".", "NS") for address in addresses))
        return not all(answer.is_silence for answer in answers)

    async def authority_of(self, name: str) -> Authority:
        """The nearest zone that a name lies in."""
        if name not in self._authorities:
            self._authorities[name] = asyncio.ensure_future(self._find_authority(name))
        return await self._authorities[name]

    async def _find_authority(self, name: str) -> Authority:
        found = await self.resolve(name, "NS")
        if found.problem:
            return Authority(name, problem=found.problem)
        if found.alias or not found.values:
            above = name.partition(".")[2]
            if not above:
                return Authority(name, problem=_("no zone was found that the name lies in"))
            return await self.authority_of(above)
        if "." not in name:
            # A top-level domain's servers hold nothing of ours: the domain is not registered (any more).
            return Authority(name)
        names = [value.rstrip(".") for value in found.values][:_MOST_SERVERS]
        return Authority(name, tuple(await asyncio.gather(*map(self._server, names))))

    async def _server(self, name: str) -> NameServer:
        answers = await asyncio.gather(*(self.resolve(name, kind) for kind in ("A", "AAAA")))
        return NameServer(
            name, tuple(value for answer in answers for value in answer.values)[:_MOST_ADDRESSES]
        )

    async def _from(self, authority: Authority, name: str, kind: str) -> tuple[Said, ...]:
        if authority.problem:
            where = _("the name servers of {zone}").format(zone=authority.zone)
            return (Said(where, Answer(problem=authority.problem)),)
        asking = [asyncio.ensure_future(self._ask(one, name, kind)) for one in authority.servers]
        if asking and not self._was_heard and not (await asyncio.wait(asking, timeout=_DOUBT))[0]:
            self._look_outside()
        answers = await asyncio.gather(*asking)
        return tuple(
            Said(server.name, answer) for server, answer in zip(authority.servers, answers, strict=True)
        )

    async def _ask(self, server: NameServer, name: str, kind: str) -> Answer:
        answer = await self._first_of(server.addresses, f"{name}.", kind)
        if answer.alias and not answer.values:
            # It holds the alias; what that stands for is held elsewhere.
            return replace(await self.resolve(answer.alias, kind), alias=answer.alias)
        return answer

    async def _first_of(self, addresses: Sequence[str], name: str, kind: str) -> Answer:
        """What the first address says, or the next where it says nothing for a while or has a problem."""
        asked: list[asyncio.Task[Answer]] = []
        for address in addresses:
            asked.append(asyncio.ensure_future(self._listen(self.asker.ask(address, name, kind))))
            patience = _DOUBT if len(asked) < len(addresses) else None
            while not _has_answer(asked) and (waiting := [task for task in asked if not task.done()]):
                await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if patience is not None:
                    break
            if _has_answer(asked):
                break
        for task in asked:
            task.cancel()
        answers = [task.result() for task in asked if task.done() and not task.cancelled()]
        # What one of its addresses says counts more than the silence of another, also where it is no answer.
        best = min(answers, key=lambda each: (bool(each.problem), each.is_silence), default=None)
        return best or Answer(problem=_("the name server has no address"))

    async def _listen(self, asking: Awaitable[Answer]) -> Answer:
        answer = await asking
        self._was_heard = self._was_heard or not answer.is_silence
        return answer


def _has_answer(asked: Sequence[asyncio.Task[Answer]]) -> bool:
    return any(task.done() and not task.result().problem for task in asked)
