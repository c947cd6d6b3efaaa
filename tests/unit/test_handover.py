"""What is left for a person: records, names of addresses, passwords, mail programs."""

from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backends.dns.records import DnsRecord
from backends.machine.facts import MachineFacts
from wizard import handover as module
from wizard.answers import Answers
from wizard.handover import Access, handover

SITE = {"hostname": "mail.example.test", "domains": ["example.test"], "admin": "admin@example.test"}
MX = DnsRecord("example.test", "MX", "10 mail.example.test.")
FACTS = cast(MachineFacts, SimpleNamespace(addresses=(ip_address("198.51.100.7"), ip_address("2001:db8::7"))))


@pytest.fixture(autouse=True)
def _records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "records_for", lambda _settings: (MX,))


def left_with(**sections: Any) -> module.Handover:
    return handover(Answers.model_validate({"site": SITE, **sections}), FACTS)


def test_the_best_way_to_read_comes_first_and_then_the_best_to_send() -> None:
    assert left_with().accesses == (
        Access("IMAP", 993, "TLS"),
        Access("SMTP", 465, "TLS"),
        Access("SMTP", 587, "STARTTLS"),
    )


def test_only_what_is_offered_is_told_and_with_its_own_port() -> None:
    left = left_with(
        protocols={
            "imaps": {"enabled": False},
            "pop3s": {"enabled": True, "port": 1995},
            "imap": {"enabled": True},
        }
    )

    assert left.accesses[:2] == (Access("IMAP", 143, "STARTTLS"), Access("POP3", 1995, "TLS"))


def test_every_address_needs_the_name_of_the_host() -> None:
    assert [(pointer.address, pointer.hostname) for pointer in left_with().pointers] == [
        ("198.51.100.7", "mail.example.test"),
        ("2001:db8::7", "mail.example.test"),
    ]


def test_behind_a_router_it_is_the_routers_address_that_needs_it() -> None:
    left = left_with(site={**SITE, "public_addresses": ["192.0.2.25"]})
    assert [pointer.address for pointer in left.pointers] == ["192.0.2.25"]
    assert left.no_address == ""


def test_a_private_address_needs_no_name_and_a_public_one_is_asked_for() -> None:
    inside = cast(MachineFacts, SimpleNamespace(addresses=(ip_address("10.0.0.5"),)))
    left = handover(Answers.model_validate({"site": SITE}), inside)
    assert left.pointers == ()
    assert "10.0.0.5" in left.no_address
    assert "public_addresses" in left.no_address


def test_a_password_is_only_a_place() -> None:
    (password,) = left_with().passwords

    assert password.path == Path("/etc/mailstead/secrets/mailbox-admin@example.test")


def test_a_certificate_that_devices_know_needs_no_trust() -> None:
    acme = {"source": "acme", "acme": {"email": "admin@example.test"}}

    assert left_with().own_ca
    assert left_with(certificates=acme).own_ca == ""
