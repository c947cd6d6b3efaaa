"""Whether the resolver on this machine answers, and how far it gets."""

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from backends.checks import Finding, fail, ok, warn
from backends.language import _
from backends.machine.run import run

ADDRESS = "127.0.0.1"


def ask(name: str, kind: str, *, validate: bool = True, timeout: float = 5) -> dns.message.Message:
    """The resolver's answer to one question, over TCP when it is too long for UDP.

    With `validate=False` DNSSEC is not checked (the CD bit, RFC 4035 section 3.2.2). Raises
    dns.exception.DNSException or OSError when nothing comes within `timeout` seconds.
    """
    question = dns.message.make_query(name, kind, want_dnssec=True)
    if not validate:
        question.flags |= dns.flags.CD
    answer, _ = dns.query.udp_with_fallback(question, ADDRESS, timeout=timeout)
    return answer


def answers() -> Finding:
    """Whether it runs: it knows `localhost` by itself (RFC 6761 section 6.3)."""
    try:
        answer = ask("localhost.", "A")
    except (dns.exception.DNSException, OSError) as problem:
        return fail(
            _("nothing on {address} port 53: {problem}").format(address=ADDRESS, problem=problem),
            _("an answer"),
            _("journalctl -u unbound"),
        )
    return ok(
        _("it answers on {address} ({rcode})").format(
            address=ADDRESS, rcode=dns.rcode.to_text(answer.rcode())
        )
    )


def reaches_the_root(*, dnssec: bool) -> Finding:
    """Whether it finds the root's name servers, validated where DNSSEC is on; not out of its cache."""
    run(["unbound-control", "flush_type", ".", "NS"], check=False)
    silence = "no name can be looked up: no other mail server is found, and block lists can't be asked"
    network = "let UDP and TCP port 53 out, or name your network's resolvers: [dns] forward_to in the answers"
    try:
        answer = ask(".", "NS")
        if answer.rcode() == dns.rcode.NOERROR and answer.answer:
            if dnssec and not answer.flags & dns.flags.AD:
                return warn(
                    _("answers are not validated"),
                    _("DNSSEC"),
                    _("look for a trust anchor: unbound-checkconf"),
                )
            return ok("it reaches the root" + (" and validates what it gets" if dnssec else ""))
        unchecked = ask(".", "NS", validate=False)
    except (dns.exception.DNSException, OSError):
        return warn(silence, _("answers from the root or the resolvers in the answers"), network)
    if dnssec and unchecked.rcode() == dns.rcode.NOERROR and unchecked.answer:
        mend = (
            "set the clock; if the resolvers in [dns] forward_to strip DNSSEC, use others or dnssec = false"
        )
        return fail(_("answers arrive but their signatures don't hold"), _("signed answers"), mend)
    return warn(silence, _("answers from the root or the resolvers in the answers"), network)
