"""Reports as others write them (RFC 7489 appendix C, RFC 8460 section 4.4), and the mails that bring them."""

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

HOST = "mail.example.test"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEGIN = int((NOW - timedelta(days=1)).timestamp())
END = BEGIN + 86399

GOOD = ("pass", "example.test", "pass", "example.test")
"""DKIM's result and domain, SPF's result and domain, as they came out."""


def row(
    source: str = "198.51.100.10",
    count: int | str = 3,
    aligned: tuple[str, str] = ("pass", "pass"),
    auth: tuple[str, str, str, str] | None = GOOD,
    *,
    disposition: str = "none",
    reason: str = "",
    author: str = "example.test",
) -> str:
    why = f"<reason><type>{reason}</type><comment>why</comment></reason>" if reason else ""
    results = ""
    if auth:
        results = (
            f"<dkim><domain>{auth[1]}</domain><selector>r1</selector><result>{auth[0]}</result></dkim>"
            f"<spf><domain>{auth[3]}</domain><scope>mfrom</scope><result>{auth[2]}</result></spf>"
        )
    return f"""
  <record>
    <row>
      <source_ip>{source}</source_ip>
      <count>{count}</count>
      <policy_evaluated>
        <disposition>{disposition}</disposition>
        <dkim>{aligned[0]}</dkim>
        <spf>{aligned[1]}</spf>{why}
      </policy_evaluated>
    </row>
    <identifiers><header_from>{author}</header_from></identifiers>
    <auth_results>{results}</auth_results>
  </record>"""


def dmarc(
    *rows: str,
    domain: str = "example.test",
    policy: str = "quarantine",
    number: str = "9391651994964116463",
    organisation: str = "reporter.test",
    root: str = "feedback",
    before: str = "",
    begin: int | str = BEGIN,
    end: int | str = END,
) -> bytes:
    name = root.partition(" ")[0]
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
{before}<{root}>
  <version>1.0</version>
  <report_metadata>
    <org_name>{organisation}</org_name>
    <email>noreply-dmarc-support@reporter.test</email>
    <extra_contact_info>https://reporter.test/dmarc</extra_contact_info>
    <report_id>{number}</report_id>
    <date_range><begin>{begin}</begin><end>{end}</end></date_range>
  </report_metadata>
  <policy_published>
    <domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>{policy}</p><sp>{policy}</sp><pct>100</pct>
  </policy_published>{"".join(rows or (row(),))}
</{name}>
""".encode()


def failure(kind: str = "certificate-expired", count: Any = 3, **more: Any) -> dict[str, Any]:
    return {
        "result-type": kind,
        "sending-mta-ip": "203.0.113.5",
        "receiving-mx-hostname": HOST,
        "receiving-ip": "198.51.100.10",
        "failed-session-count": count,
    } | more


def tls(
    *failures: dict[str, Any],
    domain: str = "example.test",
    kind: str = "sts",
    number: str = "5065427c-23d3@reporter.test",
    successful: Any = 420,
) -> dict[str, Any]:
    return {
        "organization-name": "Reporter Inc.",
        "date-range": {"start-datetime": "2026-11-23T00:00:00Z", "end-datetime": "2026-11-23T23:59:59Z"},
        "contact-info": "tls@reporter.test",
        "report-id": number,
        "policies": [
            {
                "policy": {
                    "policy-type": kind,
                    "policy-string": ["version: STSv1", "mode: testing"],
                    "policy-domain": domain,
                    "mx-host": [HOST],
                },
                "summary": {
                    "total-successful-session-count": successful,
                    "total-failure-session-count": sum(one["failed-session-count"] for one in failures),
                },
                "failure-details": list(failures),
            }
        ],
    }


def tls_bytes(report: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(report).encode())


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return archive.getvalue()


def mail(
    attachment: bytes,
    *,
    media_type: str = "application/gzip",
    name: str = f"reporter.test!example.test!{BEGIN}!{END}.xml.gz",
    subject: str = "Report domain: example.test Submitter: reporter.test Report-ID: <9391>",
    sender: str = "noreply@reporter.test",
    results: Sequence[str] = (),
) -> bytes:
    fields = [*(f"Authentication-Results: {one}" for one in results), f"From: DMARC <{sender}>"]
    body = base64.encodebytes(attachment).decode()
    return "\r\n".join(
        [
            *fields,
            "To: admin@example.test",
            f"Subject: {subject}",
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed; boundary="bound"',
            "",
            "--bound",
            "Content-Type: text/plain",
            "",
            "This is a report.",
            "--bound",
            f'Content-Type: {media_type}; name="{name}"',
            f'Content-Disposition: attachment; filename="{name}"',
            "Content-Transfer-Encoding: base64",
            "",
            body,
            "--bound--",
            "",
        ]
    ).encode()


def deliver(maildir: Path, name: str, content: bytes, folder: str = "new") -> Path:
    path = maildir / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
