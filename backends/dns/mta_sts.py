"""What other servers are told about the encryption towards this one (MTA-STS, RFC 8461)."""

import hashlib
from typing import Literal

PolicyMode = Literal["testing", "enforce"]

POLICY_PATH = "/.well-known/mta-sts.txt"

_MAX_AGE: dict[PolicyMode, int] = {"testing": 604_800, "enforce": 2_592_000}
"""Seconds that a sender keeps a policy: a week while trying it out, thirty days then (section 3.2)."""

_ID_LENGTH = 32
"""Letters and digits at most (section 3.1)."""


def policy_host(domain: str) -> str:
    """The host that serves a domain's policy (section 3.3)."""
    return f"mta-sts.{domain}"


def policy_text(hostname: str, mode: PolicyMode) -> str:
    """The file at `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`: `hostname` is each domain's only MX."""
    lines = ("version: STSv1", f"mode: {mode}", f"mx: {hostname}", f"max_age: {_MAX_AGE[mode]}")
    return "".join(f"{line}\r\n" for line in lines)


def policy_id(text: str) -> str:
    """The id in the TXT record at `_mta-sts.DOMAIN`: another one whenever the policy's text is another."""
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
