"""Facts from files that hold what people really write into them."""

import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from backends.errors import MailsteadError
from backends.machine import facts, resolvers
from backends.machine.facts import gather_facts
from backends.machine.packet_filter import can_filter_packets
from backends.machine.resolvers import probe_resolvers


def ssh_ports(directory: Path, **files: str) -> set[int]:
    (directory / "sshd_config.d").mkdir()
    for name, text in files.items():
        place = directory / "sshd_config" if name == "main" else directory / "sshd_config.d" / f"{name}.conf"
        place.write_text(text)
    return facts._configured_ssh_ports(directory)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", {22}),
        ("#Port 22\n", {22}),
        ("Port 2222\nPort 22\n", {22, 2222}),
        ("port=2222 # not 22\n", {2222}),
        ("ListenAddress 192.0.2.1:2200\n", {2200}),
        ("ListenAddress [2001:db8::5]:2201\nListenAddress 2001:db8::5:22\n", {2201}),
        ("ListenAddress 0.0.0.0\n", {22}),
        ("Port 99999\n", {22}),
    ],
)
def test_ssh_ports_are_read_as_sshd_reads_them(tmp_path: Path, text: str, ports: set[int]) -> None:
    assert ssh_ports(tmp_path, main=text) == ports


def test_ssh_ports_of_additions_count_too(tmp_path: Path) -> None:
    assert ssh_ports(tmp_path, main="Port 22\n", mine="Port 2222\n") == {22, 2222}


def test_without_sshd_there_are_no_ssh_ports(tmp_path: Path) -> None:
    assert facts._configured_ssh_ports(tmp_path) == set()


def test_the_session_counts_as_port_and_peer() -> None:
    found = gather_facts("2001:db8::9%eth0 50000 192.0.2.1 2222")

    assert 2222 in found.ssh_ports
    assert found.ssh_peers[0] == ip_address("2001:db8::9")


@pytest.mark.parametrize("text", ["", "nonsense", "1.2.3.4 1 5.6.7.8", "x 1 y 22", "1.2.3.4 1 5.6.7.8 99999"])
def test_a_session_that_can_not_be_read_is_none(text: str) -> None:
    assert facts._ssh_session(text) is None


def test_ipv4_seen_through_ipv6_is_ipv4() -> None:
    session = facts._ssh_session("::ffff:192.0.2.9 1 ::ffff:192.0.2.1 22")

    assert session
    assert session.peer == ip_address("192.0.2.9")


def test_the_full_name_is_the_canonical_one_of_its_line(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n# 1.2.3.4 no.example mail\n192.0.2.1 mail.example.org mail\n")

    assert facts._name_in_hosts(hosts, "mail") == "mail.example.org"
    assert facts._name_in_hosts(hosts, "other") is None


def test_resolvers_are_those_of_other_machines(tmp_path: Path) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text(
        "search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n"
        "nameserver fe80::1%eth0\nnameserver x\nnameserver ::1\nnameserver 192.0.2.53\n"
    )

    assert [str(a) for a in facts._resolvers(resolv_conf)] == ["192.0.2.53", "fe80::1"]


@pytest.mark.parametrize(
    "text", ["", "ID=debian\nVERSION_CODENAME=sid\n", "ID=ubuntu\nVERSION_CODENAME=bookworm\n"]
)
def test_other_systems_are_named_and_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "os-release").write_text(text)

    with pytest.raises(MailsteadError, match="neither Debian 12"):
        facts._release(tmp_path / "os-release")


def test_own_networks_are_loopback_and_single_addresses() -> None:
    found = gather_facts()

    assert [str(n) for n in found.own_networks[:2]] == ["127.0.0.0/8", "::1/128"]
    assert all(n.num_addresses == 1 for n in found.own_networks[2:])
    assert not any(a.is_loopback or a.is_link_local for a in found.addresses)


def test_without_netlink_packets_can_not_be_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError("not permitted")

    monkeypatch.setattr(socket, "socket", refuse)

    assert not can_filter_packets()


RESOLVER, OTHER = ip_address("192.0.2.53"), ip_address("192.0.2.54")


@pytest.mark.parametrize(
    ("answers", "forward_to", "dnssec"),
    [
        ({"198.41.0.4": True, "192.0.2.53": True}, (), True),
        ({"192.0.2.53": True, "192.0.2.54": True}, (RESOLVER, OTHER), True),
        ({"192.0.2.53": True, "192.0.2.54": False}, (RESOLVER, OTHER), False),
        ({"192.0.2.54": False}, (OTHER,), False),
        ({}, (RESOLVER, OTHER), False),
    ],
)
def test_the_resolver_forwards_only_where_the_roots_do_not_answer(
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, bool],
    forward_to: tuple[object, ...],
    dnssec: bool,
) -> None:
    monkeypatch.setattr(
        resolvers, "_is_signed_answer", lambda address, _name, **_how: answers.get(str(address))
    )

    advice = probe_resolvers((RESOLVER, OTHER))

    assert (advice.forward_to, advice.dnssec) == (forward_to, dnssec)
