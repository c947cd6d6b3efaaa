"""The records beside the basic ones: policies, keys, services, hosts of web pages, issuers."""

import json
from ipaddress import ip_address
from pathlib import Path

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from backends.certificates import authority, keys
from backends.certificates.settings import LETS_ENCRYPT, TlsFiles, tls_files
from backends.dns.addresses import publishable
from backends.dns.mta_sts import policy_id, policy_text
from backends.dns.pins import pin_of
from backends.dns.records import DnsRecord, Need, block_text, domain_of, records_for
from backends.dns.settings import PROTOCOLS, DnsSettings, Offer
from backends.errors import MailsteadError
from backends.rspamd import dkim_keys
from tests.issuer import Issuer, pem

HOST = "mail.example.test"
OFFERS = tuple(
    Offer(each, {"submissions": 465, "imaps": 993, "submission": 587}.get(each, 0)) for each in PROTOCOLS
)
ACCOUNT = "https://acme-v02.api.letsencrypt.org/acme/acct/12345"


@pytest.fixture(scope="module")
def dkim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dkim")
    rsa, ed25519 = dkim_keys.new_rsa_key(), dkim_keys.new_ed25519_key()
    for domain in ("example.test", "sub.example.test", "second.test", HOST):
        (directory / f"{domain}.r1.key").write_bytes(rsa)
        (directory / f"{domain}.e1.key").write_bytes(ed25519)
    return directory


def settings(dkim: Path, **changes: object) -> DnsSettings:
    base: dict[str, object] = {
        "hostname": HOST,
        "domains": ("example.test",),
        "addresses": (ip_address("192.0.2.25"), ip_address("2001:db8::25")),
        "reports_to": "admin@example.test",
        "dkim_directory": str(dkim),
    }
    return DnsSettings(**(base | changes))  # type: ignore[arg-type]


def of(records: tuple[DnsRecord, ...], name: str) -> list[tuple[str, str]]:
    return [(one.type, one.value) for one in records if one.name == name]


def served(directory: Path, kind: str = "ecdsa") -> tuple[TlsFiles, str]:
    files = tls_files("ecdsa" if kind == "ecdsa" else "rsa", str(directory))
    _key, certificate = Issuer().issue(HOST)
    Path(files.chain).parent.mkdir(parents=True, exist_ok=True)
    Path(files.chain).write_text(pem(certificate))
    return files, pin_of(certificate)


def registered(directory: Path, account: str, uri: str) -> None:
    place = directory / "accounts/acme-v02.api.letsencrypt.org/directory" / account
    place.mkdir(parents=True)
    (place / "regr.json").write_text(json.dumps({"body": {}, "uri": uri}))


def test_a_policy_for_encryption_has_its_id_and_a_host_from_which_no_mail_comes(dkim: Path) -> None:
    records = records_for(settings(dkim, mta_sts="testing"))

    expected = policy_id(policy_text(HOST, "testing"))
    assert of(records, "_mta-sts.example.test") == [("TXT", f"v=STSv1; id={expected}")]
    assert of(records, "mta-sts.example.test") == [
        ("A", "192.0.2.25"),
        ("AAAA", "2001:db8::25"),
        ("MX", "0 ."),
        ("TXT", "v=spf1 -all"),
    ]
    assert of(records, "_dmarc.mta-sts.example.test") == [("TXT", "v=DMARC1; p=reject")]


def test_without_a_policy_there_is_neither_its_record_nor_its_host(dkim: Path) -> None:
    assert not [one for one in records_for(settings(dkim)) if "mta-sts" in one.name]


def test_a_domain_that_rejects_does_so_for_its_hosts_too(dkim: Path) -> None:
    records = records_for(settings(dkim, mta_sts="enforce", dmarc="reject"))
    assert [one.name for one in records if one.name.startswith("_dmarc")] == ["_dmarc.example.test"]


def test_every_served_key_is_pinned_and_the_next_one_before_it_is_served(dkim: Path, tmp_path: Path) -> None:
    ecdsa, first = served(tmp_path)
    rsa, second = served(tmp_path, "rsa")
    after, third = served(tmp_path / "next")

    records = records_for(settings(dkim, pinned=(ecdsa, rsa), imported=after.chain))

    found = [one for one in records if one.type == "TLSA"]
    assert [one.name for one in found] == [f"_25._tcp.{HOST}"] * 3
    assert [one.value for one in found] == [f"3 1 1 {pin}" for pin in (first, second, third)]
    assert {one.need for one in found} == {Need.DNSSEC}


