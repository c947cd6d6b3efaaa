"""The MTA-STS policy of another domain, as it was published (RFC 8461)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

_MODES = ("enforce", "testing", "none")
_LONGEST_AGE = 31_557_600
"""Seconds: a year at most (section 3.2)."""
_MOST_HOSTS = 200
_ID = re.compile(r"v=STSv1\s*;(?:.*;)?\s*id\s*=\s*([A-Za-z0-9]{1,32})\s*(?:;.*)?")
_HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?")


class BadPolicy(MailsteadError):
    """What is published at that place is no policy."""


@dataclass(frozen=True)
class Policy:
    """What a domain wants of those who send to it. `hosts` are names, or `*.` and a domain, in lower case."""

    id: str
    mode: str
    hosts: tuple[str, ...]
    max_age: int
    """Seconds for which it is to be remembered."""

    @property
    def lookup(self) -> str:
        """The policy in the words of smtp_tls_policy_maps (postconf(5)); empty where nothing is demanded.

        `.domain` there is what `*.domain` is here.
        """
        if self.mode != "enforce":
            return ""
        return f"secure match={':'.join(host.removeprefix('*') for host in self.hosts)} servername=hostname"


def published_id(texts: Sequence[str]) -> str:
    """The id in the TXT records at `_mta-sts.DOMAIN`; empty where there is no policy, or no single one
    (section 3.1).
    """
    of_policies = [text for text in texts if re.match(r"v=STSv1\s*;", text)]
    found = _ID.fullmatch(of_policies[0].strip()) if len(of_policies) == 1 else None
    return found[1] if found else ""


def read_policy(text: str, policy_id: str) -> Policy:
    """The policy in a file (section 3.2). Raises BadPolicy.

    It comes from strangers and ends up in what Postfix reads: names that are none make it invalid as a whole.
    """
    fields: dict[str, str] = {}
    hosts: list[str] = []
    for line in text.splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon:
            continue
        if name == "mx":
            hosts.append(value.lower())
        else:
            fields.setdefault(name, value)
    mode = fields.get("mode", "")
    if fields.get("version") != "STSv1" or mode not in _MODES:
        raise _bad(_("version or mode is not one"), fields.get("version", ""), mode)
    age = fields.get("max_age", "")
    if not re.fullmatch(r"[0-9]{1,10}", age):
        raise _bad(_("max_age is no number"), age)
    wrong = [host for host in hosts if not _HOST.fullmatch(host) or len(host) > 255]
    if wrong or len(hosts) > _MOST_HOSTS or (not hosts and mode != "none"):
        raise _bad(_("mx is no list of names"), *wrong[:1])
    return Policy(
        policy_id, mode, tuple(host.removesuffix(".") for host in hosts), min(int(age), _LONGEST_AGE)
    )


def _bad(reason: str, *values: str) -> BadPolicy:
    return BadPolicy(_("the MTA-STS policy is none"), seen=f"{reason}: {clean(' '.join(values), 200)}")
