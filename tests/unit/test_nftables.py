"""The firewall's rules as text, and the way of a set of rules from trial to confirmation."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.adapter import Adapter
from backends.errors import CommandFailed, MailsteadError
from backends.nftables import table, trial
from backends.nftables.adapter import Nftables, NftablesSettings, NoFirewall, OpenPort, Rule, rules_for
from backends.nftables.firewall import Firewall, FirewallState
from backends.resources import Action, File
from backends.templates import UnsafeValue

_LAN = ip_network("10.0.0.0/8")
_PORTS = st.builds(
    OpenPort,
    st.integers(1, 65535),
    st.sampled_from(("tcp", "udp")),
    st.lists(st.sampled_from([_LAN, ip_network("10.1.0.0/16"), ip_network("2001:db8::/32")])).map(tuple),
)


def rules_text(adapter: Adapter) -> str:
    found = {r.path: r for r in adapter.resources() if isinstance(r, File)}
    return (found["/etc/mailstead/nftables.nft"].content or b"").decode()


def adapter(**changes: object) -> Nftables:
    settings = {"init": "systemd", "ports": (OpenPort(25),), "ssh_ports": (22,)} | changes
    return Nftables(NftablesSettings(**settings))  # type: ignore[arg-type]


def lets_in(rules: list[Rule], port: OpenPort, client: str) -> bool:
    """Whether a client gets through to a port."""
    address = ip_address(client)
    return any(
        rule.protocol == port.protocol
        and port.port in rule.ports
        and (not rule.family or any(address in network for network in rule.networks))
        for rule in rules
    )


@given(st.lists(_PORTS, max_size=8), _PORTS, st.sampled_from(("10.1.2.3", "192.0.2.1", "2001:db8::1", "::9")))
def test_every_port_is_open_to_whom_it_should_be_and_to_nobody_else(
    ports: list[OpenPort], asked: OpenPort, client: str
) -> None:
    for port in (*ports, asked):
        same = [one for one in ports if (one.port, one.protocol) == (port.port, port.protocol)]
        wanted = any(
            not one.allow or any(ip_address(client) in network for network in one.allow) for one in same
        )
        assert lets_in(rules_for(tuple(ports)), port, client) == wanted


def test_the_order_of_the_ports_does_not_matter() -> None:
    ports = (OpenPort(993), OpenPort(25), OpenPort(110, allow=(_LAN,)), OpenPort(143, allow=(_LAN,)))

    assert rules_for(ports) == rules_for(tuple(reversed(ports)))
    assert rules_for(ports) == [Rule("tcp", (25, 993)), Rule("tcp", (110, 143), "ip", (_LAN,))]


def test_overlapping_networks_become_one() -> None:
    inner = ip_network("10.1.0.0/16")

    assert rules_for((OpenPort(110, allow=(inner, _LAN)),)) == [Rule("tcp", (110,), "ip", (_LAN,))]


def test_ssh_is_open_to_everyone_and_peers_are_in_no_file() -> None:
    peer = ip_address("192.0.2.9")
    text = rules_text(adapter(ssh_ports=(2222, 22), lifeline=(peer,)))

    assert "tcp dport { 22, 2222 } accept" in text
    assert str(peer) not in text
    assert text == rules_text(adapter(ssh_ports=(22, 2222)))


def test_no_rule_ever_flushes_what_is_not_ours() -> None:
    for resource in (*adapter().resources(), *adapter(init="sysv").resources()):
        if isinstance(resource, File):
            assert b"flush ruleset\n" not in (resource.content or b"")


def test_debians_own_firewall_service_puts_back_what_it_empties_but_takes_nothing_along() -> None:
    files = {r.path: (r.content or b"").decode() for r in adapter().resources() if isinstance(r, File)}
    drop_in = files["/etc/systemd/system/nftables.service.d/mailstead.conf"]

    for moment in ("ExecStartPost", "ExecReload", "ExecStopPost"):
        for act in ("try-reload-or-restart mailstead-firewall.service", "try-restart fail2ban.service"):
            assert f"{moment}=-/usr/bin/systemctl --no-block {act}\n" in drop_in
    assert "PartOf" not in files["/etc/systemd/system/mailstead-firewall.service"]


def test_a_port_that_is_no_number_never_reaches_the_rules() -> None:
    with pytest.raises(UnsafeValue):
        rules_text(adapter(ports=(OpenPort("25; accept"),)))  # type: ignore[arg-type]


def test_without_a_packet_filter_a_check_says_so_and_nothing_is_done() -> None:
    (check,) = NoFirewall().checks()

    assert list(NoFirewall().resources()) == []
    assert check.result().status == "warn"
    assert "NET_ADMIN" in check.result().mend


class Kernel:
    """Stands for the kernel: which rules are loaded; `refuses` makes it say no."""

    def __init__(self) -> None:
        self.loaded: bytes | None = None
        self.eased_in: list[object] = []
        self.armed = False
        self.refuses = False

    def listing(self) -> bytes | None:
        return None if self.loaded is None else b"listed: " + self.loaded

    def load(self, path: Path) -> None:
        if self.refuses:
            raise CommandFailed("nft failed")
        self.loaded = path.read_bytes()

    def switch_fires(self) -> None:
        self.loaded = trial.CONFIRMED.read_bytes() if trial.CONFIRMED.exists() else None


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kernel:
    found = Kernel()
    monkeypatch.setattr(table, "listing", found.listing)
    monkeypatch.setattr(table, "load", found.load)
    monkeypatch.setattr(table, "ease_in", found.eased_in.append)
    monkeypatch.setattr(table, "delete", lambda: setattr(found, "loaded", None))
    monkeypatch.setattr(trial, "_arm", lambda _seconds: setattr(found, "armed", True))
    monkeypatch.setattr(trial, "_disarm", lambda: setattr(found, "armed", False))
    for name in ("CONFIRMED", "ON_TRIAL", "_LISTINGS"):
        monkeypatch.setattr(trial, name, tmp_path / "firewall" / name)
    return found


def put(rules: bytes) -> FirewallState:
    firewall = Firewall(rules)
    wanted = firewall.wanted(now())
    firewall.put(wanted)
    assert isinstance(wanted, FirewallState)
    return wanted


def now() -> FirewallState:
    (state,) = Firewall.look([Firewall(b"")])
    assert isinstance(state, FirewallState)
    return state


def test_new_rules_are_loaded_with_the_switch_set(kernel: Kernel) -> None:
    wanted = put(b"one")

    assert (kernel.loaded, kernel.armed) == (b"one", True)
    assert now() == wanted
    assert not now().is_confirmed


def test_confirming_takes_the_switch_away(kernel: Kernel) -> None:
    put(b"one")

    trial.confirm()

    assert (kernel.loaded, kernel.armed) == (b"one", False)
    assert trial.CONFIRMED.read_bytes() == b"one"
    assert now().is_confirmed


def test_a_switch_that_fires_while_someone_confirms_does_no_harm(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(b"one")
    monkeypatch.setattr(trial, "_disarm", kernel.switch_fires)

    trial.confirm()

    assert kernel.loaded == b"one"


def test_rules_that_went_back_can_not_be_confirmed(kernel: Kernel) -> None:
    put(b"one")
    trial.confirm()
    put(b"two")
    kernel.switch_fires()

    assert kernel.loaded == b"one"
    assert trial.is_taken_back(now().digest)
    with pytest.raises(MailsteadError, match="took themselves back"):
        trial.confirm()


def test_rules_that_were_confirmed_need_no_second_trial(kernel: Kernel) -> None:
    put(b"one")
    trial.confirm()
    table.delete()

    put(b"one")

    assert (kernel.loaded, kernel.armed) == (b"one", False)


def test_refused_rules_leave_what_was_and_no_switch(kernel: Kernel) -> None:
    put(b"one")
    trial.confirm()
    kernel.refuses = True

    with pytest.raises(CommandFailed):
        put(b"two")

    assert (kernel.loaded, kernel.armed) == (b"one", False)
    assert not trial.ON_TRIAL.exists()


def test_going_back_to_recorded_rules_brings_them_back_without_a_trial(kernel: Kernel) -> None:
    put(b"one")
    trial.confirm()
    images: dict[str, bytes] = {}

    def keep(content: bytes) -> str:
        images["image"] = content
        return "image"

    record = now().record(keep)
    put(b"two")
    trial.confirm()

    Firewall(b"").put(Firewall.state_from_record(record, images.__getitem__))

    assert (kernel.loaded, kernel.armed) == (b"one", False)
    assert trial.CONFIRMED.read_bytes() == b"one"


def test_going_back_to_no_rules_leaves_nothing(kernel: Kernel) -> None:
    put(b"one")
    trial.confirm()
    put(b"two")

    Firewall(b"").put(FirewallState(""))

    assert kernel.loaded is None
    assert not kernel.armed
    assert now() == FirewallState("")
    assert not any(path.exists() for path in (trial.CONFIRMED, trial.ON_TRIAL))


def test_rules_that_someone_changed_are_another_state_that_can_be_brought_back(kernel: Kernel) -> None:
    put(b"one")
    trial.confirm()
    kernel.loaded = b"one, and a hole"

    found = now()

    assert found != Firewall(b"one").wanted(found)
    assert b"listed: one, and a hole" in found.rules
    description = Firewall(b"one").describe(found, Firewall(b"one").wanted(found))
    assert description.summary == "load the firewall's rules again: someone has changed them"
    assert description.action is Action.MODIFY


def test_the_plan_says_that_rules_went_back(kernel: Kernel) -> None:
    put(b"one")
    kernel.switch_fires()

    firewall = Firewall(b"one")
    summary = firewall.describe(now(), firewall.wanted(now())).summary

    assert summary.endswith("they took themselves back, because nobody confirmed them")
