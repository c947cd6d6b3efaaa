from ipaddress import ip_address
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from backends.checks import Status
from backends.machine import resolv_conf
from backends.resources import File, Resource, Service
from backends.unbound import answering
from backends.unbound.adapter import CONFIGURATION, Resolver, Unbound
from backends.unbound.settings import UnboundSettings


def lines(**changes: object) -> list[str]:
    found = {r.name: r for r in Unbound(UnboundSettings(**changes)).resources()}  # type: ignore[arg-type]
    file = found[f"{CONFIGURATION}"]
    assert isinstance(file, File)
    return [line.strip() for line in (file.content or b"").decode().splitlines()]


def test_it_listens_on_loopback_only_and_on_ipv6_only_where_there_is_some() -> None:
    assert [line for line in lines() if line.startswith("interface:")] == [
        "interface: 127.0.0.1",
        "interface: ::1",
    ]
    assert [line for line in lines(has_ipv6=False) if line.startswith("interface:")] == [
        "interface: 127.0.0.1"
    ]
    assert "do-ip6: no" in lines(has_ipv6=False)


def test_without_forwarders_it_starts_at_the_root_and_private_names_stay_private() -> None:
    assert not any(line.startswith(("forward-", "local-zone:", "domain-insecure:")) for line in lines())


def test_with_forwarders_everything_goes_there_and_their_private_names_are_believed() -> None:
    found = lines(forward_to=(ip_address("192.0.2.53"), ip_address("2001:db8::53")))
    assert "forward-addr: 192.0.2.53" in found
    assert "forward-addr: 2001:db8::53" in found
    assert 'domain-insecure: "internal"' in found


def test_answers_are_validated_unless_that_is_off() -> None:
    assert 'module-config: "validator iterator"' in lines()
    assert 'module-config: "iterator"' in lines(dnssec=False)


def test_additions_of_the_admin_come_last() -> None:
    assert lines(own_clauses='stub-zone:\n  name: "x"\n')[-2:] == ["stub-zone:", 'name: "x"']


def test_the_service_restarts_for_its_file_and_its_drop_in() -> None:
    *files, service = Unbound(UnboundSettings()).resources()
    assert isinstance(service, Service)
    assert {r.key for r in service.restart_on} == {r.key for r in files if isinstance(r, File)}


def paths(resources: list[Resource]) -> list[str]:
    return [r.name for r in resources]


def test_whoever_writes_resolv_conf_is_told_not_to_before_it_is_switched() -> None:
    settings = UnboundSettings(address_clients=("dhclient", "dhcpcd", "networkmanager"))
    assert paths(list(Resolver(settings).resources())) == [
        "/etc/dhcp/dhclient-enter-hooks.d/mailstead",
        "/etc/dhcpcd.enter-hook",
        "/etc/NetworkManager/conf.d/mailstead.conf",
        "/etc/resolv.conf",
    ]


def test_a_resolv_conf_that_is_mounted_from_outside_is_left_alone() -> None:
    assert list(Resolver(UnboundSettings(is_resolv_conf_replaceable=False)).resources()) == []


def test_only_addresses_are_taken_from_resolv_conf(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# nameserver 1.1.1.1\nnameserver 192.0.2.1 # first\nnameserver evil;x\nnameserver ::1\nsearch a\n"
    )
    assert resolv_conf.nameservers(str(file)) == ("192.0.2.1", "::1")
    assert resolv_conf.nameservers(str(tmp_path / "none")) == ()


def answer(code: dns.rcode.Rcode, *, flags: int = 0, has_data: bool = True) -> dns.message.Message:
    made = dns.message.make_response(dns.message.make_query(".", "NS"))
    made.set_rcode(code)
    made.flags |= flags
    if has_data:
        made.answer.append(dns.rrset.from_text(".", 60, "IN", "NS", "a.root-servers.net."))
    return made


class Answers:
    """Stands in for the resolver: what it says to a validated question, and to one without validation."""

    def __init__(
        self, checked: dns.message.Message | None, unchecked: dns.message.Message | None = None
    ) -> None:
        self._said = {True: checked, False: unchecked}

    def __call__(self, _name: str, _kind: str, *, validate: bool = True) -> dns.message.Message:
        said = self._said[validate]
        if said is None:
            raise dns.exception.Timeout
        return said


SERVFAIL = answer(dns.rcode.SERVFAIL, has_data=False)


@pytest.mark.parametrize(
    ("answers", "dnssec", "status"),
    [
        (Answers(answer(dns.rcode.NOERROR, flags=dns.flags.AD)), True, Status.OK),
        (Answers(answer(dns.rcode.NOERROR)), True, Status.WARN),
        (Answers(answer(dns.rcode.NOERROR)), False, Status.OK),
        (Answers(SERVFAIL, answer(dns.rcode.NOERROR)), True, Status.FAIL),
        (Answers(SERVFAIL, SERVFAIL), True, Status.WARN),
        (Answers(None), True, Status.WARN),
    ],
    ids=["validated", "not validated", "need not be", "signatures don't hold", "no network", "silence"],
)
def test_how_far_the_resolver_gets(
    monkeypatch: pytest.MonkeyPatch, answers: Answers, dnssec: bool, status: Status
) -> None:
    monkeypatch.setattr(answering, "ask", answers)
    monkeypatch.setattr(answering, "run", lambda *_, **__: None)
    assert answering.reaches_the_root(dnssec=dnssec).status is status
