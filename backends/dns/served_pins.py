"""Whether the keys that port 25 shows are those that the DNS names (DANE, RFC 7672)."""

from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm

from backends.certificates.served import NotServedError, served_certificate
from backends.certificates.settings import KEY_KINDS
from backends.dns.asking import Answer
from backends.dns.judging import Judgement, Question, Standing
from backends.dns.pins import pin_of, tlsa
from backends.dns.record import Need
from backends.language import _

_PATIENCE = 5.0


def served_pins(hostname: str, port: int) -> tuple[str, ...]:
    """The digest of each key that the port shows: of either kind where it has both, else of the one it has.

    Raises NotServedError where it shows none at all. Takes some seconds at most.
    """
    found: list[str] = []
    problem: NotServedError | None = None
    for kind in (None, *KEY_KINDS):
        try:
            shown = served_certificate(
                "127.0.0.1", port, starttls="smtp", server_name=hostname, kind=kind, timeout=_PATIENCE
            )
            found.append(pin_of(shown.certificate))
        except NotServedError as refused:
            # A kind that is not served, and the old TLS by which it is asked for, may both be refused.
            problem = problem or refused
        except (ValueError, UnsupportedAlgorithm):
            continue
    if not found and problem:
        raise problem
    return tuple(pin for pin in dict.fromkeys(found) if pin)


def judge_served(domain: str, hostname: str, pins: Sequence[str], answer: Answer, port: int) -> Judgement:
    """Whether each key that is shown is named, and whether anybody may believe the names."""
    question = Question(domain, f"{hostname}:{port}", "served", Need.DNSSEC)
    if answer.problem:
        return question.unasked(answer.problem)
    named = {"".join(value.split()[3:]) for value in answer.values if value.startswith("3 1 1 ")}
    unnamed = [pin for pin in pins if pin not in named]
    if not answer.values:
        return question.judged(
            Standing.MISSING,
            _("no key is named"),
            ", ".join(map(tlsa, pins)),
            _("publish the TLSA records: mailstead dns records"),
        )
    if unnamed or not pins:
        return question.judged(
            Standing.WRONG,
            _("it shows a key that is not named: {keys}").format(keys=", ".join(map(tlsa, unnamed))),
            ", ".join(answer.values),
            _("publish the TLSA records: mailstead dns records"),
        )
    return question.right(_("every key that it shows is named"))


def judge_signed(domain: str, hostname: str, answer: Answer, *, validates: bool) -> Judgement:
    """Whether the zone is signed, so that the names of keys are believed."""
    question = Question(domain, f"_25._tcp.{hostname}", "DNSSEC", Need.DNSSEC)
    if answer.problem:
        return question.unasked(answer.problem)
    if answer.is_secure:
        return question.right(_("signed, and the signatures hold"))
    if not validates:
        return question.unasked(_("this machine's resolver does not look at signatures"))
    mend = _("have the zone signed where it is kept, and its DS record set above it")
    return question.judged(Standing.MISSING, _("the zone is not signed"), _("a signed zone"), mend)
