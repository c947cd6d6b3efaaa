"""What the certificates panel says, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.content import Content

from backends.language import _, ngettext
from screens.console.moments import date_and_time

if TYPE_CHECKING:
    from backends.certificates.status import FileStatus, PortStatus
    from wizard.certificate_list import CertificateList

_FEW_DAYS = 14
_MARKS = {
    "ok": (_("ok"), ""),
    "soon": (_("SOON"), "yellow"),
    "ended": (_("ENDED"), "bold red"),
    "missing": (_("MISSING"), "bold red"),
    "wrong": (_("WRONG"), "bold red"),
    "silent": (_("SILENT"), "bold red"),
}
_MARK_WIDTH = max(cell_len(mark) for mark, _style in _MARKS.values()) + 2
_WHERE_WIDTH = 22
_KIND_WIDTH = 7
_DAYS_WIDTH = 12
_PAIRS_A_LINE = 16


@dataclass(frozen=True)
class CertificateRow:
    """A certificate on disk, one that can't be read there, or a port."""

    file: FileStatus | None = None
    port: PortStatus | None = None
    unread: str = ""

    @property
    def key(self) -> str:
        """Names the row for good."""
        if self.file:
            return self.file.path
        return f"{self.port.name} {self.port.number}" if self.port else self.unread

    @property
    def state(self) -> str:
        """A key of the marks: `ok` where nothing is to be done."""
        if self.port:
            if self.port.served is None:
                return "silent"
            if self.port.served.days_left < 0:
                return "ended"
            return "wrong" if self.port.problem else _by_days(self.port.served.days_left)
        return _by_days(self.file.days_left) if self.file else "missing"

    @property
    def is_right(self) -> bool:
        """Whether it does its work now."""
        return self.state in {"ok", "soon"}


def rows_of(seen: CertificateList) -> tuple[CertificateRow, ...]:
    """What is on disk first, then each port."""
    return (
        *(CertificateRow(file=one) for one in seen.files),
        *(CertificateRow(unread=path) for path in seen.unread),
        *(CertificateRow(port=one) for one in seen.ports),
    )


def text_of(row: CertificateRow) -> str:
    """What the filter looks at."""
    names = row.file.names if row.file else ()
    return " ".join((_MARKS[row.state][0], _where(row), _kind(row), _rest(row), row.key, *names))


def certificate_line(row: CertificateRow, width: int) -> Text:
    """State, where, the kind of key, the days left, and the rest in words."""
    mark, style = _MARKS[row.state]
    cells = (
        (mark, _MARK_WIDTH),
        (_where(row), _WHERE_WIDTH),
        (_kind(row), _KIND_WIDTH),
        (_days(row), _DAYS_WIDTH),
    )
    line = Text("".join(set_cell_size(text, size) for text, size in cells) + _rest(row), style=style)
    line.truncate(width, overflow="ellipsis")
    return line


def titles(width: int) -> Content:
    """What stands in the columns."""
    cells = (
        (_("state"), _MARK_WIDTH),
        (_("where"), _WHERE_WIDTH),
        (_("kind"), _KIND_WIDTH),
        (_("ends in"), _DAYS_WIDTH),
    )
    text = "".join(set_cell_size(name, size) for name, size in cells) + _("what it is")
    return Content(text).truncate(max(0, width))


def details(row: CertificateRow) -> Content:
    """A few lines about the row under the cursor."""
    return Content("\n".join([_heading(row), *_lines(row)][:4]))


def in_full(row: CertificateRow) -> str:
    """Everything that is known of it."""
    parts = ["\n".join(_lines(row))]
    if sha256 := _sha256(row):
        parts.append(_("fingerprint, SHA-256:") + "\n" + fingerprint(sha256))
    if not row.is_right or row.state == "soon":
        parts.append(_mend(row))
    return "\n\n".join(parts)


def heading(row: CertificateRow) -> str:
    """What the row is, for the window's title."""
    return _heading(row)


def fingerprint(sha256: str) -> str:
    """As programs show it, in two lines: `AB:CD:…`"""
    pairs = [sha256[n : n + 2].upper() for n in range(0, len(sha256), 2)]
    halves = [pairs[n : n + _PAIRS_A_LINE] for n in range(0, len(pairs), _PAIRS_A_LINE)]
    return ":\n".join(":".join(half) for half in halves)


def count_of(seen: CertificateList, shown: int) -> str:
    """For the last line."""
    rows = rows_of(seen)
    certificates = ngettext("{count} certificate", "{count} certificates", len(seen.files))
    ports = ngettext("{count} port", "{count} ports", len(seen.ports))
    wrong = sum(not row.is_right for row in rows)
    parts = [
        certificates.format(count=len(seen.files)),
        ports.format(count=len(seen.ports)),
        ngettext("{count} is not right", "{count} are not right", wrong).format(count=wrong)
        if wrong
        else _("every port serves what is on disk"),
    ]
    if shown != len(rows):
        parts.append(_("the filter shows {count}").format(count=shown))
    return "; ".join(parts)


