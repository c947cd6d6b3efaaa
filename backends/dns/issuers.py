"""Who may issue certificates for this server's names (CAA, RFC 8659 and RFC 8657)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from backends.certificates.settings import LETS_ENCRYPT, LETS_ENCRYPT_STAGING
from backends.dns.record import DnsRecord, Need
from backends.dns.settings import DnsSettings
from backends.language import _

_ISSUERS = MappingProxyType({LETS_ENCRYPT: "letsencrypt.org", LETS_ENCRYPT_STAGING: "letsencrypt.org"})
"""The name of an authority in CAA records. Of others it is not known, and a wrong one would lock them out."""

_LINEAGE = "renewal/mailstead-ecdsa.conf"
_ACCOUNT = re.compile(r"^account = ([0-9a-f]+)$", re.MULTILINE)
_URI = re.compile(r"https://[A-Za-z0-9._~:/?&=%+-]+")


def issuer_records(settings: DnsSettings, name: str, *, tells: str = "") -> Iterator[DnsRecord]:
    """That only the authority in use, and only for this server's account with it, issues for this name.

    `tells` is the address that hears of refused requests. Nothing where the authority has no known name.
    """
    issuer = _ISSUERS.get(settings.acme_directory)
    if not issuer:
        return
    uri = account_uri(settings.acme_directory, Path(settings.acme_state))
    only = f"{issuer}; accounturi={uri}" if uri else issuer
    why = _("nobody else gets a certificate for this name")
    yield DnsRecord(name, "CAA", f'0 issue "{only}"', need=Need.RECOMMENDED, why=why)
    if tells:
        why = _("authorities tell you when somebody else asks them for one")
        yield DnsRecord(name, "CAA", f'0 iodef "mailto:{tells}"', need=Need.RECOMMENDED, why=why)


def account_uri(directory: str, state: Path) -> str:
    """The URL of certbot's account with the authority at this directory; "" where there is none yet."""
    place = urlsplit(directory)
    accounts = state / "accounts" / place.netloc / place.path.strip("/")
    used = _ACCOUNT.search(_text(state / _LINEAGE))
    known = sorted(path.parent.name for path in accounts.glob("*/regr.json"))
    if used and used[1] in known:
        known = [used[1]]
    # With several, only the certificate says which is in use: naming another would lock this server out.
    return _uri(accounts / known[0] / "regr.json") if len(known) == 1 else ""


def _uri(registration: Path) -> str:
    try:
        uri = json.loads(_text(registration)).get("uri", "")
    except (ValueError, AttributeError):
        return ""
    return uri if isinstance(uri, str) and _URI.fullmatch(uri) else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
