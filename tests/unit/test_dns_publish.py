"""What publishing changes in a zone, and what it leaves to others."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from backends.dns.publish import Difference, Held, Key, Ours, RecordSet, difference, record_set, wanted_sets
from backends.dns.record import DnsRecord, Need, address_record

HOST, DOMAIN = "mail.example.test", "example.test"
KEY = "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0B" * 19


def records(**changes: str) -> list[DnsRecord]:
    values = {
        "mx": f"10 {HOST}.",
        "spf": "v=spf1 mx -all",
        "dmarc": "v=DMARC1; p=reject; rua=mailto:a@b.test",
    } | changes
    return [
        DnsRecord(DOMAIN, "MX", values["mx"]),
        DnsRecord(DOMAIN, "TXT", values["spf"]),
        DnsRecord(f"r1._domainkey.{DOMAIN}", "TXT", KEY),
        DnsRecord(f"_dmarc.{DOMAIN}", "TXT", values["dmarc"]),
        DnsRecord(f"_imaps._tcp.{DOMAIN}", "SRV", f"0 1 993 {HOST}."),
        DnsRecord(HOST, "CAA", '0 issue "ca.test"'),
    ]


def held(*sets: tuple[str, str, tuple[str, ...]], ttl: int = 300) -> dict[Key, RecordSet]:
    made = [record_set(name, kind, ttl, values) for name, kind, values in sets]
    return {one.key: one for one in made}


def compared(present: Held, *, ours: Ours | None = None, mail: bool = False) -> Difference:
    return difference(wanted_sets(records()), present, ours or {}, host=HOST, may_replace_mail=mail)


def after(found: Difference) -> dict[Key, tuple[str, ...]]:
    return {change.key: change.after.shown if change.after else () for change in found.changes}


def applied(present: Held, found: Difference) -> dict[Key, RecordSet]:
    then = dict(present)
    for change in found.changes:
        assert then.get(change.key) == change.before
        then.pop(change.key, None)
        if change.after:
            then[change.key] = change.after
    return then


def test_into_an_empty_zone_everything_is_added() -> None:
    found = compared({})

    assert {change.action for change in found.changes} == {"add"}
    assert {change.key for change in found.changes} == set(wanted_sets(records()))
    assert found.left == ()


def test_a_second_time_there_is_nothing_to_do() -> None:
    then = applied({}, first := compared({}))

    assert compared(then, ours=dict(first.ours)).changes == ()


def test_a_proof_of_ownership_stays_and_only_the_spf_record_gives_way() -> None:
    found = compared(held((DOMAIN, "TXT", ('"token=1"', '"v=spf1 include:x.test -all"', '"spf2.0/pra"'))))

    assert after(found)[DOMAIN, "TXT"] == ("spf2.0/pra", "token=1", "v=spf1 mx -all")


def test_the_time_to_live_that_somebody_chose_stays() -> None:
    found = compared(held((DOMAIN, "TXT", ('"token=1"',)), ttl=77))

    (change,) = (one for one in found.changes if one.key == (DOMAIN, "TXT"))
    assert change.after
    assert change.after.ttl == 77


def test_a_key_that_is_split_otherwise_is_the_same_key() -> None:
    split = " ".join(f'"{KEY[start : start + 60]}"' for start in range(0, len(KEY), 60))
    found = compared(held((f"r1._domainkey.{DOMAIN}", "TXT", (split,))))

    assert (f"r1._domainkey.{DOMAIN}", "TXT") not in after(found)


def test_reports_that_go_to_more_places_are_left_alone() -> None:
    text = '"v=DMARC1; p=reject; rua=mailto:a@b.test,mailto:c@d.test"'

    assert (f"_dmarc.{DOMAIN}", "TXT") not in after(compared(held((f"_dmarc.{DOMAIN}", "TXT", (text,)))))


def test_mail_of_another_server_stays_until_a_person_gives_it_up() -> None:
    present = held((DOMAIN, "MX", ("5 mx.other.test.", f"10 {HOST}.")))

    cautious, told = compared(present), compared(present, mail=True)

    assert (DOMAIN, "MX") not in after(cautious)
    assert [(one.type, one.seen, one.is_foreign_mail) for one in cautious.left] == [
        ("MX", ("5 mx.other.test.",), True)
    ]
    assert after(told)[DOMAIN, "MX"] == (f"10 {HOST}.",)


def test_our_own_mail_with_another_priority_is_right() -> None:
    found = compared(held((DOMAIN, "MX", (f"20 {HOST.upper()}.",))))

    assert (DOMAIN, "MX") not in after(found)
    assert found.left == ()


def test_what_we_published_and_want_no_more_goes_and_others_beside_it_stay() -> None:
    old = f"r0._domainkey.{DOMAIN}"
    present = held((old, "TXT", ('"v=DKIM1; p=A"', '"note"')), (f"_old.{DOMAIN}", "TXT", ('"v=1"',)))
    ours = {(old, "TXT"): ('"v=DKIM1; p=A"',), (f"_old.{DOMAIN}", "TXT"): ('"v=1"',)}

    found = compared(present, ours=ours)

    assert after(found)[old, "TXT"] == ("note",)
    assert after(found)[f"_old.{DOMAIN}", "TXT"] == ()
    assert not set(ours) & set(found.ours)


def test_what_somebody_else_put_in_place_of_ours_is_not_removed() -> None:
    key = (f"_old.{DOMAIN}", "TXT")

    assert key not in after(compared(held((*key, ('"theirs"',))), ours={key: ('"ours"',)}))


def test_beside_an_alias_nothing_is_put() -> None:
    found = compared(held((f"_dmarc.{DOMAIN}", "CNAME", ("dmarc.other.test.",))))

    assert (f"_dmarc.{DOMAIN}", "TXT") not in after(found)
    assert [one.seen for one in found.left] == [("dmarc.other.test.",)]


def test_an_alias_of_this_server_does_what_its_own_records_would() -> None:
    name = f"autoconfig.{DOMAIN}"
    wanted = wanted_sets([address_record(name, ip_address("192.0.2.25"), Need.RECOMMENDED, "")])

    found = difference(wanted, held((name, "CNAME", (f"{HOST}.",))), {}, host=HOST)

    assert (found.changes, found.left) == ((), ())


def test_other_tags_of_caa_stay() -> None:
    found = compared(held((HOST, "CAA", ('0 issue "old.test"', '0 contactemail "a@b.test"'))))

    assert after(found)[HOST, "CAA"] == ('0 contactemail "a@b.test"', '0 issue "ca.test"')


def test_what_a_server_says_can_not_steer_a_terminal() -> None:
    found = compared(held((DOMAIN, "TXT", ('"\\027[2Jv=x"',))))

    assert "\x1b" not in "".join(after(found)[DOMAIN, "TXT"])


_TEXTS = st.sampled_from(
    ['"token=1"', '"v=spf1 -all"', '"v=spf1 mx -all"', '"v=DMARC1; p=none"', '"v=DKIM1; p=AAAA"', '"x"']
)
_NAMES = st.sampled_from(
    [DOMAIN, f"_dmarc.{DOMAIN}", f"r1._domainkey.{DOMAIN}", f"www.{DOMAIN}", f"_old.{DOMAIN}"]
)


@given(st.dictionaries(_NAMES, st.lists(_TEXTS, min_size=1, unique=True), max_size=5))
def test_whatever_is_there_comes_back_and_nothing_foreign_is_touched(texts: dict[str, list[str]]) -> None:
    present = held(*((name, "TXT", tuple(values)) for name, values in texts.items()))

    found = compared(present)
    then = applied(present, found)

    assert compared(then, ours=dict(found.ours)).changes == ()
    assert {key: one for key, one in then.items() if key not in wanted_sets(records())} == {
        key: one for key, one in present.items() if key not in wanted_sets(records())
    }
    for text in ('"token=1"', '"x"'):
        for name, values in texts.items():
            assert text not in values or text in then[name, "TXT"].values
    for change in reversed(found.changes):
        then.pop(change.key)
        if change.before:
            then[change.key] = change.before
    assert then == present
