"""From answers and facts always the same adapters, and from these always the same bytes."""

from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType
from typing import cast

import pytest

from backends.machine.facts import Init, MachineFacts, Release
from backends.resources import File, PackageSet, Resource, Service
from wizard.answers import Acme, Answers, Imported
from wizard.blueprint import blueprint
from wizard.quickstart import quickstart_answers

ADDRESS = ip_address("198.51.100.10")


def facts(release: str = "bookworm", init: str = "systemd") -> MachineFacts:
    return MachineFacts(
        release=cast(Release, release),
        init=cast(Init, init),
        kernel_hostname="mail",
        hostname="mail.example.test",
        addresses=(ADDRESS,),
        has_ipv6=True,
        resolvers=(),
        ssh_ports=(22,),
        ssh_peers=(),
        memory_bytes=2 << 30,
        cores=2,
        ports_held=MappingProxyType({}),
        is_container=False,
        is_resolv_conf_replaceable=True,
        address_clients=(),
        can_filter_packets=True,
    )


def resources(answers: Answers, machine: MachineFacts) -> list[Resource]:
    adapters = blueprint(answers, machine, {}, {})
    return [resource for adapter in adapters for resource in adapter.resources()]


@pytest.fixture
def answers() -> Answers:
    return quickstart_answers("mail.example.test")


@pytest.mark.parametrize("init", ["systemd", "sysv"])
def test_the_same_answers_and_facts_give_the_same_resources(
    answers: Answers, release: str, init: str
) -> None:
    assert resources(answers, facts(release, init)) == resources(answers, facts(release, init))


@pytest.mark.parametrize("init", ["systemd", "sysv"])
def test_no_two_resources_claim_the_same_thing(answers: Answers, release: str, init: str) -> None:
    keys = [resource.key for resource in resources(answers, facts(release, init))]

    assert sorted(set(keys)) == sorted(keys)


def test_who_is_connected_changes_no_file(answers: Answers) -> None:
    alone = facts()
    visited = replace(alone, ssh_peers=(ip_address("203.0.113.5"),))

    assert resources(answers, alone) == resources(answers, visited)


def test_without_systemd_there_are_no_units_and_no_timers(answers: Answers) -> None:
    paths = [r.path for r in resources(answers, facts(init="sysv")) if isinstance(r, File)]

    assert not [path for path in paths if path.startswith("/etc/systemd")]
    assert "/etc/cron.d/mailstead-dmarc-reports" in paths


def test_where_the_kernel_filters_nothing_there_is_neither_firewall_nor_ban(answers: Answers) -> None:
    machine = replace(facts(), can_filter_packets=False)

    units = {r.unit for r in resources(answers, machine) if isinstance(r, Service)}
    warned = [check.id for a in blueprint(answers, machine, {}, {}) for check in a.checks()]

    assert not units & {"mailstead-firewall.service", "fail2ban.service"}
    assert "nftables.rules" in warned


def test_every_owned_file_says_whose_it_is(answers: Answers) -> None:
    for resource in resources(answers, facts()):
        if (
            isinstance(resource, File)
            and resource.content
            and not resource.path.endswith(("answers.toml", "mailname"))
        ):
            assert b"Mailstead" in resource.content, resource.path


def test_all_packages_are_installed_in_one_go(answers: Answers) -> None:
    (packages,) = (r for r in resources(answers, facts("trixie")) if isinstance(r, PackageSet))

    assert {"postfix", "dovecot-imapd", "rspamd", "unbound", "nftables", "fail2ban"} <= set(packages.names)


def with_certificates(answers: Answers, **changes: object) -> Answers:
    return answers.model_copy(update={"certificates": answers.certificates.model_copy(update=changes)})


def test_only_a_proof_by_http_opens_port_80(answers: Answers) -> None:
    def opens(each: Answers) -> bool:
        rules = {r.name: r.content for r in resources(each, facts()) if isinstance(r, File)}
        return b" 80," in (rules["/etc/mailstead/nftables.nft"] or b"")

    by_http = with_certificates(answers, source="acme")
    by_dns = with_certificates(answers, source="acme", acme=Acme(email="a@b.test", challenge="dns-01"))

    assert [opens(answers), opens(by_http), opens(by_dns)] == [False, True, False]


def test_an_imported_certificate_is_the_only_one_that_is_served(answers: Answers) -> None:
    imported = Imported(certificate="/root/chain.pem", key="/root/key.pem")
    chosen = with_certificates(answers, source="imported", imported=imported)
    files = {r.name: r.content or b"" for r in resources(chosen, facts()) if isinstance(r, File)}

    for path in ("/etc/postfix/main.cf", "/etc/dovecot/dovecot.conf"):
        assert b"/etc/mailstead/tls/imported/" in files[path]
        assert b"/etc/mailstead/tls/ecdsa/" not in files[path]
