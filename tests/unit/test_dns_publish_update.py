"""DNS UPDATE on the wire: what is asked, under which conditions, and each refusal in words."""

import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from backends.dns.publish import SetChange, record_set
from backends.dns.publish_refusals import ChangedInBetween, NotPublished, UpdateRefused, UpdateUnknown
from backends.dns.publish_update import Primary, UpdateKey
from tests.unit.tsig_server import KEY, SECRET, ZONE, Server, serving

NAME = f"_dmarc.{ZONE}"
ADDED = SetChange(None, record_set(NAME, "TXT", 3600, ['"v=DMARC1; p=reject"']))


def primary(server: Server, *, secret: str = SECRET, patience: float = 5) -> Primary:
    return Primary("127.0.0.1", UpdateKey(KEY, secret), server.port, patience)


def test_what_is_there_is_read_with_its_zone() -> None:
    with serving() as server:
        server.held[ZONE, "TXT"] = ('"token"', '"v=spf1 -all"')
        server.held[f"www.{ZONE}", "CNAME"] = ("other.test.",)

        seen = primary(server).look([(ZONE, "TXT"), (NAME, "TXT")])

    assert seen.held == {(ZONE, "TXT"): record_set(ZONE, "TXT", 60, ['"v=spf1 -all"', '"token"'])}
    assert seen.zones == {ZONE: ZONE, NAME: ZONE}


def test_names_of_a_zone_that_is_held_elsewhere_are_told() -> None:
    with serving() as server:
        server.is_authoritative = False
        seen = primary(server).look([(NAME, "TXT")])

    assert seen.zones == {}
    assert "does not hold the zone" in seen.elsewhere[NAME]


def test_an_update_asks_that_everything_still_is_as_it_was() -> None:
    before = record_set(ZONE, "TXT", 60, ['"a"', '"b"'])
    changes = [
        ADDED,
        SetChange(before, record_set(ZONE, "TXT", 60, ['"a"', '"c"'])),
        SetChange(record_set(f"x.{ZONE}", "A", 60, ["192.0.2.1"]), None),
    ]
    with serving() as server:
        primary(server).apply(ZONE, changes)
        (update,) = server.updates

    asked = sorted(
        (rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype), *(data.to_text() for data in rrset))
        for rrset in update.prerequisite
    )
    assert asked == [
        (f"{NAME}.", "CNAME"),
        (f"{NAME}.", "TXT"),
        (f"{ZONE}.", "CNAME"),
        (f"{ZONE}.", "TXT", '"a"'),
        (f"{ZONE}.", "TXT", '"b"'),
        (f"x.{ZONE}.", "A", "192.0.2.1"),
    ]
    assert update.had_tsig


@pytest.mark.parametrize(
    ("rcode", "kind", "words"),
    [
        (dns.rcode.REFUSED, UpdateRefused, "this key may not do that in example.test"),
        (dns.rcode.NOTAUTH, UpdateRefused, "not the primary server of example.test"),
        (dns.rcode.NOTZONE, UpdateRefused, "not the primary server of example.test"),
        (dns.rcode.SERVFAIL, UpdateRefused, "failed over example.test"),
        (dns.rcode.NOTIMP, UpdateRefused, "takes no DNS UPDATE"),
        (dns.rcode.FORMERR, UpdateRefused, "did not understand"),
        (dns.rcode.NXRRSET, ChangedInBetween, "changed by somebody else in between"),
        (dns.rcode.YXRRSET, ChangedInBetween, "changed by somebody else in between"),
        (dns.rcode.YXDOMAIN, ChangedInBetween, "changed by somebody else in between"),
    ],
)
def test_a_refused_update_is_told_in_words(
    rcode: dns.rcode.Rcode, kind: type[NotPublished], words: str
) -> None:
    with serving() as server:
        server.refusing = rcode
        with pytest.raises(kind, match=words) as refusal:
            primary(server).apply(ZONE, [ADDED])

    assert refusal.value.next_step
    assert SECRET not in refusal.value.describe()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (dns.rcode.BADKEY, "does not know the key update"),
        (dns.rcode.BADSIG, "the secret of the key update is not the one"),
        (dns.rcode.BADTIME, "clock"),
    ],
)
def test_a_key_that_does_not_fit_is_told_before_anything_is_shown(error: int, words: str) -> None:
    with serving() as server:
        server.tsig_error = error
        with pytest.raises(UpdateRefused, match=words):
            primary(server).look([(NAME, "TXT")])
        with pytest.raises(UpdateRefused, match=words):
            primary(server).apply(ZONE, [ADDED])


def test_an_answer_without_a_signature_is_not_believed() -> None:
    with serving() as server:
        server.is_unsigned = True
        with pytest.raises(UpdateUnknown, match="not signed"):
            primary(server).apply(ZONE, [ADDED])
        with pytest.raises(UpdateUnknown, match="not signed"):
            primary(server).look([(NAME, "TXT")])


def test_a_silent_server_is_told_as_one() -> None:
    with serving() as server:
        server.is_silent = True
        with pytest.raises(UpdateUnknown, match="does not answer"):
            primary(server, patience=0.1).look([(NAME, "TXT")])
        with pytest.raises(UpdateUnknown, match="does not answer"):
            primary(server, patience=0.1).apply(ZONE, [ADDED])


def test_where_nobody_listens_it_is_said() -> None:
    with serving() as server:
        pass

    with pytest.raises(UpdateUnknown, match="can't be reached"):
        primary(server).apply(ZONE, [ADDED])


def test_a_secret_that_is_none_is_not_repeated() -> None:
    with serving() as server, pytest.raises(UpdateRefused, match="not in base64") as refusal:
        primary(server, secret="geheim!").apply(ZONE, [ADDED])

    assert "geheim" not in refusal.value.describe()
    assert "geheim" not in repr(primary(server, secret="geheim!"))
