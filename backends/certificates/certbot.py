"""What Debian's certbot is given by us: a hook, a key for the DNS, trust, and its timer."""

from collections.abc import Iterator
from pathlib import Path

from backends.adapter import Adapter
from backends.certificates.acme import CREDENTIALS, ETC
from backends.certificates.settings import AcmeSettings, DnsUpdateSettings
from backends.dns.update_server import address_of
from backends.resources import Directory, File, GeneratedFile, Resource, Service
from backends.templates import bare

_HOOKS = f"{ETC}/renewal-hooks"
_HOOK = f"{_HOOKS}/deploy/mailstead"
_DROP_IN = "/etc/systemd/system/certbot.service.d/mailstead.conf"


def configuration(adapter: Adapter, acme: AcmeSettings, *, has_systemd: bool) -> Iterator[Resource]:
    """The hook after a renewal, what the challenge needs, and what lets the timer trust the authority.

    Without systemd certbot's own entry for cron renews (/etc/cron.d/certbot).
    """
    for directory in (ETC, _HOOKS, f"{_HOOKS}/deploy"):
        yield Directory(directory)
    yield adapter.file(_HOOK, "deploy-hook.j2", mode=0o755)
    if acme.dns:
        yield _credentials(acme.dns)
    if has_systemd:
        if acme.ca_file:
            yield from adapter.drop_in("certbot.service", "certbot.conf.j2", ca_file=acme.ca_file)
        else:
            yield File(_DROP_IN, None)
        yield Service("certbot.timer")


def nothing(*, has_systemd: bool) -> Iterator[Resource]:
    """Where nobody is asked by ACME (any more), neither hook nor trust is left."""
    yield File(_HOOK, None)
    if has_systemd:
        yield File(_DROP_IN, None)


def _credentials(dns: DnsUpdateSettings) -> GeneratedFile:
    """The key for DNS UPDATE, as long as it is the one that the secret says (certbot-dns-rfc2136)."""

    def content() -> bytes:
        lines = (
            f"dns_rfc2136_server = {address_of(dns.server)}",
            f"dns_rfc2136_name = {bare(dns.key_name)}.",
            f"dns_rfc2136_secret = {bare(_first_line(dns.key_file))}",
            "dns_rfc2136_algorithm = HMAC-SHA256",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    return GeneratedFile(
        CREDENTIALS,
        content,
        lambda now: now == content(),
        what="the key for DNS updates",
    )


def _first_line(path: Path) -> str:
    try:
        return path.read_text().partition("\n")[0].strip()
    except OSError:
        return ""
