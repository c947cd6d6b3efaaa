"""What reports add up to: who sent in a domain's name, and how encryption towards it went."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from backends.reports.report import DmarcRow, TlsFailure, TlsPolicy
from backends.reports.store import KeptDmarc, KeptTls, Origin

_PASSED_ON = {"forwarded", "mailing_list", "trusted_forwarder"}
"""What receivers say of mail that somebody sent on (RFC 7489 appendix C, PolicyOverrideType)."""


class Verdict(StrEnum):
    """What a source is, as far as reports tell; those first that someone should do something about."""

    OWN_BROKEN = "own-broken"
    OWN_UNSIGNED = "own-unsigned"
    OWN_UNLISTED = "own-unlisted"
    UNSIGNED_SERVICE = "unsigned-service"
    OTHER_NAME = "other-name"
    FORGED = "forged"
    PASSED_ON = "passed-on"
    SIGNED_ELSEWHERE = "signed-elsewhere"
    AUTHORISED = "authorised"
    OWN = "own"


@dataclass(frozen=True)
class Source:
    """An address that sent in a domain's name, under one verdict."""

    address: str
    count: int
    dispositions: tuple[tuple[str, int], ...]
    """What receivers did, and with how many messages."""
    passed: tuple[str, ...]
    """Other domains that it proved to be sending for."""


@dataclass(frozen=True)
class Senders:
    """All of one verdict, the busiest first."""

    verdict: Verdict
    count: int
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Failures:
    """A kind of failure, at one MX, as often as it was met, and the words that reporters had for it."""

    kind: str
    mx: str
    count: int
    details: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """What all reports about a domain add up to."""

    domain: str
    reports: int
    reporters: tuple[str, ...]
    """Domains whose reports really came from there, the most frequent first."""
    unproven: int
    """Reports whose sender is not proven: anybody may have written them."""
    policy: str
    """What the newest DMARC report found published, one with a proven sender first; empty without any."""
    messages: int
    senders: tuple[Senders, ...]
    successful: int
    failed: int
    failures: tuple[Failures, ...]


@dataclass
class _Tally:
    dispositions: Counter[str] = field(default_factory=Counter)
    passed: set[str] = field(default_factory=set)


def judge(row: DmarcRow, own: Collection[str]) -> Verdict:
    """What one row says; `own` are this server's addresses."""
    is_own = row.source in own
    match row.dkim, row.spf:
        case True, True:
            return Verdict.OWN if is_own else Verdict.AUTHORISED
        case True, False:
            return Verdict.OWN_UNLISTED if is_own else Verdict.SIGNED_ELSEWHERE
        case False, True:
            return Verdict.OWN_UNSIGNED if is_own else Verdict.UNSIGNED_SERVICE
    if is_own:
        return Verdict.OWN_BROKEN
    if row.is_broken or _PASSED_ON & set(row.reasons):
        return Verdict.PASSED_ON
    return Verdict.OTHER_NAME if row.passed else Verdict.FORGED


def picture(domain: str, dmarc: Iterable[KeptDmarc], tls: Iterable[KeptTls], own: Collection[str]) -> Picture:
    """Add reports up, given oldest first."""
    tallies: defaultdict[tuple[Verdict, str], _Tally] = defaultdict(_Tally)
    origins: list[Origin] = []
    policies: dict[bool, str] = {}
    for kept in dmarc:
        origins.append(kept.origin)
        policies[kept.origin.is_proven] = kept.report.policy
        for row, count in kept.report.rows.items():
            tally = tallies[judge(row, own), row.source]
            tally.dispositions[row.disposition] += count
            tally.passed.update(row.passed)
    sessions: list[TlsPolicy] = []
    for about_tls in tls:
        origins.append(about_tls.origin)
        sessions += about_tls.policies
    senders = _senders(tallies)
    proven = Counter(origin.sender for origin in origins if origin.is_proven)
    return Picture(
        domain=domain,
        reports=len(origins),
        reporters=tuple(name for name, _count in proven.most_common()),
        unproven=sum(not origin.is_proven for origin in origins),
        policy=policies.get(True) or policies.get(False, ""),
        messages=sum(each.count for each in senders),
        senders=senders,
        successful=sum(one.successful for one in sessions),
        failed=sum(one.failed for one in sessions),
        failures=_failures((failure, count) for one in sessions for failure, count in one.failures.items()),
    )


def _senders(tallies: dict[tuple[Verdict, str], _Tally]) -> tuple[Senders, ...]:
    sources: defaultdict[Verdict, list[Source]] = defaultdict(list)
    for (verdict, address), tally in tallies.items():
        sources[verdict].append(
            Source(
                address,
                tally.dispositions.total(),
                tuple(sorted(tally.dispositions.items())),
                tuple(sorted(tally.passed)),
            )
        )
    return tuple(
        Senders(
            verdict,
            sum(one.count for one in sources[verdict]),
            tuple(sorted(sources[verdict], key=lambda one: (-one.count, one.address))),
        )
        for verdict in Verdict
        if verdict in sources
    )


def _failures(found: Iterable[tuple[TlsFailure, int]]) -> tuple[Failures, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    details: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for failure, count in found:
        counts[failure.kind, failure.mx] += count
        details[failure.kind, failure.mx].update({failure.detail} - {""})
    return tuple(
        Failures(kind, mx, count, tuple(sorted(details[kind, mx])[:3]))
        for (kind, mx), count in counts.most_common()
    )
