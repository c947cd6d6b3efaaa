"""The records to publish on the page Proof, and how each stands in the DNS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from backends.language import _
from backends.text import clean
from screens.console import dns_words as words
from screens.setup.proof_rows import Kind, Row

if TYPE_CHECKING:
    from datetime import datetime

    from backends.dns.records import DnsRecord
    from wizard.dns_list import DnsEntry
    from wizard.handover import Handover

_KINDS: dict[str, Kind] = {"right": "ok", "wrong": "bad", "missing": "bad"}
"""By the value of a Standing; everything else is doubtful."""


@dataclass(frozen=True)
class DnsSight:
    """What was seen of the records: nothing yet, while it is asked, or at `looked_at`; or why that failed."""

    entries: tuple[DnsEntry, ...] = ()
    looked_at: datetime | None = None
    is_asking: bool = False
    trouble: str = ""


def record_rows(left: Handover, sight: DnsSight) -> Iterator[Row]:
    """Every record with its state once it was looked at, then the names of the addresses."""
    by_record = {entry.record: entry for entry in sight.entries if entry.record}
    by_address = {entry.name: entry for entry in sight.entries if entry.type == "PTR"}
    yield Row("title", "")
    yield Row("title", _("Publish these records where the DNS of the domain is kept"))
    yield from _told(sight)
    for record in left.records:
        yield _record_row(record, by_record.get(record))
    yield Row("title", "")
    yield Row("title", _("Have the name of the address set (reverse DNS, PTR)"))
    if left.no_address:
        yield Row("doubtful", clean(left.no_address), clean(left.no_address))
    for pointer in left.pointers:
        line = clean(f"{pointer.address}  PTR  {pointer.hostname}")
        more = _(
            "Whoever gave you the address sets it. Large providers refuse mail from addresses whose name "
            "does not lead back to them."
        )
        entry = by_address.get(pointer.address)
        yield Row(_kind(entry), _with_state(entry, line), _more(f"{line}\n{more}", entry), pointer.hostname)


def _told(sight: DnsSight) -> Iterator[Row]:
    """Whether the DNS was asked, and what came of it."""
    if sight.trouble:
        words_of_it = _("What is published could not be looked at; r looks again")
        yield Row("doubtful", words_of_it, clean(sight.trouble))
    elif sight.entries or sight.is_asking:
        text = words.count_of(sight.entries, len(sight.entries), sight.looked_at, is_asking=sight.is_asking)
        text = _("asking the name servers …") if sight.is_asking and not sight.entries else text
        yield Row("text", text, _("r looks again; the console's DNS panel shows everything about each."))


def _record_row(record: DnsRecord, entry: DnsEntry | None) -> Row:
    line = clean(f"{record.name}  {record.type}  {record.value}")
    return Row(_kind(entry), _with_state(entry, line), _more(line, entry), copy=record.presentation)


def _kind(entry: DnsEntry | None) -> Kind:
    return _KINDS.get(entry.standing, "doubtful") if entry and entry.standing else "do"


def _with_state(entry: DnsEntry | None, line: str) -> str:
    """The state in front, in a column of its own, where it is known."""
    if entry is None or entry.standing is None:
        return line
    return set_cell_size(words.state(entry), words.STATE_WIDTH) + line


def _more(line: str, entry: DnsEntry | None) -> str:
    """The line in full; where it is not right, what is seen, and what to do."""
    if entry is None or entry.judgement is None or entry.standing == "right":
        return line
    seen = _("seen: {seen}").format(seen=entry.judgement.seen)
    return "\n".join(part for part in (line, f"{words.state(entry)}; {seen}", entry.judgement.mend) if part)