def test_what_certbot_has_renewed_is_pinned_before_it_is_served(dkim: Path, tmp_path: Path) -> None:
    ecdsa, first = served(tmp_path)
    renewed, second = served(tmp_path / "renewed")
    live = tmp_path / "live/mailstead-ecdsa"
    live.mkdir(parents=True)
    (live / "fullchain.pem").write_bytes(Path(renewed.chain).read_bytes())

    records = records_for(
        settings(dkim, pinned=(ecdsa,), acme_directory=LETS_ENCRYPT, acme_state=str(tmp_path))
    )

    assert [one.value for one in records if one.type == "TLSA"] == [f"3 1 1 {first}", f"3 1 1 {second}"]


def test_the_pin_is_the_digest_of_the_public_key(tmp_path: Path) -> None:
    import hashlib

    files, pin = served(tmp_path)
    certificate = authority.read_certificate(Path(files.chain).read_bytes())
    assert certificate is not None
    key = authority.public_key_of(certificate)
    assert key is not None
    assert pin == hashlib.sha256(keys.public_bytes(key)).hexdigest()


def test_without_a_certificate_no_pin_is_made_up(dkim: Path, tmp_path: Path) -> None:
    with pytest.raises(MailsteadError, match="no certificate"):
        records_for(settings(dkim, pinned=(tls_files("ecdsa", str(tmp_path)),)))


def test_mail_programs_are_led_to_what_is_offered_and_away_from_what_is_not(dkim: Path) -> None:
    records = records_for(settings(dkim, offers=OFFERS, has_client_pages=True))

    found = {one.name.removesuffix("._tcp.example.test"): one.value for one in records if one.type == "SRV"}
    assert found == {
        "_submissions": "0 1 465 mail.example.test.",
        "_submission": "10 1 587 mail.example.test.",
        "_imaps": "0 1 993 mail.example.test.",
        "_imap": "0 0 0 .",
        "_pop3s": "0 0 0 .",
        "_pop3": "0 0 0 .",
        "_sieve": "0 0 0 .",
        "_autodiscover": "0 1 443 autodiscover.example.test.",
    }
    for name in ("autoconfig.example.test", "autodiscover.example.test"):
        assert of(records, name)[0] == ("A", "192.0.2.25")
        assert ("TXT", "v=spf1 -all") in of(records, name)


def test_only_this_servers_account_gets_certificates(dkim: Path, tmp_path: Path) -> None:
    registered(tmp_path, "0123abcd", ACCOUNT)

    records = records_for(
        settings(dkim, acme_directory=LETS_ENCRYPT, acme_state=str(tmp_path), mta_sts="testing")
    )

    issue = ("CAA", f'0 issue "letsencrypt.org; accounturi={ACCOUNT}"')
    assert issue in of(records, HOST)
    assert ("CAA", '0 iodef "mailto:admin@example.test"') in of(records, HOST)
    assert issue in of(records, "mta-sts.example.test")


@pytest.mark.parametrize(
    "accounts",
    [{}, {"0a": ACCOUNT, "0b": f"{ACCOUNT}6"}, {"0a": 'https://x"; issue "evil.test'}, {"0a": "ftp://x"}],
)
def test_an_account_that_is_not_known_for_sure_is_not_named(
    dkim: Path, tmp_path: Path, accounts: dict[str, str]
) -> None:
    for name, uri in accounts.items():
        registered(tmp_path, name, uri)
    records = records_for(settings(dkim, acme_directory=LETS_ENCRYPT, acme_state=str(tmp_path)))
    assert ("CAA", '0 issue "letsencrypt.org"') in of(records, HOST)


def test_of_several_accounts_the_one_of_the_certificate_is_named(dkim: Path, tmp_path: Path) -> None:
    registered(tmp_path, "0a", "https://acme-v02.api.letsencrypt.org/acme/acct/1")
    registered(tmp_path, "0b", ACCOUNT)
    (tmp_path / "renewal").mkdir()
    (tmp_path / "renewal/mailstead-ecdsa.conf").write_text("[renewalparams]\naccount = 0b\n")
    records = records_for(settings(dkim, acme_directory=LETS_ENCRYPT, acme_state=str(tmp_path)))
    assert ("CAA", f'0 issue "letsencrypt.org; accounturi={ACCOUNT}"') in of(records, HOST)


