"""Journals of real runs in the lab, without what only going back needs."""

from pathlib import Path

from wizard.journal import Event, parse_event

JOURNALS = Path(__file__).with_name("journals")


def recorded(name: str) -> list[Event]:
    """The events of one of them: `first-run-bookworm`, `failed-trixie`, `resumed-trixie`, …"""
    return [parse_event(line) for line in (JOURNALS / f"{name}.jsonl").read_bytes().splitlines()]
