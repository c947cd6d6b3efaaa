"""Answers that are each fine and don't fit together are found, and named where a person looks for them."""

from typing import Any

import pytest
from pydantic import ValidationError

from wizard.answers import Answers
from wizard.answers_mistakes import read
from wizard.answers_path import dotted

SITE = {"hostname": "mail.example.test", "domains": ["example.test"], "admin": "admin@example.test"}


def _mistakes(**sections: Any) -> dict[str, str]:
    found = read({"site": SITE} | sections)
    return {} if isinstance(found, Answers) else {dotted(each.path): each.problem for each in found}


def _accounts(mailboxes: list[str], aliases: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "mailboxes": [{"address": address} for address in mailboxes],
        "aliases": [{"address": address, "to": to} for address, to in aliases.items()],
    }


@pytest.mark.parametrize(
    ("sections", "keys"),
    [
        ({"certificates": {"source": "acme"}}, ["certificates.acme.email"]),
        (
            {"certificates": {"source": "imported"}},
            ["certificates.imported.certificate", "certificates.imported.key"],
        ),
        ({"dns": {"publish": "rfc2136"}}, ["dns.rfc2136.server", "dns.rfc2136.key_name"]),
        (
            {"dns": {"credentials": [{"name": "auth_token", "secret": "secret:a"}] * 2}},
            ["dns.credentials[1].name"],
        ),
        ({"site": {**SITE, "admin": "admin@other.test"}}, ["site.admin"]),
        ({"site": {**SITE, "domains": ["example.test", "Example.TEST"]}}, ["site.domains[1]"]),
        ({"accounts": _accounts(["anna@other.test"], {})}, ["accounts.mailboxes[0].address"]),
        ({"accounts": _accounts([], {"x@other.test": ["y@z.test"]})}, ["accounts.aliases[0].address"]),
        (
            {"accounts": _accounts(["anna@example.test", "ANNA@example.test"], {})},
            ["accounts.mailboxes[1].address"],
        ),
        (
            {"accounts": _accounts(["anna@example.test"], {"Anna@example.test": ["x@y.test"]})},
            ["accounts.aliases[0].address"],
        ),
        ({"accounts": _accounts(["mailer-daemon@example.test"], {})}, ["accounts.mailboxes[0].address"]),
        ({"accounts": _accounts(["mailstead-proof@example.test"], {})}, ["accounts.mailboxes[0].address"]),
        ({"accounts": _accounts([], {"a@example.test": ["a@example.test"]})}, ["accounts.aliases[0].to"]),
        (
            {
                "accounts": _accounts(
                    [],
                    {
                        "into@example.test": ["a@example.test"],
                        "a@example.test": ["b@example.test", "x@y.test"],
                        "b@example.test": ["c@example.test"],
                        "c@example.test": ["a@example.test"],
                        "out@example.test": ["x@y.test"],
                    },
                )
            },
            ["accounts.aliases[1].to", "accounts.aliases[2].to", "accounts.aliases[3].to"],
        ),
        ({"protocols": {"imaps": {"port": 465}}}, ["protocols.imaps.port"]),
        ({"protocols": {"submission": {"port": 465}}}, ["protocols.submission.port"]),
        ({"protocols": {"imaps": {"port": 22}}}, ["protocols.imaps.port"]),
        ({"backups": {"keep": {"daily": 0, "weekly": 0, "monthly": 0}}}, ["backups.keep"]),
        (
            {"backups": {"repositories": [{"name": "a", "url": "/a"}, {"name": "a", "url": "/b"}]}},
            ["backups.repositories[1].name"],
        ),
    ],
)
def test_what_does_not_fit_together_is_named(sections: dict[str, Any], keys: list[str]) -> None:
    assert list(_mistakes(**sections)) == keys


@pytest.mark.parametrize(
    "sections",
    [
        {"protocols": {"pop3": {"enabled": False, "port": 993}}},
        {"site": {**SITE, "domains": ["mail.example.test", "example.test"]}},
        {
            "accounts": _accounts(
                ["a@example.test"],
                {"b@example.test": ["a@example.test"], "c@example.test": ["b@example.test"]},
            )
        },
        {"backups": {"repositories": []}},
        {"certificates": {"source": "acme", "acme": {"email": "someone@elsewhere.test"}}},
    ],
)
def test_what_fits_together_is_taken(sections: dict[str, Any]) -> None:
    assert _mistakes(**sections) == {}


def test_conflicts_are_found_beside_other_mistakes_and_at_their_own_place() -> None:
    accounts = _accounts(["not an address", "anna@example.test", "anna@example.test"], {})
    accounts["mailboxes"][1]["quota"] = "lots"
    found = _mistakes(accounts=accounts, dns={"publish": "rfc2136", "dnssec": "yes"})
    assert list(found) == [
        "dns.dnssec",
        "accounts.mailboxes[0].address",
        "accounts.mailboxes[1].quota",
        "dns.rfc2136.server",
        "dns.rfc2136.key_name",
        "accounts.mailboxes[2].address",
    ]
    assert "accounts.mailboxes[1].address" in found["accounts.mailboxes[2].address"]


def test_what_follows_from_a_mistake_is_not_reported_as_another() -> None:
    site = {**SITE, "domains": ["exa mple.test"]}
    accounts = _accounts(["anna@example.test"], {})
    acme = {"source": "acme", "acme": {"email": "no address"}}
    assert list(_mistakes(site=site, accounts=accounts, certificates=acme)) == [
        "site.domains[0]",
        "certificates.acme.email",
    ]


def test_conflicts_are_found_even_where_the_site_is_missing() -> None:
    found = read({"protocols": {"imaps": {"port": 465}}})
    assert not isinstance(found, Answers)
    assert [dotted(each.path) for each in found] == ["site", "protocols.imaps.port"]


def test_answers_that_conflict_can_not_be_made_in_code_either() -> None:
    with pytest.raises(ValidationError, match=r"protocols\.imaps\.port"):
        Answers.model_validate({"site": SITE, "protocols": {"imaps": {"port": 25}}})


@pytest.mark.parametrize(
    ("count", "source", "is_taken"), [(33, "acme", True), (34, "acme", False), (34, "own-ca", True)]
)
def test_a_certificate_bears_only_so_many_names(count: int, source: str, is_taken: bool) -> None:
    domains = ["example.test", *(f"d{number}.test" for number in range(1, count))]
    found = _mistakes(
        site={**SITE, "domains": domains},
        clients={"enabled": True},
        certificates={"source": source, "acme": {"email": "admin@example.test"}},
    )

    assert list(found) == ([] if is_taken else ["clients.enabled"])


def test_thousands_of_aliases_are_looked_through_quickly() -> None:
    chain = {f"a{n}@example.test": [f"a{n + 1}@example.test"] for n in range(5000)}
    assert _mistakes(accounts=_accounts(["a5000@example.test"], chain)) == {}
