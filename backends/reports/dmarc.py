"""DMARC aggregate reports, read as they are unpacked.

Read with expat, not with parsedmarc: that one (11.1) builds the whole document, for which 92 KB of attachment
took 368 MB of memory, and brings 28 more packages, 55 MB, onto the server.
"""

import re
from collections import Counter
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import NoReturn
from xml.parsers import expat

from backends.language import _
from backends.reports.report import (
    LONGEST_NAME,
    Chunks,
    DmarcReport,
    DmarcRow,
    ReportRefused,
    heading,
    reported_domain,
)
from backends.text import clean

MOST_ROWS = 10_000
"""Different rows in one report; the same again only count."""
MOST_ELEMENTS = 500_000
DEEPEST = 12
"""Elements within each other; the schema has 5."""
LONGEST_TEXT = 1_000
"""Characters of one value."""
LONGEST_TAG = 256 << 10
"""Bytes of one tag or text before expat makes anything of it: attributes, mainly."""

_NAMESPACES = {"", "http://dmarc.org/dmarc-xml/0.1", "urn:ietf:params:xml:ns:dmarc-2.0"}
"""None at all is the most usual; RFC 7489 appendix C; RFC 9990."""
_FOREIGN = "?"
"""Stands for an element of any other namespace: an extension, which nobody reads here."""

_HEAD = {
    "report_metadata/org_name",
    "report_metadata/report_id",
    "report_metadata/date_range/begin",
    "report_metadata/date_range/end",
    "policy_published/domain",
    "policy_published/p",
}
_SOURCE, _COUNT, _FROM = "record/row/source_ip", "record/row/count", "record/identifiers/header_from"
_DISPOSITION = "record/row/policy_evaluated/disposition"
_DKIM, _SPF = "record/row/policy_evaluated/dkim", "record/row/policy_evaluated/spf"
_REASON = "record/row/policy_evaluated/reason/type"
_ROW = {_SOURCE, _COUNT, _FROM, _DISPOSITION, _DKIM, _SPF}
_SIGNATURE, _SENDER = "record/auth_results/dkim", "record/auth_results/spf"
_RESULTS = {f"{of}/{name}" for of in (_SIGNATURE, _SENDER) for name in ("domain", "result")}
_READ = {*_HEAD, *_ROW, _REASON, *_RESULTS}

_POLICIES = {"none", "quarantine", "reject"}
_REASONS = {"forwarded", "sampled_out", "trusted_forwarder", "mailing_list", "local_policy"}
_MOST_RESULTS = 10
"""Signatures of one row that are looked at."""
_NUMBER = re.compile(r"\d{1,10}")


