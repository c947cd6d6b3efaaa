"""TLS reports: how encryption towards this server went, as those who send to it saw it (RFC 8460)."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from backends.language import _
from backends.reports.report import (
    Chunks,
    ReportRefused,
    TlsFailure,
    TlsPolicy,
    TlsReport,
    heading,
    reported_domain,
)
from backends.text import clean

LARGEST = 4 << 20
"""Bytes of JSON, which is read in one piece."""
MOST_POLICIES = 200
MOST_FAILURES = 1_000
"""Different ones under one policy."""
_LARGEST_COUNT = 10**12
_KINDS = {"sts", "tlsa", "no-policy-found"}


def read_tls(chunks: Chunks) -> TlsReport:
    """The report in a JSON text; raises ReportRefused."""
    text = bytearray()
    for chunk in chunks:
        text += chunk
        if len(text) > LARGEST:
            raise ReportRefused(_("it is larger than {size} MiB").format(size=LARGEST >> 20))
    try:
        found = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise ReportRefused(_("it is no JSON that can be read")) from problem
    try:
        return _report(found)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as problem:
        raise ReportRefused(_("it is JSON, but no TLS report")) from problem


def _report(found: Any) -> TlsReport:
    period, policies = found["date-range"], found["policies"]
    if not isinstance(policies, list) or len(policies) > MOST_POLICIES:
        raise ReportRefused(_("it has more than {count} policies").format(count=MOST_POLICIES))
    return TlsReport(
        heading(
            _text(found["organization-name"]),
            _text(found["report-id"]),
            _moment(period["start-datetime"]),
            _moment(period["end-datetime"]),
        ),
        tuple(_policy(one) for one in policies),
    )


def _policy(found: Any) -> TlsPolicy:
    policy, summary = found["policy"], found["summary"]
    kind = policy["policy-type"]
    failures: Counter[TlsFailure] = Counter()
    for failure, count in _failures(found.get("failure-details") or []):
        failures[failure] += count
        if len(failures) > MOST_FAILURES:
            raise ReportRefused(_("it has more than {count} kinds of failure").format(count=MOST_FAILURES))
    return TlsPolicy(
        reported_domain(_text(policy["policy-domain"])),
        kind if kind in _KINDS else "no-policy-found",
        _count(summary["total-successful-session-count"]),
        _count(summary["total-failure-session-count"]),
        dict(failures),
    )


def _failures(found: list[Any]) -> Iterator[tuple[TlsFailure, int]]:
    for one in found:
        detail = one.get("failure-reason-code") or one.get("additional-information") or ""
        failure = TlsFailure(
            clean(_text(one["result-type"]).strip().lower(), 40),
            clean(_text(one.get("receiving-mx-hostname") or "").strip().lower().removesuffix("."), 120),
            clean(_text(detail).strip(), 120),
        )
        yield failure, _count(one.get("failed-session-count", 1))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST_COUNT:
        raise TypeError(type(value))
    return value


def _moment(value: Any) -> datetime:
    """A date of RFC 3339; without a zone it is UTC."""
    moment = datetime.fromisoformat(_text(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
