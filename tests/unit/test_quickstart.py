"""Answers without a question: right for whatever a machine is called."""

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.answers import Answers
from wizard.answers_file import dump, parse
from wizard.errors import AnswersError
from wizard.quickstart import quickstart_answers, starting_answers
from wizard.secrets import GENERATE


@pytest.mark.parametrize(
    ("host", "hostname", "domain"),
    [
        ("mail.example.org", "mail.example.org", "example.org"),
        ("mx1.mail.example.org", "mx1.mail.example.org", "mail.example.org"),
        ("example.org", "example.org", "example.org"),
        ("Mail.Example.ORG.", "mail.example.org", "example.org"),
        ("mail_1.example.org", "mail-1.example.org", "example.org"),
        ("debian", "mail.debian.internal", "debian.internal"),
        ("DEBIAN-12", "mail.debian-12.internal", "debian-12.internal"),
        ("my_host", "mail.my-host.internal", "my-host.internal"),
        ("debian.localdomain", "mail.debian.internal", "debian.internal"),
        ("localhost", "mail.server.internal", "server.internal"),
        ("localhost.localdomain", "mail.server.internal", "server.internal"),
        ("(none)", "mail.server.internal", "server.internal"),
        ("", "mail.server.internal", "server.internal"),
        ("...", "mail.server.internal", "server.internal"),
        ("3f2a9c", "mail.3f2a9c.internal", "3f2a9c.internal"),
        ("42", "mail.42.internal", "42.internal"),
        ("192.0.2.7", "mail.192-0-2-7.internal", "192-0-2-7.internal"),
        ("mail.example.org\nroot", "mail.example.org.root", "example.org.root"),
        ("$(reboot).example.org", "reboot.example.org", "example.org"),
        ("a" * 64, f"mail.{'a' * 63}.internal", f"{'a' * 63}.internal"),
    ],
)
def test_host_name_and_domain_follow_from_what_the_host_is_called(
    host: str, hostname: str, domain: str
) -> None:
    site = quickstart_answers(host).site
    assert (site.hostname, site.domains, site.admin) == (hostname, (domain,), f"admin@{domain}")


@settings(deadline=None)
@given(st.one_of(st.text(max_size=80), st.text("ab1-_. (", max_size=300)))
def test_every_name_gives_answers_that_are_right(host: str) -> None:
    answers = quickstart_answers(host)
    assert parse(dump(answers)) == answers


def test_it_is_a_server_of_its_own_with_an_encrypted_local_backup() -> None:
    answers = quickstart_answers("mail.example.org")
    assert answers.certificates.source == "own-ca"
    assert [(mailbox.address, mailbox.password) for mailbox in answers.accounts.mailboxes] == [
        ("admin@example.org", GENERATE)
    ]
    (repository,) = answers.backups.repositories
    assert (answers.backups.engine, repository.url, repository.password) == (
        "restic",
        "/var/backups/mailstead",
        GENERATE,
    )


def test_resolvers_of_a_closed_network_are_taken_over() -> None:
    answers = quickstart_answers("mail.example.org", forward_to=[ip_address("192.0.2.53")], dnssec=False)
    assert answers.dns.forward_to == (ip_address("192.0.2.53"),)
    assert not answers.dns.dnssec
    assert parse(dump(answers)) == answers


def test_the_same_host_gives_the_same_answers() -> None:
    assert quickstart_answers("mail.example.org") == quickstart_answers("mail.example.org")


def test_starting_answers_are_ready_for_a_certificate_authority() -> None:
    answers = starting_answers("mail.example.org", ["example.org", "example.net"], "Admin@example.org")
    assert answers.certificates.acme.email == "admin@example.org"
    raw = answers.model_dump(by_alias=True)
    raw["certificates"]["source"] = "acme"
    assert Answers.model_validate(raw).site == answers.site


def test_starting_answers_name_every_wrong_one() -> None:
    with pytest.raises(AnswersError) as caught:
        starting_answers("mail", ["exa mple.org"], "admin")
    assert [mistake.key for mistake in caught.value.mistakes] == [
        "site.hostname",
        "site.domains[0]",
        "site.admin",
    ]
