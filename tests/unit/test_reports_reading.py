"""Reports that strangers send: what is read of them, and what is refused before it does harm."""

import gzip
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.reports import dmarc as dmarc_reader
from backends.reports import tls as tls_reader
from backends.reports.letter import read_report
from backends.reports.report import DmarcReport, DmarcRow, ReportRefused, TlsFailure, TlsReport
from backends.reports.unpacking import LARGEST_PACKED, LARGEST_UNPACKED, unpacked
from tests.unit.report_samples import BEGIN, END, GOOD, dmarc, failure, row, tls, tls_bytes, zipped


def read_dmarc(text: bytes) -> DmarcReport:
    report = read_report(text)
    assert isinstance(report, DmarcReport)
    return report


def read_tls(found: Any) -> TlsReport:
    report = read_report(json.dumps(found).encode())
    assert isinstance(report, TlsReport)
    return report


def by_words(value: object) -> str:
    """What a case is called: never by its bytes, as archives hold the time at which they are made."""
    return value if isinstance(value, str) and len(value) < 40 else "report"


def refusal(attachment: bytes) -> str:
    with pytest.raises(ReportRefused) as refused:
        read_report(attachment)
    return refused.value.message


def test_an_aggregate_report_says_who_sent_how_much_and_what_came_of_it() -> None:
    forged = row("203.0.113.9", 40, ("fail", "fail"), None, disposition="quarantine")
    report = read_dmarc(dmarc(row(), forged))

    assert report.heading.organisation == "reporter.test"
    assert report.heading.begin == datetime.fromtimestamp(BEGIN, UTC)
    assert report.heading.end == datetime.fromtimestamp(END, UTC)
    assert (report.domain, report.policy) == ("example.test", "quarantine")
    assert report.rows == {
        DmarcRow("198.51.100.10", "example.test", "none", True, True): 3,
        DmarcRow("203.0.113.9", "example.test", "quarantine", False, False): 40,
    }


def test_the_same_row_again_only_counts() -> None:
    assert list(read_dmarc(dmarc(row(count=3), row(count=4))).rows.values()) == [7]


def test_a_row_says_for_whom_else_it_passed_and_that_a_signature_broke() -> None:
    service = row("192.0.2.1", 1, ("fail", "fail"), ("pass", "service.test", "pass", "bounce.service.test"))
    changed = row("192.0.2.2", 1, ("fail", "fail"), ("fail", "example.test", "pass", "lists.test"))

    found = {one.source: one for one in read_dmarc(dmarc(service, changed)).rows}

    assert found["192.0.2.1"].passed == ("bounce.service.test", "service.test")
    assert not found["192.0.2.1"].is_broken
    assert found["192.0.2.2"].passed == ("lists.test",)
    assert found["192.0.2.2"].is_broken


def test_what_one_row_says_is_not_the_next_ones() -> None:
    first = row("192.0.2.1", 1, ("fail", "fail"), ("pass", "a.test", "pass", "a.test"), reason="mailing_list")
    second = row("192.0.2.2", 1, ("fail", "fail"), None)

    found = {one.source: one for one in read_dmarc(dmarc(first, second)).rows}

    assert found["192.0.2.1"].reasons == ("mailing_list",)
    assert (found["192.0.2.2"].reasons, found["192.0.2.2"].passed) == ((), ())


@pytest.mark.parametrize(
    "root",
    [
        "feedback",
        'feedback xmlns="http://dmarc.org/dmarc-xml/0.1"',
        'feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"',
        'd:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0"',
    ],
)
def test_reports_of_every_standard_are_read(root: str) -> None:
    text = dmarc(root=root)
    assert read_dmarc(text).rows


def test_an_extension_in_another_namespace_is_passed_over() -> None:
    extra = '<report_metadata xmlns="urn:other"><org_name>impostor</org_name></report_metadata>'
    text = dmarc().replace(b"<version>", extra.encode() + b"<version>")

    assert read_dmarc(text).heading.organisation == "reporter.test"


