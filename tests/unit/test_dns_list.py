"""Each record beside what the world sees of it."""

from backends.dns.judging import Judgement, Standing
from backends.dns.record import DnsRecord, Need
from wizard.dns_list import paired

MX = DnsRecord("example.test", "MX", "10 mail.example.test.")
PINS = (
    DnsRecord("_25._tcp.mail.example.test", "TLSA", "3 1 1 aa", need=Need.DNSSEC),
    DnsRecord("_25._tcp.mail.example.test", "TLSA", "3 1 1 bb", need=Need.DNSSEC),
)


def found(name: str, kind: str, standing: Standing, seen: str, domain: str = "example.test") -> Judgement:
    """What was seen."""
    return Judgement(domain, name, kind, Need.REQUIRED, standing, seen)


def test_records_that_nobody_looked_at_have_no_standing() -> None:
    entries = paired([("example.test", MX)], ())

    assert [(one.record, one.standing, one.is_amiss) for one in entries] == [(MX, None, False)]


def test_records_of_one_name_keep_what_was_seen_of_each() -> None:
    judged = [
        found(PINS[0].name, "TLSA", Standing.RIGHT, "aa"),
        found(PINS[1].name, "TLSA", Standing.MISSING, "bb is not there"),
    ]

    entries = paired([("example.test", one) for one in PINS], judged)

    assert [(one.record, one.standing) for one in entries] == [
        (PINS[0], Standing.RIGHT),
        (PINS[1], Standing.MISSING),
    ]
    assert len({one.key for one in entries}) == 2


def test_what_has_no_record_stands_in_its_domain_behind_the_records() -> None:
    other = DnsRecord("example.org", "MX", "10 mail.example.test.")
    judged = [
        found("example.test", "MX", Standing.RIGHT, "10 mail.example.test."),
        found("example.test", "spf", Standing.WRONG, "192.0.2.25: fail"),
        found(PINS[0].name, "TLSA", Standing.RIGHT, "aa"),
        found(PINS[0].name, "TLSA", Standing.UNASKED, "port 25 shows nothing"),
        found("example.org", "MX", Standing.RIGHT, "10 mail.example.test.", "example.org"),
    ]

    entries = paired([("example.test", MX), ("example.test", PINS[0]), ("example.org", other)], judged)

    assert [(one.name, one.type, one.place, one.record is not None, one.standing) for one in entries] == [
        ("example.test", "MX", 0, True, Standing.RIGHT),
        (PINS[0].name, "TLSA", 0, True, Standing.RIGHT),
        ("example.test", "spf", 0, False, Standing.WRONG),
        (PINS[0].name, "TLSA", 1, False, Standing.UNASKED),
        ("example.org", "MX", 0, True, Standing.RIGHT),
    ]
    assert sum(one.is_amiss for one in entries) == 2
