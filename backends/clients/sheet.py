"""The one-page sheet from which a person sets a mail program up: for a terminal, and for paper."""

import textwrap
from dataclasses import dataclass

from backends.clients import qr_code
from backends.clients.settings import MailAccess
from backends.clients.words import Row, fingerprint, rows
from backends.language import _
from backends.templates import render

WIDTH = 80
"""Columns."""


@dataclass(frozen=True)
class Sheet:
    """What a mailbox' owner is told. There is never a password on it."""

    address: str
    access: MailAccess
    authority_pem: bytes = b""
    """The server's own authority, which devices have to trust first; empty where they do already."""

    @property
    def title(self) -> str:
        """The first line."""
        return _("Mail for {address}").format(address=self.address)

    @property
    def link(self) -> str:
        """The address of the page that does the rest; empty where the server has none."""
        return self.access.url

    @property
    def rows(self) -> tuple[Row, ...]:
        """What mail programs ask for, and the authority's fingerprint."""
        found = rows(self.access, self.address)
        if not self.authority_pem:
            return found
        pairs = fingerprint(self.authority_pem)
        # In halves, to compare with what a device shows, and to fold between two pairs.
        return (*found, (_("Authority"), f"SHA-256 {pairs[:48]} {pairs[48:]}"))

    @property
    def hints(self) -> tuple[str, ...]:
        """What else to know."""
        by_itself = _(
            "Give your mail program the address and the password: most find the rest by themselves."
        )
        trust = _(
            "This server has a certificate authority of its own. Before you install its certificate, compare "
            "the fingerprint that your device shows with the one above."
        )
        return ((by_itself,) if self.link else ()) + ((trust,) if self.authority_pem else ())


def text_lines(sheet: Sheet, width: int = WIDTH) -> tuple[str, ...]:
    """The sheet without its QR code, in lines of at most `width` columns."""
    label_width = max(len(label) for label, _value in sheet.rows) + 2
    lines = [sheet.title, "=" * min(len(sheet.title), width), ""]
    for label, value in sheet.rows:
        first, *more = _folded(value, width - label_width)
        lines.append(f"{label:<{label_width}}{first}")
        lines += [" " * label_width + part for part in more]
    for hint in sheet.hints:
        lines += ["", *textwrap.wrap(hint, width)]
    if sheet.link:
        lines += ["", *_folded(_("More, for every device: {link}").format(link=sheet.link), width)]
    return tuple(lines)


def code_lines(sheet: Sheet, width: int = WIDTH, *, has_blocks: bool = True) -> tuple[str, ...]:
    """The QR code of the page, dark on light; no line where there is no page, or no room."""
    if not sheet.link:
        return ()
    return (qr_code.half_blocks if has_blocks else qr_code.ascii_blocks)(sheet.link, width)


def html(sheet: Sheet) -> bytes:
    """The sheet as an HTML page that needs no other file, for printing."""
    return render(
        "clients/templates/sheet.html.j2",
        step="clients",
        title=sheet.title,
        rows=sheet.rows,
        hints=sheet.hints,
        link=sheet.link,
        code=qr_code.svg(sheet.link) if sheet.link else "",
    )


def _folded(value: str, width: int) -> list[str]:
    """Lines of a value; one without blanks, as a long address or a fingerprint, is cut anywhere."""
    return textwrap.wrap(value, width, break_on_hyphens=False) or [""]