@pytest.mark.parametrize("directory", ["", "https://acme.example.test/dir"])
def test_an_authority_without_a_known_name_is_not_locked_out(dkim: Path, directory: str) -> None:
    assert not [one for one in records_for(settings(dkim, acme_directory=directory)) if one.type == "CAA"]


def test_a_host_that_is_a_mail_domain_has_one_spf_record(dkim: Path) -> None:
    records = records_for(settings(dkim, domains=(HOST,)))
    assert [value for kind, value in of(records, HOST) if kind == "TXT"] == ["v=spf1 mx -all"]


def test_a_relay_given_by_its_address_is_named_by_it(dkim: Path) -> None:
    for relay, named in (("192.0.2.99", "ip4:192.0.2.99"), ("2001:db8::9", "ip6:2001:db8::9")):
        records = records_for(settings(dkim, sends_through_relay=relay))
        assert ("TXT", f"v=spf1 mx {named} ~all") in of(records, "example.test")


def test_every_record_says_why_it_is_there_and_reads_as_one_of_its_type(dkim: Path, tmp_path: Path) -> None:
    files, _pin = served(tmp_path)
    everything = settings(
        dkim,
        domains=("example.test", "second.test"),
        mta_sts="enforce",
        pinned=(files,),
        offers=OFFERS,
        has_client_pages=True,
        acme_directory=LETS_ENCRYPT,
        acme_state=str(tmp_path),
    )

    records = records_for(everything)

    assert len(records) > 60
    for one in records:
        assert one.why, one
        assert "\n" not in one.why
        kind = dns.rdatatype.from_text(one.type)
        assert dns.rdata.from_text(dns.rdataclass.IN, kind, one.presentation).rdtype == kind


def test_no_two_records_say_different_things_under_one_name(dkim: Path) -> None:
    """One SPF record, one DMARC record and one null MX at most, whatever the names are."""
    domains = ("example.test", "sub.example.test", HOST)
    for host in (HOST, "mta-sts.example.test"):
        records = records_for(settings(dkim, hostname=host, domains=domains, mta_sts="testing"))
        single = [(one.name, one.type, one.value.split("=")[1][:4]) for one in records if one.type == "TXT"]
        assert len(single) == len(set(single))


def test_records_belong_to_the_nearest_domain(dkim: Path) -> None:
    nested = settings(dkim, domains=("example.test", "sub.example.test"), hostname="mx.provider.test")
    assert domain_of("_dmarc.sub.example.test", nested) == "sub.example.test"
    assert domain_of("sub.example.test._report._dmarc.example.test", nested) == "example.test"
    assert domain_of("notexample.test", nested) == "mx.provider.test"


def test_a_block_for_web_panels_has_short_names_and_bare_values(dkim: Path, tmp_path: Path) -> None:
    registered(tmp_path, "0a", ACCOUNT)
    records = records_for(settings(dkim, acme_directory=LETS_ENCRYPT, acme_state=str(tmp_path)))

    rows = [line.split(None, 2) for line in block_text(records, "example.test").splitlines()]

    assert ["@", "MX", "10 mail.example.test."] in rows
    assert ["mail", "CAA", f"0 issue letsencrypt.org; accounturi={ACCOUNT}"] in rows
    assert ["_dmarc", "TXT", "v=DMARC1; p=quarantine; rua=mailto:admin@example.test"] in rows
    long = next(value for name, _kind, value in rows if name == "r1._domainkey")
    assert len(long) > 255
    assert '"' not in long


def test_addresses_inside_a_network_are_not_for_the_world() -> None:
    addresses = tuple(map(ip_address, ("192.0.2.25", "172.17.0.1", "2001:db8::25", "fd00::1")))
    assert list(map(str, publishable(addresses))) == ["192.0.2.25", "2001:db8::25"]


@pytest.mark.parametrize("address", ["10.0.0.5", "100.64.3.2", "169.254.1.1", "fe80::1", "fd00::1"])
def test_of_a_machine_with_inside_addresses_only_none_is_published(address: str) -> None:
    assert publishable((ip_address(address),)) == ()
