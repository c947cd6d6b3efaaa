"""Runs in a machine of the lab: puts accounts, Postfix and Dovecot into force, without an engine.

Prints one JSON object: which resources changed, which did not become what they should, what checks found.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from backends.accounts.adapter import Accounts
from backends.accounts.settings import AccountsSettings, AliasSettings, MailboxSettings
from backends.certificates.settings import KEY_KINDS, tls_files
from backends.dovecot.adapter import Dovecot
from backends.dovecot.settings import DovecotSettings
from backends.machine.run import run
from backends.postfix.adapter import Postfix
from backends.postfix.settings import PostfixSettings
from backends.resources import Directory, File, Resource, Service, SystemGroup
from backends.tls_policy.adapter import TlsPolicy
from backends.tls_policy.settings import TlsPolicySettings

HOSTNAME, DOMAIN = "mail.example.test", "example.test"
PASSWORD = "correct horse battery staple"
SMALL_QUOTA = 1 << 20


def main(release: str) -> None:
    has_systemd = Path("/run/systemd/system").is_dir()
    password = Path("/etc/mailstead/secrets/password")
    make_certificates()
    accounts = Accounts(
        AccountsSettings(
            (DOMAIN,),
            tuple(
                MailboxSettings(f"{name}@{DOMAIN}", password, quota)
                for name, quota in (("admin", 0), ("anna", 0), ("bob", 0), ("small", SMALL_QUOTA))
            ),
            (AliasSettings(f"info@{DOMAIN}", (f"anna@{DOMAIN}",)),),
        )
    )
    postfix = Postfix(
        PostfixSettings(
            release,  # type: ignore[arg-type]
            HOSTNAME,
            f"admin@{DOMAIN}",
            (DOMAIN,),
            resolver_validates=False,
            has_systemd=has_systemd,
            milter_default_action="accept",
        )
    )
    dovecot = Dovecot(
        DovecotSettings(release, HOSTNAME, f"postmaster@{DOMAIN}", pop3_port=110, has_systemd=has_systemd)  # type: ignore[arg-type]
    )
    tls_policy = TlsPolicy(TlsPolicySettings(has_dane=False, has_systemd=has_systemd))
    before = (
        Directory("/etc/mailstead"),
        Directory("/etc/mailstead/override"),
        Directory("/etc/mailstead/secrets", 0o700),
        File(str(password), f"{PASSWORD}\n".encode(), 0o600, is_secret=True),
        Directory("/var/lib/mailstead", 0o711),
        SystemGroup("rspamd-learn"),
    )
    adapters = (accounts, tls_policy, postfix, dovecot)
    resources = chain(before, *(adapter.resources() for adapter in adapters))
    changed, missed = put_into_force(resources)
    checks = chain(*(adapter.checks() for adapter in adapters))
    found = {check.id: [check.result().status.value, check.result().seen] for check in checks}
    print(json.dumps({"changed": changed, "missed": missed, "checks": found}))


def put_into_force(resources: Iterable[Resource]) -> tuple[list[str], list[str]]:
    """Everything but services first, then their validators, then the services.

    Gives what changed, and what isn't as wanted afterwards.
    """
    changed: set[str] = set()
    validators: dict[tuple[str, ...], None] = {}
    services: list[Service] = []
    missed: list[str] = []
    for resource in resources:
        if isinstance(resource, Service):
            services.append(resource)
            continue
        now = type(resource).look([resource])[0]
        wanted = resource.wanted(now)
        if now != wanted:
            resource.put(wanted)
            changed.add(resource.key)
            validators |= dict.fromkeys(resource.validators)
            after = type(resource).look([resource])[0]
            missed += [resource.key] if after != resource.wanted(after) else []
    for command in validators:
        run(command)
    for service in services:
        now = Service.look([service])[0]
        if now != service.wanted(now):
            service.put(service.wanted(now))
        elif action := service.activation_after(changed):
            service.activate(action)
    return sorted(changed), missed


def make_certificates() -> None:
    """A self-signed one of each kind, where the adapters look for them."""
    kinds = {"rsa": ["rsa:3072"], "ecdsa": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]}
    for kind in KEY_KINDS:
        files = tls_files(kind)
        Path(files.key).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if Path(files.combined).exists():
            continue
        subject = ["-subj", f"/CN={HOSTNAME}", "-addext", f"subjectAltName=DNS:{HOSTNAME}", "-days", "90"]
        out = ["-keyout", files.key, "-out", files.chain]
        command = ["openssl", "req", "-x509", "-nodes", "-newkey", *kinds[kind], *subject, *out]
        subprocess.run(command, check=True, capture_output=True)
        combined = Path(files.key).read_bytes() + Path(files.chain).read_bytes()
        Path(files.combined).write_bytes(combined)
        Path(files.combined).chmod(0o600)


if __name__ == "__main__":
    main(sys.argv[1])
