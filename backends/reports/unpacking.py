"""Report attachments, unpacked within limits: strangers pack them, and deflate grows a thousandfold."""

import io
import zipfile
import zlib
from collections.abc import Iterator

from backends.language import _
from backends.reports.report import Chunks, ReportRefused

LARGEST_PACKED = 5 << 20
LARGEST_UNPACKED = 20 << 20
"""Bytes. Reports for a small server are some KiB; a hundred thousand sources fit into this."""

_PIECE = 64 << 10
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_MOST_MEMBERS = 5
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Others have dictionaries whose size the sender chooses."""
_IS_ENCRYPTED = 0x1
"""Bit 0 of a member's flags (APPNOTE.TXT, section 4.4.4)."""


def unpacked(attachment: bytes, limit: int = LARGEST_UNPACKED) -> Chunks:
    """The report in an attachment, be it plain, in gzip or in zip, in pieces of at most 64 KiB.

    Raises ReportRefused, at the latest when more than `limit` bytes came out, whatever a header says.
    """
    if len(attachment) > LARGEST_PACKED:
        raise ReportRefused(_("the attachment is larger than {size} MiB").format(size=LARGEST_PACKED >> 20))
    total = 0
    for piece in _pieces(attachment):
        total += len(piece)
        if total > limit:
            raise ReportRefused(_("unpacked, it is larger than {size} MiB").format(size=limit >> 20))
        yield piece


def _pieces(attachment: bytes) -> Iterator[bytes]:
    if attachment.startswith(_GZIP):
        yield from _from_gzip(attachment)
    elif attachment.startswith(_ZIP):
        yield from _from_zip(attachment)
    else:
        for start in range(0, len(attachment), _PIECE):
            yield attachment[start : start + _PIECE]


def _from_gzip(attachment: bytes) -> Iterator[bytes]:
    """One member (RFC 1952 section 2.2); whatever follows it is no report."""
    unpack, rest = zlib.decompressobj(wbits=31), attachment
    try:
        while not unpack.eof:
            piece = unpack.decompress(rest, _PIECE)
            rest = unpack.unconsumed_tail
            if not piece and not unpack.eof:
                raise ReportRefused(_("the attachment is cut off"))
            yield piece
    except zlib.error as problem:
        raise ReportRefused(_("the attachment can't be unpacked")) from problem


def _from_zip(attachment: bytes) -> Iterator[bytes]:
    """The only file in the archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(attachment)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1 or len(archive.infolist()) > _MOST_MEMBERS:
                raise ReportRefused(_("the archive does not hold just one file"))
            (member,) = members
            if member.flag_bits & _IS_ENCRYPTED or member.compress_type not in _METHODS:
                raise ReportRefused(_("the archive is packed in a way that reports are not"))
            with archive.open(member) as file:
                while piece := file.read(_PIECE):
                    yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as problem:
        raise ReportRefused(_("the attachment can't be unpacked")) from problem