@pytest.mark.parametrize(
    "packed",
    [
        dmarc(),
        b"\xef\xbb\xbf" + dmarc(),
        b"\n " + dmarc().partition(b"\n")[2],
        dmarc().decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        gzip.compress(dmarc()),
        zipped(("reporter.test!example.test!1!2.xml", dmarc())),
        zipped(("reports/", b""), ("reports/report.xml", dmarc()), method=zipfile.ZIP_STORED),
    ],
    ids=by_words,
)
def test_however_it_is_packed_it_is_the_same_report(packed: bytes) -> None:
    assert read_dmarc(packed) == read_dmarc(dmarc())


@pytest.mark.parametrize("count", [1, 1000])
def test_a_source_is_written_in_one_way(count: int) -> None:
    (found,) = read_dmarc(dmarc(row("2001:0DB8:0:0::0001", count))).rows
    assert found.source == "2001:db8::1"


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (dmarc(root='feedback xmlns="http://www.w3.org/1999/xhtml"'), "no DMARC report"),
        (dmarc(root="html"), "no DMARC report"),
        (dmarc()[:-200], "no XML"),
        (dmarc(organisation=""), "whose report"),
        (dmarc(number=" "), "whose report"),
        (dmarc(begin="yesterday"), "which time"),
        (dmarc(begin=99999999999), "which time"),
        (dmarc(begin=END, end=BEGIN), "ends before it begins"),
        (dmarc(domain="../../etc"), "no mail domain"),
        (dmarc(row(source="localhost")), "which address"),
        (dmarc(row(count=-1)), "how many messages"),
        (dmarc(row(count="1e9")), "how many messages"),
        (dmarc(organisation="x" * 2000), "too long"),
        (b"PK\x03\x04 and no more", "can't be unpacked"),
        (gzip.compress(dmarc())[:-60], "cut off"),
        (b"\x1f\x8b and no more", "can't be unpacked"),
        (b"%PDF-1.7", "neither XML nor JSON"),
        (b"", "neither XML nor JSON"),
        (gzip.compress(gzip.compress(dmarc())), "neither XML nor JSON"),
        (zipped(("a.xml", dmarc()), ("b.xml", dmarc())), "just one file"),
        (zipped(("reports/", b"")), "just one file"),
        (zipped(("a.xml", dmarc()), method=zipfile.ZIP_LZMA), "packed in a way"),
    ],
    ids=by_words,
)
def test_what_is_no_report_is_refused_with_the_reason(report: bytes, words: str) -> None:
    assert words in refusal(report)


BILLION = """<!DOCTYPE feedback [
 <!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
"""


@pytest.mark.parametrize(
    ("before", "organisation"),
    [
        (BILLION, "&c;"),
        ('<!DOCTYPE feedback [<!ENTITY f SYSTEM "file:///etc/passwd">]>\n', "&f;"),
        ('<!DOCTYPE feedback SYSTEM "http://203.0.113.5/feedback.dtd">\n', "reporter.test"),
        ('<!DOCTYPE feedback [<!ATTLIST record a CDATA "v">]>\n', "reporter.test"),
    ],
    ids=by_words,
)
def test_a_document_type_is_refused_before_anything_it_declares(before: str, organisation: str) -> None:
    assert "document type" in refusal(dmarc(before=before, organisation=organisation))


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: zipped(("a.xml", text))])
def test_a_bomb_is_put_out_at_the_limit_without_filling_memory(pack: Any) -> None:
    bomb = pack(dmarc().replace(b"</feedback>", b" " * (LARGEST_UNPACKED + 1) + b"</feedback>"))
    assert len(bomb) < 50_000

    tracemalloc.start()
    said = refusal(bomb)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "larger than 20 MiB" in said
    assert peak < 2 << 20


def test_a_large_attachment_is_not_unpacked_at_all() -> None:
    assert "larger than 5 MiB" in refusal(b"\x1f\x8b" + bytes(LARGEST_PACKED))


def test_pieces_are_small_whatever_the_packing() -> None:
    for packed in (bytes(1 << 20), gzip.compress(bytes(1 << 20)), zipped(("a", bytes(1 << 20)))):
        pieces = list(unpacked(packed))
        assert sum(map(len, pieces)) == 1 << 20
        assert max(map(len, pieces)) <= 64 << 10


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<a>" * 20, "more elements"),
        ("<a/>" * 30, "more elements"),
        (f'<a b="{"x" * (600 << 10)}"/>', "too long"),
        (f"<!--{'x' * (600 << 10)}-->", "too long"),
    ],
    ids=by_words,
)
def test_a_shape_that_no_report_has_is_refused(
    monkeypatch: pytest.MonkeyPatch, inside: str, words: str
) -> None:
    monkeypatch.setattr(dmarc_reader, "MOST_ELEMENTS", 25)
    assert words in refusal(f"<feedback>{inside}</feedback>".encode())


