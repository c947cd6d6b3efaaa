"""Runs inside a lab machine: brings resolver, certificates, Redis and Rspamd about, and uses them.

`python filter_inside.py COMMAND JSON` prints one JSON value. It applies the adapters by itself, without the
engine: its tests say something about the adapters alone.
"""

import json
import sys
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dkim

from backends.adapter import Adapter
from backends.certificates.adapter import Certificates
from backends.certificates.served import served_certificate
from backends.certificates.settings import CertificatesSettings
from backends.checks import Check, Finding, Status
from backends.dns.records import records_for, zone_text
from backends.dns.settings import DnsSettings
from backends.machine.run import run
from backends.redis.adapter import Redis
from backends.redis.settings import RedisSettings
from backends.resources import Resource, Service, look_at
from backends.rspamd import controller
from backends.rspamd.adapter import Rspamd
from backends.rspamd.settings import MILTER_SOCKET, RspamdSettings
from backends.unbound.adapter import Resolver, Unbound
from backends.unbound.answering import ask
from backends.unbound.settings import UnboundSettings
from tests.lab.milter_client import Verdict, submit

HOST, DOMAINS = "mail.example.test", ("example.test", "second.example.test")
HEADERS = (
    ("From", "Anna <anna@example.test>"),
    ("To", "bob@other.test"),
    ("Subject", "Hello"),
    ("Date", "Tue, 24 Nov 2026 04:00:00 +0000"),
    ("Message-ID", "<1@example.test>"),
)


def adapters(release: str, forward_to: str, has_systemd: bool) -> tuple[Adapter, ...]:
    """The systems under test, in the order of the blueprint."""
    names = UnboundSettings(forward_to=(ip_address(forward_to),), has_systemd=has_systemd)
    filter_settings = RspamdSettings(
        hostname=HOST,
        domains=DOMAINS,
        release=release,
        postmaster="admin@example.test",
        block_lists=("zen.spamhaus.org", "bl.example.test"),
        blocked_senders=(r"^spam/er#\d@", r"@blocked\.example$"),
        blocked_recipients=("^gone@",),
        has_systemd=has_systemd,
    )
    return (
        Unbound(names),
        Resolver(names),
        Certificates(CertificatesSettings(HOST, has_systemd=has_systemd)),
        Redis(RedisSettings(max_memory=64 << 20, has_systemd=has_systemd)),
        Rspamd(filter_settings, records()),
    )


def records() -> DnsSettings:
    """What the server should publish."""
    return DnsSettings(HOST, DOMAINS, (ip_address("198.51.100.10"),), reports_to="admin@example.test")


def apply(release: str, forward_to: str, has_systemd: bool) -> list[str]:
    """Bring everything about; the keys of what had to change."""
    Path("/etc/mailstead").mkdir(mode=0o755, exist_ok=True)
    Path("/var/lib/mailstead").mkdir(mode=0o711, exist_ok=True)
    changed: list[str] = []
    for adapter in adapters(release, forward_to, has_systemd):
        resources = list(adapter.resources())
        states = look_at(resources)
        files = [r for r in resources if not isinstance(r, Service)]
        changes = [r for r in files if r.wanted(states[r.key]) != states[r.key]]
        for resource in changes:
            resource.put(resource.wanted(_now(resource)))
        for command in dict.fromkeys(command for resource in changes for command in resource.validators):
            run(command)
        keys = {resource.key for resource in changes}
        changed += [resource.key for resource in changes]
        for service in (r for r in resources if isinstance(r, Service)):
            wanted = service.wanted(states[service.key])
            if wanted != states[service.key]:
                changed.append(service.key)
                service.put(wanted)
            elif action := service.activation_after(keys):
                service.activate(action)
    return changed


def checks(release: str, forward_to: str, has_systemd: bool) -> dict[str, dict[str, str]]:
    """What every check finds."""
    found = {}
    for adapter in adapters(release, forward_to, has_systemd):
        for check in adapter.checks():
            result = _settled(check)
            found[check.id] = {"status": result.status, "seen": result.seen, "mend": result.mend}
    return found


def handed(**message: Any) -> dict[str, Any]:
    """What the milter does with a message; `signatures` says for each DKIM signature whether it verifies."""
    headers = [tuple(header) for header in message.pop("headers", HEADERS)]
    body = message.pop("body", "Hello Bob,\r\n\r\nwe meet at noon in the garden.\r\n")
    verdict = submit(MILTER_SOCKET, headers, body, **message)
    return {
        "action": verdict.action,
        "reply": verdict.reply,
        "added": verdict.added,
        "removed": verdict.removed,
        "signatures": _signatures(verdict, headers, body),
    }


def learn(text: str) -> dict[str, Any]:
    """Teach the filter a spam message."""
    return controller.request("/learnspam", f"Subject: buy\r\nMessage-ID: <x@x>\r\n\r\n{text}\r\n".encode())


def scanned(text: str) -> dict[str, Any]:
    """The filter's answer by the controller."""
    return controller.scan(text.encode())


def zone() -> str:
    """The records to publish as a zone file."""
    return zone_text(records_for(records()))


def resolved(name: str, kind: str) -> list[str]:
    """What the machine's own resolver says."""
    return [data.to_text() for rrset in ask(name, kind).answer for data in rrset]


def served(port: int, starttls: Any, kind: Any) -> dict[str, str]:
    """The certificate that a port of this machine serves."""
    found = served_certificate("127.0.0.1", port, starttls=starttls, kind=kind, server_name=HOST)
    return {"kind": found.kind, "protocol": found.protocol, "der": found.der.hex()}


def _signatures(verdict: Verdict, headers: list[Any], body: str) -> dict[str, bool]:
    values = verdict.values("DKIM-Signature")
    lines = [*(("DKIM-Signature", value) for value in values), *headers]
    text = "".join(f"{name}: {value}\n" for name, value in lines) + "\n" + body.replace("\r\n", "\n")
    signed = dkim.DKIM(text.replace("\n", "\r\n").encode())
    published = {record.name: record.value.encode() for record in records_for(records())}
    return {
        value.split("a=")[1].split(";")[0]: signed.verify(
            idx=number, dnsfunc=lambda name, **_: published.get(name.decode().rstrip("."))
        )
        for number, value in enumerate(values)
    }


def _settled(check: Check) -> Finding:
    """The finding, once a service that has just started had its time."""
    end = time.monotonic() + (check.patience if check.is_gate else 0)
    while (result := check.result()).status is Status.FAIL and time.monotonic() < end:
        time.sleep(0.2)
    return result


def _now(resource: Resource) -> Any:
    (state,) = type(resource).look([resource])
    return state


_COMMANDS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (apply, checks, handed, learn, scanned, zone, resolved, served)
}

if __name__ == "__main__":
    print(json.dumps(_COMMANDS[sys.argv[1]](**json.loads(sys.argv[2]))))
