"""Mails that bring reports, and the reports in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from itertools import chain, islice

from backends.accounts.addresses import WrongAddress, domain_of, parse_domain
from backends.language import _
from backends.reports.dmarc import read_dmarc
from backends.reports.report import Chunks, Report, ReportRefused
from backends.reports.tls import read_tls
from backends.reports.unpacking import unpacked

HEAD = 64 << 10
"""Bytes at the beginning of a mail that show whether it brings a report."""

_MOST_PARTS, _MOST_ATTACHMENTS = 50, 5
_SIGNS = re.compile(
    rb"report[ _]domain|tlsrpt"
    rb"|name\*?0?\*?=[ \t]{0,8}\"?[^\s\"!]{1,255}![^\s\"!]{1,255}!\d{1,12}!\d{1,12}",
    re.IGNORECASE,
)
"""The subject and the attachment's name of RFC 7489 section 7.2.1.1; the types of RFC 8460 section 5."""
_TYPES = {
    "application/gzip",
    "application/x-gzip",
    "application/zip",
    "application/x-zip-compressed",
    "application/xml",
    "text/xml",
    "application/tlsrpt+gzip",
    "application/tlsrpt+json",
}
_ENDINGS = (".xml", ".gz", ".zip", ".json")
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How XML in UTF-16 begins."""


@dataclass(frozen=True)
class Letter:
    """A mail with its attachments that may be reports."""

    sender: str
    """The domain in From, in lower case; empty where it is none."""
    is_proven: bool
    """Whether this server found that the mail really comes from there (DMARC)."""
    attachments: tuple[bytes, ...]


def may_bring_report(head: bytes) -> bool:
    """Whether the beginning of a mail looks like that of a report's. Other mail is not looked into."""
    return bool(_SIGNS.search(head[:HEAD]))


def open_letter(mail: bytes, hostname: str) -> Letter:
    """Take a mail apart. `hostname` is this server's, in whose name the filter says what it found."""
    message = message_from_bytes(mail)
    sender = _domain(message)
    return Letter(sender, bool(sender) and _is_proven(message, hostname), tuple(_attachments(message)))


def read_report(attachment: bytes) -> Report:
    """The report in an attachment, by its content: names and types are not reliable. Raises ReportRefused."""
    pieces = unpacked(attachment)
    first = next(pieces, b"")
    whole: Chunks = chain((first,), pieces)
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"<", *_WIDE)):
        return read_dmarc(whole)
    if start.startswith(b"{"):
        return read_tls(whole)
    raise ReportRefused(_("it is neither XML nor JSON"))


def _attachments(message: Message) -> Iterator[bytes]:
    parts = (part for part in islice(message.walk(), _MOST_PARTS) if _may_be_report(part))
    for part in islice(parts, _MOST_ATTACHMENTS):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content


def _may_be_report(part: Message) -> bool:
    if part.is_multipart():
        return False
    return part.get_content_type() in _TYPES or (part.get_filename() or "").lower().endswith(_ENDINGS)


def _domain(message: Message) -> str:
    try:
        return parse_domain(domain_of(parseaddr(str(message.get("From", "")))[1]))
    except WrongAddress:
        return ""


def _is_proven(message: Message, hostname: str) -> bool:
    """Whether the first field in this server's name says so (RFC 8601): the filter puts it there on arrival.

    The parts of a field are told by the `;` between them; in values from outside the filter has none.
    """
    for value in message.get_all("Authentication-Results", []):
        server, *found = (part.strip() for part in str(value).split(";"))
        if server.split(" ")[0].lower() == hostname:
            return any(re.match(r"dmarc=pass(?!\w)", part) for part in found)
    return False
