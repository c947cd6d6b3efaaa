"""What others report about a domain's mail: DMARC aggregate reports and TLS reports, as values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from backends.accounts.addresses import WrongAddress, parse_domain
from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

Chunks = Iterator[bytes]
"""A report's text, piece by piece, so that a large one is never in memory whole."""

LONGEST_NAME = 120
"""Characters kept of a name or an id that a reporter chose."""


class ReportRefused(MailsteadError):
    """A report that can't be read, or that nobody should believe; the message says why."""


@dataclass(frozen=True)
class Heading:
    """Who reports, under which id, and about which time (UTC)."""

    organisation: str
    report_id: str
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class DmarcRow:
    """What one address sent in a domain's name, and what came of it.

    `dkim` and `spf` say whether each passed for the domain in From ("aligned", RFC 7489 section 3.1).
    """

    source: str
    header_from: str
    disposition: str
    """What the receiver did: none, quarantine or reject."""
    dkim: bool
    spf: bool
    passed: tuple[str, ...] = ()
    """Other domains that a signature or SPF passed for: whose server it may be."""
    is_broken: bool = False
    """Whether there was a signature of the domain itself that did not verify."""
    reasons: tuple[str, ...] = ()
    """Why the receiver did something else than the policy says: `mailing_list`, `trusted_forwarder`…"""


@dataclass(frozen=True)
class DmarcReport:
    """An aggregate report (RFC 7489 appendix C, RFC 9990) about one domain."""

    heading: Heading
    domain: str
    policy: str
    """What the reporter found published: none, quarantine or reject."""
    rows: Mapping[DmarcRow, int]
    """How many messages of each kind."""


@dataclass(frozen=True)
class TlsFailure:
    """A way in which encryption towards a server failed (RFC 8460 section 4.3)."""

    kind: str
    mx: str
    detail: str


@dataclass(frozen=True)
class TlsPolicy:
    """How connections went under one policy of a domain: `sts`, `tlsa` or `no-policy-found`."""

    domain: str
    kind: str
    successful: int
    failed: int
    failures: Mapping[TlsFailure, int]


@dataclass(frozen=True)
class TlsReport:
    """A TLS report (RFC 8460 section 4.4)."""

    heading: Heading
    policies: tuple[TlsPolicy, ...]


Report = DmarcReport | TlsReport


def heading(organisation: str, report_id: str, begin: datetime, end: datetime) -> Heading:
    """From what a reporter wrote; raises ReportRefused where a name is missing or time runs backwards."""
    name, number = clean(organisation.strip(), LONGEST_NAME), clean(report_id.strip(), LONGEST_NAME)
    if not name or not number:
        raise ReportRefused(_("it does not say whose report it is"))
    if begin > end:
        raise ReportRefused(_("it ends before it begins"))
    return Heading(name, number, begin.astimezone(UTC), end.astimezone(UTC))


def reported_domain(text: str) -> str:
    """A domain as reporters write it, perhaps with a dot at its end; raises ReportRefused."""
    try:
        return parse_domain(text.strip().removesuffix("."))
    except WrongAddress as problem:
        raise ReportRefused(problem.message) from problem
