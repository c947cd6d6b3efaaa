import base64
from ipaddress import ip_address
from pathlib import Path

import dkim
import dns.zone
import pytest
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from backends.dns.dkim_check import public_key_in
from backends.dns.records import DnsRecord, dkim_record, records_for, txt_strings, zone_text
from backends.dns.settings import DnsSettings
from backends.errors import MailsteadError
from backends.rspamd import dkim_keys

HOST = "mail.example.test"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dkim")
    for domain in ("example.test", "second.test"):
        (directory / f"{domain}.r1.key").write_bytes(dkim_keys.new_rsa_key())
        (directory / f"{domain}.e1.key").write_bytes(dkim_keys.new_ed25519_key())
    return directory


def settings(keys: Path, **changes: object) -> DnsSettings:
    base = {
        "hostname": HOST,
        "domains": ("example.test", "second.test"),
        "addresses": (ip_address("192.0.2.25"), ip_address("2001:db8::25")),
        "reports_to": "admin@example.test",
        "dkim_directory": str(keys),
    }
    return DnsSettings(**(base | changes))  # type: ignore[arg-type]


def short(records: tuple[DnsRecord, ...]) -> list[tuple[str, str, str]]:
    return [(r.name, r.type, r.value) for r in records if "_domainkey" not in r.name]


def test_the_basic_set_of_records_is_complete(keys: Path) -> None:
    assert short(records_for(settings(keys))) == [
        (HOST, "A", "192.0.2.25"),
        (HOST, "AAAA", "2001:db8::25"),
        (HOST, "TXT", "v=spf1 a -all"),
        ("example.test", "MX", "10 mail.example.test."),
        ("example.test", "TXT", "v=spf1 mx -all"),
        ("_dmarc.example.test", "TXT", "v=DMARC1; p=quarantine; rua=mailto:admin@example.test"),
        ("_smtp._tls.example.test", "TXT", "v=TLSRPTv1; rua=mailto:admin@example.test"),
        ("second.test", "MX", "10 mail.example.test."),
        ("second.test", "TXT", "v=spf1 mx -all"),
        ("_dmarc.second.test", "TXT", "v=DMARC1; p=quarantine; rua=mailto:admin@example.test"),
        ("second.test._report._dmarc.example.test", "TXT", "v=DMARC1"),
        ("_smtp._tls.second.test", "TXT", "v=TLSRPTv1; rua=mailto:admin@example.test"),
    ]


def test_every_domain_gets_both_dkim_records(keys: Path) -> None:
    names = [r.name for r in records_for(settings(keys)) if "_domainkey" in r.name]
    assert names == [f"{s}._domainkey.{d}" for d in ("example.test", "second.test") for s in ("r1", "e1")]


def test_a_relay_may_send_and_others_are_only_doubtful(keys: Path) -> None:
    found = short(records_for(settings(keys, sends_through_relay="smtp.isp.example")))
    assert ("example.test", "TXT", "v=spf1 mx a:smtp.isp.example ~all") in found


def test_the_zone_reads_back_as_the_same_records(keys: Path) -> None:
    records = records_for(settings(keys))
    zone = dns.zone.from_text(
        "$ORIGIN test.\n@ 3600 IN SOA ns hostmaster 1 2 3 4 5\n@ IN NS ns\n" + zone_text(records),
        relativize=False,
    )
    read = [
        (str(name).rstrip("."), b"".join(data.strings).decode())
        for name, _, data in zone.iterate_rdatas("TXT")
        if isinstance(data, TXT)
    ]
    assert sorted(read) == sorted((r.name, r.value) for r in records if r.type == "TXT")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=700))
def test_no_string_of_a_txt_record_is_longer_than_255_bytes_and_nothing_is_lost(text: str) -> None:
    zone = dns.zone.from_text(f"$ORIGIN test.\n$TTL 60\nx IN TXT {txt_strings(text)}\n", check_origin=False)
    (data,) = (data for _, _, data in zone.iterate_rdatas("TXT"))
    assert isinstance(data, TXT)
    assert b"".join(data.strings).decode() == text
    assert max(map(len, data.strings)) <= 255


def test_a_signature_by_each_key_verifies_with_its_record(keys: Path) -> None:
    message = b"From: a@example.test\r\nTo: b@example.test\r\nSubject: x\r\n\r\nhello\r\n"
    for selector, algorithm in (("r1", b"rsa-sha256"), ("e1", b"ed25519-sha256")):
        record = dkim_record("example.test", selector, str(keys))
        key = (keys / f"example.test.{selector}.key").read_bytes()
        if selector == "e1":
            key = base64.b64encode(base64.b64decode(key)[:32])  # dkimpy wants the seed alone
        signature = dkim.sign(
            message,
            selector.encode(),
            b"example.test",
            key,
            signature_algorithm=algorithm,
            include_headers=[b"From"],
        )
        answers = {record.name: record.value.encode()}
        found = dkim.verify(signature + message, dnsfunc=lambda n, **_: answers[n.decode().rstrip(".")])  # noqa: B023
        assert found


def test_before_there_are_keys_there_is_nothing_to_publish(tmp_path: Path) -> None:
    with pytest.raises(MailsteadError) as caught:
        records_for(settings(tmp_path))
    assert "mailstead replay" in caught.value.describe()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("v=DKIM1; k=rsa; p=abc=", "abc="),
        ("p=ab c\td;k=rsa", "abcd"),
        ("v=DKIM1; p=", ""),
        ("v=spf1 -all", None),
        ("\x1b[2J", None),
    ],
)
def test_the_key_in_a_published_record_is_found(text: str, key: str | None) -> None:
    assert public_key_in(text) == key
