"""Whether an address leads to the host's name and the name back to it: receivers refuse mail otherwise."""

import asyncio
from ipaddress import ip_address

from backends.dns.judging import Judgement, Question, Standing
from backends.dns.looking import Look
from backends.dns.record import Need
from backends.dns.settings import IPAddress
from backends.language import _


async def reverse(look: Look, domain: str, host: str, address: IPAddress, need: Need) -> Judgement:
    """How it stands with the PTR record of one address (RFC 1912 section 2.1)."""
    question = Question(domain, str(address), "PTR", need)
    kind = "A" if address.version == 4 else "AAAA"
    back, forth = await asyncio.gather(
        look.resolve(ip_address(address).reverse_pointer, "PTR"), look.resolve(host, kind)
    )
    mend = _("ask whoever gave you the address to set its reverse DNS to {host}").format(host=host)
    if back.problem:
        return question.unasked(back.problem)
    names = [value.rstrip(".") for value in back.values]
    if not names:
        return question.judged(Standing.MISSING, _("the address has no name"), host, mend)
    if names != [host]:
        return question.judged(Standing.WRONG, ", ".join(names), host, mend)
    if forth.problem:
        return question.unasked(f"{host}: {forth.problem}")
    if str(address) not in forth.values:
        seen = _("{host} does not lead back to the address: {seen}").format(
            host=host, seen=", ".join(forth.values) or _("there is none")
        )
        publish = _("publish {name} {type} {value}").format(name=host, type=kind, value=address)
        return question.judged(Standing.WRONG, seen, host, publish)
    return question.right(_("{host}, and back").format(host=host))
