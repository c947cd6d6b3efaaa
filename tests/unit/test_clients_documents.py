"""What mail programs read: each document has the shape that its format's description gives it."""

import plistlib
from xml.etree import ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from backends.certificates.authority import new_authority
from backends.certificates.keys import new_authority_key
from backends.clients.apple import profile
from backends.clients.page import page
from backends.clients.settings import MailAccess, MailService
from backends.clients.xml_documents import autoconfig, autodiscover
from backends.templates import UnsafeValue

DOMAIN = "example.test"
EVERY_WAY = MailAccess(
    hostname="mail.example.test",
    incoming=(
        MailService("imap", 993, "tls"),
        MailService("imap", 143, "starttls"),
        MailService("pop3", 995, "tls"),
        MailService("pop3", 110, "starttls"),
    ),
    outgoing=(MailService("smtp", 465, "tls"), MailService("smtp", 587, "starttls")),
)
STARTTLS_ALONE = MailAccess(
    "mail.example.test", (MailService("imap", 1143, "starttls"),), (MailService("smtp", 587, "starttls"),)
)
SERVER = ["hostname", "port", "socketType", "authentication", "username"]
"""The parts of a server in the order of the draft's own document (draft-ietf-mailmaint-autoconfig)."""
OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
PROTOCOL = ["Type", "Server", "Port", "DomainRequired", "SPA", "SSL", "Encryption", "AuthRequired"]
PROTOCOL_SMTP = [*PROTOCOL, "UsePOPAuth", "SMTPLast"]
PAYLOAD = {"PayloadType", "PayloadVersion", "PayloadIdentifier", "PayloadUUID", "PayloadDisplayName"}
MAIL = {
    "EmailAccountType",
    *(
        f"{side}MailServer{what}"
        for side in ("Incoming", "Outgoing")
        for what in ("Authentication", "HostName", "PortNumber", "UseSSL")
    ),
}


@pytest.fixture(scope="module")
def authority() -> bytes:
    return new_authority(new_authority_key(), "Mailstead CA of mail.example.test", 30)


def tags(element: ElementTree.Element) -> list[str]:
    return [child.tag.rpartition("}")[2] for child in element]


def text(element: ElementTree.Element, tag: str) -> str:
    found = element.find(tag)
    assert found is not None, tag
    return found.text or ""


def test_thunderbird_finds_every_way_the_best_first() -> None:
    root = ElementTree.fromstring(autoconfig(EVERY_WAY, DOMAIN))
    (provider,) = root

    assert (root.tag, root.attrib) == ("clientConfig", {"version": "1.1"})
    assert (provider.tag, provider.attrib) == ("emailProvider", {"id": DOMAIN})
    assert tags(provider) == [
        *("domain", "displayName", "displayShortName"),
        *["incomingServer"] * 4,
        *["outgoingServer"] * 2,
    ]
    servers = [each for each in provider if each.tag.endswith("Server")]
    assert [(s.get("type"), text(s, "port"), text(s, "socketType")) for s in servers] == [
        ("imap", "993", "SSL"),
        ("imap", "143", "STARTTLS"),
        ("pop3", "995", "SSL"),
        ("pop3", "110", "STARTTLS"),
        ("smtp", "465", "SSL"),
        ("smtp", "587", "STARTTLS"),
    ]


def test_thunderbird_is_told_each_part_in_its_order_and_never_to_go_without_tls() -> None:
    root = ElementTree.fromstring(autoconfig(EVERY_WAY, DOMAIN))

    for server in (*root.iter("incomingServer"), *root.iter("outgoingServer")):
        assert tags(server) == SERVER
        assert text(server, "hostname") == "mail.example.test"
        assert text(server, "socketType") in {"SSL", "STARTTLS"}
        assert text(server, "authentication") == "password-cleartext"
        assert text(server, "username") == "%EMAILADDRESS%"


def test_outlook_gets_one_way_of_each_type_the_same_for_everybody() -> None:
    root = ElementTree.fromstring(autodiscover(EVERY_WAY))
    (response,) = root
    (account,) = response

    assert root.tag == "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}Autodiscover"
    assert (response.tag, account.tag) == (f"{OUTLOOK}Response", f"{OUTLOOK}Account")
    assert tags(account) == ["AccountType", "Action", "Protocol", "Protocol", "Protocol"]
    assert text(account, f"{OUTLOOK}AccountType") == "email"
    assert text(account, f"{OUTLOOK}Action") == "settings"
    told = [[child.text for child in protocol] for protocol in account.iter(f"{OUTLOOK}Protocol")]
    assert told == [
        ["IMAP", "mail.example.test", "993", "on", "off", "on", "SSL", "on"],
        ["POP3", "mail.example.test", "995", "on", "off", "on", "SSL", "on"],
        ["SMTP", "mail.example.test", "465", "on", "off", "on", "SSL", "on", "on", "off"],
    ]
    for protocol in account.iter(f"{OUTLOOK}Protocol"):
        assert tags(protocol) == (PROTOCOL_SMTP if protocol[0].text == "SMTP" else PROTOCOL)


