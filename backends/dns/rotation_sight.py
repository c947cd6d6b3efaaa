"""What the name servers of each domain show of DKIM keys that come or go."""

import asyncio
from collections.abc import Sequence

from backends.dns.judging import Context, Standing, judge
from backends.dns.looking import Look, Said
from backends.dns.record import DnsRecord
from backends.dns.rotation import Sight
from backends.dns.tags import tags
from backends.language import _
from backends.rspamd.settings import selectors
from backends.text import clean

_MOST_TOLD = 3
"""Records that are told of one by one."""


async def sight_of(look: Look, records: Sequence[DnsRecord]) -> Sight:
    """Whether every server of each zone shows just these records; what a resolver says proves nothing."""
    found = await asyncio.gather(*(_holders(look, record.name) for record in records))
    amiss = [
        f"{record.name}: {words}"
        for record, said in zip(records, found, strict=True)
        if (words := _amiss(record, said))
    ]
    if amiss or not records:
        more = len(amiss) - _MOST_TOLD
        words = "; ".join(amiss[:_MOST_TOLD])
        if more > 0:
            words += _("; and {count} more").format(count=more)
        return Sight(False, words=words)
    return Sight(True, ttl=max(one.answer.ttl for said in found for one in said))


async def still_published(look: Look, pairs: Sequence[int], domains: Sequence[str]) -> tuple[int, ...]:
    """Those pairs of which any server shows a key, or does not answer."""
    is_there = await asyncio.gather(*(_is_shown(look, pair, domains) for pair in pairs))
    return tuple(pair for pair, shown in zip(pairs, is_there, strict=True) if shown)


async def _is_shown(look: Look, pair: int, domains: Sequence[str]) -> bool:
    names = [f"{selector}._domainkey.{domain}" for domain in domains for selector in selectors(pair)]
    found = await asyncio.gather(*(_holders(look, name) for name in names))
    return any(
        not said
        or any(one.answer.problem or any(tags(text).get("p") for text in one.answer.values) for one in said)
        for said in found
    )


async def _holders(look: Look, name: str) -> tuple[Said, ...]:
    said = await look.everyone(name, "TXT", name.partition("._domainkey.")[2])
    return tuple(one for one in said if not one.is_resolver)


def _amiss(record: DnsRecord, said: Sequence[Said]) -> str:
    if not said:
        return _("no name server was found that holds the domain")
    judged = judge(record, said, Context(record.name, "", (record,)))
    return "" if judged.standing is Standing.RIGHT else clean(f"{judged.standing}: {judged.seen}", 300)
