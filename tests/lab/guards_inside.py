"""Runs inside a lab machine: brings firewall, bans and logs about, without the engine, and looks at them.

`python guards_inside.py COMMAND JSON` prints one JSON value.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from backends.adapter import Adapter
from backends.errors import MailsteadError
from backends.fail2ban.adapter import Fail2ban, Fail2banSettings
from backends.logrotate.adapter import Logrotate, LogrotateSettings
from backends.machine.facts import gather_facts
from backends.machine.run import run
from backends.machine.services import service_manager
from backends.nftables import trial
from backends.nftables.adapter import Nftables, NftablesSettings, OpenPort
from backends.nftables.firewall import Firewall
from backends.resources import Resource, Service
from backends.rsyslog.adapter import Rsyslog, RsyslogSettings

OPEN, CLOSED, LIMITED = 8025, 8026, 8027
MAIL_PORTS = (25, 465, 587, 993)
MAX_RETRY = 3


def firewall(
    friends: Sequence[str] = ("192.0.2.0/24",),
    ports: Sequence[int] = (OPEN,),
    lifeline: Sequence[str] = (),
    confirm_within: int = 300,
    override: str = "",
) -> Nftables:
    """`ports` and mail open to everyone, LIMITED to `friends`."""
    everyone = [OpenPort(port) for port in (*ports, *MAIL_PORTS)]
    limited = OpenPort(LIMITED, allow=tuple(map(ip_network, friends)))
    facts = gather_facts()
    return Nftables(
        NftablesSettings(
            init=facts.init,
            ports=(*everyone, limited),
            ssh_ports=facts.ssh_ports,
            lifeline=tuple(map(ip_address, lifeline)),
            confirm_within=confirm_within,
            override=override,
        )
    )


def load(**settings: Any) -> list[str]:
    """Put the firewall into force; what had to change."""
    return _apply(firewall(**settings))


def load_and_wait(**settings: Any) -> None:
    """The same, and then never come to an end."""
    _apply(firewall(**settings))
    print("loaded", flush=True)
    time.sleep(600)


def confirm() -> str:
    """Confirm what is on trial; the error where that fails."""
    try:
        trial.confirm()
    except MailsteadError as problem:
        return problem.message
    return ""


def check(**settings: Any) -> list[str]:
    """What the check of the firewall's rules finds."""
    return _findings(firewall(**settings))["nftables.rules"]


def plan(**settings: Any) -> str:
    """What the plan says of the rules; empty when they are in force."""
    resource = next(r for r in firewall(**settings).resources() if isinstance(r, Firewall))
    (now,) = Firewall.look([resource])
    wanted = resource.wanted(now)
    return "" if now == wanted else resource.describe(now, wanted).summary


def go_back_to_none() -> None:
    """What going back from a first run does to the rules."""
    resource = next(r for r in firewall().resources() if isinstance(r, Firewall))
    record = {"digest": "", "image": "", "is_confirmed": False}
    resource.put(Firewall.state_from_record(record, lambda _: b""))


def guard() -> list[str]:
    """Put firewall, logs, bans and rotation into force; what had to change."""
    return [key for adapter in _guards() for key in _apply(adapter)]


def guard_checks() -> dict[str, list[str]]:
    """What their checks find."""
    return {key: finding for adapter in _guards() for key, finding in _findings(adapter).items()}


def facts(ssh_connection: str = "") -> dict[str, Any]:
    """What the machine is, and the seconds that finding out took at best."""
    durations = []
    for _ in range(5):
        started = time.monotonic()
        gather_facts(ssh_connection)
        durations.append(time.monotonic() - started)
    gathered = gather_facts(ssh_connection)
    fields = {field.name: getattr(gathered, field.name) for field in dataclasses.fields(gathered)}
    fields["ports_held"] = {str(port): name for port, name in gathered.ports_held.items()}
    as_text: dict[str, Any] = json.loads(json.dumps(fields, default=str))
    return as_text | {"seconds": min(durations)}


def _guards() -> tuple[Adapter, ...]:
    facts = gather_facts()
    bans = Fail2banSettings(
        release=facts.release,
        init=facts.init,
        ssh_ports=facts.ssh_ports,
        mail_ports=MAIL_PORTS,
        never_ban=facts.own_networks,
        max_retry=MAX_RETRY,
    )
    return (
        firewall(),
        Rsyslog(RsyslogSettings(facts.init)),
        Fail2ban(bans),
        Logrotate(LogrotateSettings(facts.init, keep_days=7)),
    )


def _findings(adapter: Adapter) -> dict[str, list[str]]:
    findings = {check.id: check.result() for check in adapter.checks()}
    return {key: [finding.status, finding.seen] for key, finding in findings.items()}


def _apply(adapter: Adapter) -> list[str]:
    Path("/etc/mailstead").mkdir(exist_ok=True)
    Path("/var/lib/mailstead").mkdir(mode=0o711, exist_ok=True)
    resources = list(adapter.resources())
    changed: list[str] = []
    for resource in resources:
        changed += [] if resource.is_live else _bring(resource)
    for resource in resources:
        for command in resource.validators if resource.key in changed else ():
            run(command)
    for resource in resources:
        if not resource.is_live:
            continue
        brought = _bring(resource)
        changed += brought
        if isinstance(resource, Service) and not brought:
            action = resource.activation_after(set(changed))
            if action:
                resource.activate(action)
    service_manager().forget_removed_units()
    return changed


def _bring(resource: Resource) -> list[str]:
    (now,) = type(resource).look([resource])
    wanted = resource.wanted(now)
    if now == wanted:
        return []
    resource.put(wanted)
    (after,) = type(resource).look([resource])
    assert after == wanted, (resource.key, after, wanted)
    return [resource.key]


_COMMANDS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        load,
        load_and_wait,
        confirm,
        check,
        plan,
        go_back_to_none,
        guard,
        guard_checks,
        facts,
    )
}

if __name__ == "__main__":
    print(json.dumps(_COMMANDS[sys.argv[1]](**json.loads(sys.argv[2]))))
