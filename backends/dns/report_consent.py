"""Whether others agree to get the reports that a published DMARC record sends them (RFC 7489 section 7.1)."""

import asyncio
from collections.abc import Sequence

from backends.dns import tags
from backends.dns.judging import Judgement, Question, Standing
from backends.dns.looking import Look, Said
from backends.dns.record import Need
from backends.language import _


async def consents(look: Look, domain: str, said: Sequence[Said], own: Sequence[str]) -> list[Judgement]:
    """For each domain that the record in `said` names. What `own` ones agree to is among our records."""
    texts = {text for one in said for text in tags.like("v=DMARC1", one.answer.values)}
    addresses = {address for text in texts for address in tags.addresses_in(tags.tags(text).get("rua", ""))}
    receivers = sorted({address.rpartition("@")[2] for address in addresses})
    others = [receiver for receiver in receivers if receiver not in own]
    outside = [receiver for receiver in others if not _is_one_organisation(domain, receiver)]
    return list(await asyncio.gather(*(_consent(look, domain, receiver) for receiver in outside)))


async def _consent(look: Look, domain: str, receiver: str) -> Judgement:
    name = f"{domain}._report._dmarc.{receiver}"
    question = Question(domain, name, "reports", Need.RECOMMENDED)
    answer = await look.resolve(name, "TXT")
    if answer.problem:
        return question.unasked(answer.problem)
    if tags.like("v=DMARC1", answer.values):
        return question.right(_("{receiver} agrees to get reports").format(receiver=receiver))
    seen = _("{receiver} has not agreed to get reports, so nobody sends them").format(receiver=receiver)
    mend = _("have {name} TXT v=DMARC1 published there").format(name=name)
    return question.judged(Standing.MISSING, seen, "v=DMARC1", mend)


def _is_one_organisation(domain: str, receiver: str) -> bool:
    """As far as names tell: one is the other, or lies within it."""
    return domain == receiver or domain.endswith(f".{receiver}") or receiver.endswith(f".{domain}")
