"""What receivers make of mail from the addresses that send this server's mail."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from backends.dns import tags
from backends.dns.judging import Judgement, Question, Standing
from backends.dns.looking import Look, Said
from backends.dns.settings import DnsSettings, IPAddress
from backends.dns.spf import MOST_LOOKUPS, Verdict, evaluate
from backends.language import _

_STRANGER = ip_address("192.0.2.0")
"""An address that nobody sends mail from (RFC 5737): what lets it pass lets everybody pass."""


async def senders(look: Look, settings: DnsSettings) -> tuple[IPAddress, ...]:
    """The addresses that mail comes from: this server's, or the relay's as far as its name tells."""
    relay = settings.sends_through_relay
    if not relay:
        return settings.addresses
    try:
        return (ip_address(relay),)
    except ValueError:
        answers = await asyncio.gather(look.resolve(relay, "A"), look.resolve(relay, "AAAA"))
        return tuple(ip_address(value) for answer in answers for value in answer.values)


@dataclass(frozen=True)
class SpfCheck:
    """The SPF of one domain, for mail from these addresses."""

    look: Look
    domain: str
    addresses: tuple[IPAddress, ...]

    async def passing(self, said: Iterable[Said]) -> frozenset[str]:
        """Those SPF records that anybody has that let these addresses pass, and not everybody."""
        texts = {text for one in said for text in one.answer.values if tags.is_spf(text)}
        return frozenset({text for text in texts if await self._lets_ours_pass(text)})

    async def judged(self) -> Judgement:
        """What comes out for each address, and after how many look-ups."""
        question = Question(self.domain, self.domain, "spf")
        verdicts = await self._verdicts()
        if not verdicts:
            return question.unasked(_("the addresses that mail comes from are not known"))
        lookups = max(verdict.lookups for verdict in verdicts)
        results = [
            f"{address}: {verdict.result} {verdict.reason}".rstrip()
            for address, verdict in zip(self.addresses, verdicts, strict=True)
        ]
        count = _("{count} of at most {most} look-ups").format(count=lookups, most=MOST_LOOKUPS)
        seen = f"{', '.join(results)}; {count}"
        if any(verdict.result == "temperror" for verdict in verdicts):
            return question.unasked(seen)
        if all(verdict.result == "pass" for verdict in verdicts):
            return question.right(seen)
        is_missing = all(verdict.result == "none" for verdict in verdicts)
        return question.judged(
            Standing.MISSING if is_missing else Standing.WRONG,
            seen,
            _("pass for each address that sends"),
            _("publish the SPF and MX records: mailstead dns records"),
        )

    async def _lets_ours_pass(self, text: str) -> bool:
        stranger = await evaluate(self.domain, _STRANGER, self.look.resolve, text=text)
        verdicts = await self._verdicts(text)
        return bool(verdicts) and {each.result for each in verdicts} == {"pass"} != {stranger.result}

    async def _verdicts(self, text: str = "") -> tuple[Verdict, ...]:
        each = (evaluate(self.domain, address, self.look.resolve, text=text) for address in self.addresses)
        return tuple(await asyncio.gather(*each))
