import re

import pytest

from backends.dns.mta_sts import PolicyMode, policy_host, policy_id, policy_text


def test_the_policy_names_the_only_mail_exchanger_and_ends_each_line_as_the_standard_wants() -> None:
    assert policy_text("mail.example.test", "enforce") == (
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmax_age: 2592000\r\n"
    )


def test_a_policy_on_trial_is_kept_for_a_week_only() -> None:
    assert "mode: testing\r\n" in policy_text("mail.example.test", "testing")
    assert "max_age: 604800\r\n" in policy_text("mail.example.test", "testing")


@pytest.mark.parametrize("other", [("mail.example.test", "testing"), ("mx.example.test", "enforce")])
def test_the_id_changes_with_the_policy_and_only_then(other: tuple[str, PolicyMode]) -> None:
    known = policy_id(policy_text("mail.example.test", "enforce"))
    assert known == policy_id(policy_text("mail.example.test", "enforce"))
    assert known != policy_id(policy_text(*other))


def test_the_id_is_letters_and_digits_of_the_permitted_length() -> None:
    assert re.fullmatch(r"[A-Za-z0-9]{1,32}", policy_id(policy_text("mail.example.test", "testing")))


def test_the_policy_has_a_host_of_its_own_in_each_domain() -> None:
    assert policy_host("example.test") == "mta-sts.example.test"
