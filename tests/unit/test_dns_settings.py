"""Which addresses are published: the machine's own, or those that stand before it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from tests.unit.test_blueprint import facts
from wizard.dns_settings import dns_settings
from wizard.quickstart import quickstart_answers


@pytest.mark.parametrize(
    ("own", "given", "published"),
    [
        (["10.0.0.5"], [], []),
        (["10.0.0.5"], ["192.0.2.25"], ["192.0.2.25"]),
        (["192.0.2.1", "2001:db8::1"], [], ["192.0.2.1", "2001:db8::1"]),
        (["192.0.2.1"], ["192.0.2.25", "192.0.2.25"], ["192.0.2.25"]),
    ],
)
def test_what_is_published_is_what_the_answers_say_or_what_the_world_reaches(
    own: list[str], given: list[str], published: list[str]
) -> None:
    answers = quickstart_answers("mail.example.test")
    site = answers.site.model_copy(update={"public_addresses": tuple(map(ip_address, given))})
    machine = replace(facts(), addresses=tuple(map(ip_address, own)))

    found = dns_settings(answers.model_copy(update={"site": site}), machine)

    assert list(map(str, found.addresses)) == published
    assert list(map(str, found.inside)) == ([] if published else own)