def before_renewing(seen: CertificateList) -> str:
    """What will happen."""
    then = _(
        "The servers reload, and every port is looked at: where one does not show the new ones, the old ones "
        "come back."
    )
    names = ", ".join(dict.fromkeys(name for one in seen.files for name in one.names))
    match seen.source:
        case "acme":
            asked = _("{directory} is asked for new ones for: {names}").format(
                directory=seen.asked, names=names
            )
            limits = _(
                "It limits how many it issues. Let's Encrypt gives 5 certificates a week for the same names, "
                "and this server needs 2 at a time; ones that end soon are renewed without you."
            )
            return f"{asked}\n\n{limits}\n\n{then}"
        case "imported":
            files = _("Somebody else renews {path}: it is read again, and taken up if it has changed.")
            return f"{files.format(path=seen.asked)}\n\n{then}"
        case _:
            made = _("The server's own authority makes new ones for: {names}").format(names=names)
            return f"{made}\n\n{then}"


def authority_text(seen: CertificateList) -> str:
    """The fingerprint of the server's own authority, and where it lies."""
    own = seen.authority
    if own is None:
        return ""
    lines = [_("fingerprint, SHA-256:"), fingerprint(own.sha256), own.path]
    return "\n".join([*lines, f"{seen.page}ca.crt"] if seen.page else lines)


def authority_words(seen: CertificateList) -> str:
    """How clients come to trust it."""
    own = seen.authority
    until = _("It ends on {day}.").format(day=f"{own.until:%Y-%m-%d}") if own else ""
    way = (
        _("People get it from {page}, where Apple's devices find a profile that brings it.").format(
            page=seen.page
        )
        if seen.page
        else _("Hand that file to people: it holds no secret.")
    )
    how = _(
        "Programs trust this server once it is installed: a double click on Windows and macOS, in "
        "Thunderbird under Settings, Privacy, Certificates, Authorities. Have people compare the "
        "fingerprint. mailstead clients sheet ADDRESS prints all of this for a mailbox."
    )
    return "\n".join(part for part in (way, how, until) if part)


def _by_days(days: int) -> str:
    if days < 0:
        return "ended"
    return "soon" if days < _FEW_DAYS else "ok"


def _where(row: CertificateRow) -> str:
    if row.port is None:
        return _("on disk")
    return _("port {number} {name}").format(number=row.port.number, name=row.port.name)


def _heading(row: CertificateRow) -> str:
    if row.port:
        return _where(row)
    return row.file.path if row.file else row.unread


def _kind(row: CertificateRow) -> str:
    served = row.port.served if row.port else None
    kind = row.file.kind if row.file else served.kind if served else ""
    return kind.upper()


def _days(row: CertificateRow) -> str:
    served = row.port.served if row.port else None
    days = row.file.days_left if row.file else served.days_left if served else None
    return "" if days is None else ngettext("{count} day", "{count} days", days).format(count=days)


def _rest(row: CertificateRow) -> str:
    if row.port:
        return row.port.problem or _("serves what is on disk")
    if row.file is None:
        return _("can't be read: {path}").format(path=row.unread)
    return _("{names}; by {issuer}").format(names=", ".join(row.file.names), issuer=row.file.issuer)


def _lines(row: CertificateRow) -> Iterator[str]:
    if row.file:
        yield _("{kind}, until {time}, {days}").format(
            kind=_kind(row), time=date_and_time(row.file.until), days=_days(row)
        )
        yield _("names: {names}").format(names=", ".join(row.file.names))
        yield _("issued by: {issuer}").format(issuer=row.file.issuer)
    elif row.port:
        if served := row.port.served:
            yield _("{kind}, {days}, {protocol} with {cipher}").format(
                kind=_kind(row), days=_days(row), protocol=served.protocol, cipher=served.cipher
            )
        yield _rest(row)
    else:
        yield _rest(row)


def _sha256(row: CertificateRow) -> str:
    served = row.port.served if row.port else None
    return row.file.sha256 if row.file else served.sha256 if served else ""


def _mend(row: CertificateRow) -> str:
    match row.state:
        case "silent":
            return _("mend: look whether the service runs (mailstead check), and into its log")
        case "missing":
            return _("mend: mailstead replay makes what is missing")
        case "wrong":
            return _("mend: reload the service, so that it takes up what is on disk (mailstead check)")
        case _:
            return _("mend: n gets new ones; mailstead check says why they were not renewed")