def test_rows_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dmarc_reader, "MOST_ROWS", 3)
    rows = [row(f"192.0.2.{number}") for number in range(4)]

    assert read_dmarc(dmarc(*rows[:3])).rows
    assert "more than 3 rows" in refusal(dmarc(*rows))


def test_what_a_reporter_wrote_is_safe_to_show() -> None:
    report = read_dmarc(
        dmarc(row(auth=("pass", "\u202eevil.test", "fail", "x.test")), organisation="&#x9b;2J\u202eGoogle")
    )

    assert report.heading.organisation.isprintable()
    assert all(name.isprintable() for one in report.rows for name in one.passed)


def test_a_tls_report_says_how_often_encryption_worked_and_why_it_did_not() -> None:
    found = tls(
        failure(), failure(count=2), failure("validation-failure", 1, **{"failure-reason-code": "X509_V_ERR"})
    )
    report = read_tls(found)

    (policy,) = report.policies
    assert (policy.domain, policy.kind) == ("example.test", "sts")
    assert (policy.successful, policy.failed) == (420, 6)
    assert policy.failures == {
        TlsFailure("certificate-expired", "mail.example.test", ""): 5,
        TlsFailure("validation-failure", "mail.example.test", "X509_V_ERR"): 1,
    }
    assert report.heading.organisation == "Reporter Inc."
    assert report.heading.end == datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)


def test_a_tls_report_of_successes_needs_no_details() -> None:
    found = tls()
    del found["policies"][0]["failure-details"]

    assert not read_tls(found).policies[0].failures


def test_a_tls_report_comes_in_gzip() -> None:
    assert isinstance(read_report(tls_bytes(tls())), TlsReport)


def changed(**changes: Any) -> bytes:
    return json.dumps(tls() | changes).encode()


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (b'{"organization-name": ', "no JSON"),
        (b'{"a": ' + b"[" * 100_000, "no JSON"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "no JSON"),
        (b"{}", "no TLS report"),
        (changed(policies={}), "policies"),
        (changed(policies=[[]]), "no TLS report"),
        (changed(policies=[{}] * 201), "200 policies"),
        (changed(**{"organization-name": ["x"]}), "no TLS report"),
        (changed(**{"date-range": {"start-datetime": "soon", "end-datetime": "later"}}), "no TLS report"),
        (json.dumps(tls(successful=-1)).encode(), "no TLS report"),
        (json.dumps(tls(successful="420")).encode(), "no TLS report"),
        (json.dumps(tls(successful=True)).encode(), "no TLS report"),
        (json.dumps(tls(domain="..")).encode(), "no mail domain"),
        (b"{" + b" " * (tls_reader.LARGEST + 1) + b"}", "larger than 4 MiB"),
    ],
    ids=by_words,
)
def test_what_is_no_tls_report_is_refused_with_the_reason(report: bytes, words: str) -> None:
    assert words in refusal(report)


def test_kinds_of_failure_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_reader, "MOST_FAILURES", 2)
    found = [failure(f"made-up-{number}") for number in range(3)]

    assert "kinds of failure" in refusal(json.dumps(tls(*found)).encode())


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"<", b"<feedback>", b"{", b"\x1f\x8b\x08", b"PK\x03\x04"])
)
def test_any_other_bytes_are_refused(content: bytes, start: bytes) -> None:
    with pytest.raises(ReportRefused) as refused:
        read_report(start + content)
    assert refused.value.message.isprintable()


@given(st.integers(0, len(dmarc()) - 1), st.binary(min_size=1, max_size=4))
def test_a_damaged_report_is_read_or_refused(at: int, damage: bytes) -> None:
    text = dmarc(row(auth=GOOD))
    try:
        report = read_report(text[:at] + damage + text[at + len(damage) :])
    except ReportRefused:
        return
    assert isinstance(report, DmarcReport)
    assert report.heading.organisation.isprintable()
