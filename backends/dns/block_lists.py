"""Whether DNS block lists name this server's addresses (RFC 5782)."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address, ip_network

from backends.dns.asking import Answer
from backends.dns.judging import Judgement, Question, Standing
from backends.dns.looking import Look
from backends.dns.record import Need
from backends.dns.settings import IPAddress
from backends.language import _

_LISTED = ip_network("127.0.0.0/8")
_REFUSED = ip_network("127.255.255.0/24")
"""A list's word that it does not answer this resolver: what Spamhaus and others return for public ones."""

_ALWAYS_LISTED = IPv4Address("127.0.0.2")
"""The entry by which a list shows that it works (section 5)."""


async def listing(look: Look, domain: str, address: IPAddress, block_list: str, need: Need) -> Judgement:
    """How it stands with one address on one list. A list that does not show its test entry proves nothing."""
    name = f"{_reversed(address)}.{block_list}"
    question = Question(domain, str(address), f"block list {block_list}", need)
    found, control = await asyncio.gather(
        look.resolve(name, "A"), look.resolve(f"{_reversed(_ALWAYS_LISTED)}.{block_list}", "A")
    )
    for answer in (found, control):
        if answer.problem:
            return question.unasked(answer.problem)
        if refusals := _within(answer, is_refusal=True):
            seen = _("the list refuses to answer this machine's resolver: {codes}").format(codes=refusals)
            wanted = _("an answer of the list")
            mend = _("let this machine's own resolver ask by itself: empty [dns] forward_to in the answers")
            return question.judged(Standing.UNASKED, seen, wanted, mend)
    if codes := _within(found, is_refusal=False):
        why = (await look.resolve(name, "TXT")).values
        seen = _("listed: {codes} {why}").format(codes=codes, why=" ".join(why)).rstrip()
        mend = _("find out why (the list's web site tells), end it, then ask the list to remove the address")
        return question.judged(Standing.WRONG, seen, _("not listed"), mend)
    if found.values or not _within(control, is_refusal=False):
        return question.unasked(
            _("what answers is not the list, or does not work: its test entry is missing")
        )
    return question.right(_("not listed"))


def _reversed(address: IPAddress) -> str:
    """The address as block lists want it: without the ending that reverse DNS has."""
    return ip_address(address).reverse_pointer.rsplit(".", 2)[0]


def _within(answer: Answer, *, is_refusal: bool) -> str:
    """The codes of a list in an answer: those that say "I won't tell", or those that say "listed"."""
    codes = [code for code in _addresses(answer.values) if code in _LISTED]
    return ", ".join(str(code) for code in codes if (code in _REFUSED) is is_refusal)


def _addresses(values: Sequence[str]) -> list[IPAddress]:
    found: list[IPAddress] = []
    for value in values:
        try:
            found.append(ip_address(value))
        except ValueError:
            continue
    return found