def test_outlook_is_told_of_starttls_where_there_is_nothing_better() -> None:
    protocols = list(ElementTree.fromstring(autodiscover(STARTTLS_ALONE)).iter(f"{OUTLOOK}Protocol"))

    assert [text(each, f"{OUTLOOK}Encryption") for each in protocols] == ["TLS", "TLS"]
    assert [text(each, f"{OUTLOOK}Port") for each in protocols] == ["1143", "587"]


def test_apples_profile_has_what_must_be_in_one_and_no_password() -> None:
    found = plistlib.loads(profile(EVERY_WAY, DOMAIN, address="anna@example.test"))
    (mail,) = found["PayloadContent"]

    assert set(found) >= PAYLOAD
    assert (found["PayloadType"], found["PayloadVersion"]) == ("Configuration", 1)
    assert set(mail) >= PAYLOAD | MAIL
    assert (mail["PayloadType"], mail["EmailAccountType"]) == ("com.apple.mail.managed", "EmailTypeIMAP")
    assert (mail["IncomingMailServerPortNumber"], mail["OutgoingMailServerPortNumber"]) == (993, 465)
    assert mail["IncomingMailServerUseSSL"] is mail["OutgoingMailServerUseSSL"] is True
    assert {mail[key] for key in mail if key.endswith("Username")} == {"anna@example.test"}
    assert not [key for key in mail if key in {"IncomingPassword", "OutgoingPassword"}]
    assert len({found["PayloadUUID"], mail["PayloadUUID"]}) == 2


def test_a_domains_profile_names_nobody_and_asks_for_the_address() -> None:
    (mail,) = plistlib.loads(profile(EVERY_WAY, DOMAIN))["PayloadContent"]

    assert "EmailAddress" not in mail
    assert not [key for key in mail if key.endswith("Username")]


def test_with_an_authority_of_its_own_the_profile_brings_its_certificate(authority: bytes) -> None:
    _mail, root = plistlib.loads(profile(EVERY_WAY, DOMAIN, authority))["PayloadContent"]

    assert set(root) >= PAYLOAD
    assert root["PayloadType"] == "com.apple.security.root"
    assert root["PayloadContent"] == x509.load_pem_x509_certificate(authority).public_bytes(Encoding.DER)


def test_the_same_mailbox_gets_the_same_profile_and_each_its_own(authority: bytes) -> None:
    one = profile(EVERY_WAY, DOMAIN, authority, "anna@example.test")

    assert one == profile(EVERY_WAY, DOMAIN, authority, "anna@example.test")
    other = plistlib.loads(profile(EVERY_WAY, DOMAIN, authority, "bob@example.test"))
    assert plistlib.loads(one)["PayloadUUID"] != other["PayloadUUID"]


def test_there_is_no_profile_without_a_way_to_send() -> None:
    with pytest.raises(ValueError, match="one to send"):
        profile(MailAccess("mail.example.test", EVERY_WAY.incoming, ()), DOMAIN)


def test_the_page_has_the_fingerprint_to_compare_and_asks_no_other_server(authority: bytes) -> None:
    found = page(EVERY_WAY, (DOMAIN,), authority).decode()

    expected = x509.load_pem_x509_certificate(authority).fingerprint(SHA256()).hex(":").upper()
    assert expected in found
    assert 'href="/ca.crt"' in found
    assert 'href="/example.test.mobileconfig"' in found
    assert "://" not in found
    assert "<script" not in found


def test_the_page_speaks_of_no_authority_where_devices_trust_it_already() -> None:
    assert "ca.crt" not in page(EVERY_WAY, (DOMAIN,)).decode()


@pytest.mark.parametrize("hostile", ["a<b", 'a"b', "a&b", "a b", "a\nb", "a%b", "{a}"])
def test_a_name_that_would_break_out_of_a_document_is_refused(hostile: str) -> None:
    with pytest.raises(UnsafeValue):
        autoconfig(EVERY_WAY, hostile)
    with pytest.raises(UnsafeValue):
        autodiscover(MailAccess(hostile, EVERY_WAY.incoming, EVERY_WAY.outgoing))