def read_dmarc(chunks: Chunks) -> DmarcReport:
    """The report in an XML text; raises ReportRefused."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    # Reports have no document type, and what it could declare (entities, default attributes) only does harm.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    fed = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > LONGEST_TAG:
                raise ReportRefused(_("one of its elements is too long"))
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as problem:
        seen = clean(str(problem), 80)
        raise ReportRefused(_("it is no XML that can be read: {seen}").format(seen=seen)) from problem
    return reader.report()


def _refuse_doctype(*_declared: object) -> NoReturn:
    raise ReportRefused(_("it declares a document type, which reports have not"))


class _Reader:
    """Takes expat's events and keeps what a report is read for."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._elements = 0
        self._text: list[str] = []
        self._length = 0
        self._head: dict[str, str] = {}
        self._row: dict[str, str] = {}
        self._result: dict[str, str] = {}
        self._results: list[tuple[str, str, str]] = []
        self._reasons: set[str] = set()
        self._rows: Counter[DmarcRow] = Counter()

    def start(self, name: str, _attributes: object) -> None:
        """An element begins; its name has the namespace before it."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise ReportRefused(_("it has more elements than a report has"))
        namespace, _space, local = name.rpartition(" ")
        is_known = namespace in _NAMESPACES
        if not self._open and not (is_known and local == "feedback"):
            raise ReportRefused(_("it is XML, but no DMARC report"))
        self._open.append(self._below(local if is_known else _FOREIGN))
        self._text, self._length = [], 0

    def text(self, piece: str) -> None:
        """Some of an element's text."""
        if self._open[-1] not in _READ:
            return
        self._length += len(piece)
        if self._length > LONGEST_TEXT:
            raise ReportRefused(_("one of its values is too long"))
        self._text.append(piece)

    def end(self, _name: str) -> None:
        """An element ends."""
        path, value = self._open.pop(), "".join(self._text).strip()
        self._text, self._length = [], 0
        if path in _HEAD:
            self._head.setdefault(path, value)
        elif path in _ROW:
            self._row[path] = value
        elif path in _RESULTS:
            self._result[path] = value
        elif path == _REASON and value in _REASONS:
            self._reasons.add(value)
        elif path in {_SIGNATURE, _SENDER}:
            self._end_result(path)
        elif path == "record":
            self._end_row()

    def report(self) -> DmarcReport:
        """All of it; raises ReportRefused where something is missing."""
        head = self._head
        policy = head.get("policy_published/p", "").lower()
        return DmarcReport(
            heading(
                head.get("report_metadata/org_name", ""),
                head.get("report_metadata/report_id", ""),
                _moment(head.get("report_metadata/date_range/begin", "")),
                _moment(head.get("report_metadata/date_range/end", "")),
            ),
            reported_domain(head.get("policy_published/domain", "")),
            policy if policy in _POLICIES else "none",
            dict(self._rows),
        )

    def _below(self, name: str) -> str:
        """The way to an element from the root, which is not named in it."""
        if len(self._open) <= 1:
            return name if self._open else ""
        return f"{self._open[-1]}/{name}"

    def _end_result(self, path: str) -> None:
        if len(self._results) < _MOST_RESULTS:
            domain, result = self._result.get(f"{path}/domain", ""), self._result.get(f"{path}/result", "")
            self._results.append((path, domain.lower().removesuffix("."), result.lower()))
        self._result = {}

    def _end_row(self) -> None:
        row, results = self._row, self._results
        author = clean(row.get(_FROM, "").lower().removesuffix("."), LONGEST_NAME)
        count = row.get(_COUNT, "")
        if not _NUMBER.fullmatch(count):
            raise ReportRefused(_("a row does not say how many messages it counts"))
        disposition = row.get(_DISPOSITION, "").lower()
        passed = {domain for _path, domain, result in results if result == "pass" and domain}
        one = DmarcRow(
            source=_address(row.get(_SOURCE, "")),
            header_from=author,
            disposition=disposition if disposition in _POLICIES else "none",
            dkim=row.get(_DKIM, "").lower() == "pass",
            spf=row.get(_SPF, "").lower() == "pass",
            passed=tuple(sorted(clean(domain, 80) for domain in passed if not _is_one(domain, author)))[:3],
            is_broken=any(
                path == _SIGNATURE and _is_one(domain, author) and result != "pass"
                for path, domain, result in results
            ),
            reasons=tuple(sorted(self._reasons)),
        )
        self._rows[one] += int(count)
        if len(self._rows) > MOST_ROWS:
            raise ReportRefused(_("it has more than {count} rows").format(count=MOST_ROWS))
        self._row, self._results, self._reasons = {}, [], set()


def _is_one(domain: str, author: str) -> bool:
    """Whether one lies in the other: as far as names tell, they are one organisation's."""
    return domain == author or domain.endswith(f".{author}") or author.endswith(f".{domain}")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as problem:
        raise ReportRefused(_("a row does not say which address it is about")) from problem


def _moment(text: str) -> datetime:
    """Seconds since 1970, as RFC 7489 has them."""
    if not _NUMBER.fullmatch(text):
        raise ReportRefused(_("it does not say about which time it is"))
    return datetime.fromtimestamp(int(text), UTC)
