"""What the filter should do, and where it meets the others."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

IPNetwork = IPv4Network | IPv6Network

MILTER_SOCKET = "/var/spool/postfix/rspamd/milter.sock"
"""Inside Postfix's chroot; for Postfix it is `unix:rspamd/milter.sock`."""

CONTROLLER_SOCKET = "/run/rspamd/controller.sock"
"""For root and the group LEARN_GROUP: scans, learning, statistics, history."""

LEARN_GROUP = "rspamd-learn"

DKIM_DIRECTORY = "/etc/mailstead/dkim"

FIRST_PAIR = 1


def selectors(pair: int) -> tuple[str, str]:
    """The names of a pair of keys: RSA-2048, which everybody verifies (RFC 8301), and Ed25519 (RFC 8463)."""
    return f"r{pair}", f"e{pair}"


def dkim_key_path(domain: str, selector: str, directory: str = DKIM_DIRECTORY) -> str:
    """Where the private key of a domain's selector lies."""
    return f"{directory}/{domain}.{selector}.key"


@dataclass(frozen=True)
class RspamdSettings:
    """A filter for the mail of these domains."""

    hostname: str
    domains: tuple[str, ...]
    release: str
    """The code name of the Debian release: bookworm or trixie."""
    postmaster: str = ""
    """Sends DMARC reports and is named in them; empty: postmaster@ the first domain."""
    reject_score: float = 15.0
    has_greylisting: bool = True
    has_bayes: bool = True
    has_neural: bool = True
    block_lists: tuple[str, ...] = ()
    blocked_senders: tuple[str, ...] = ()
    blocked_recipients: tuple[str, ...] = ()
    trusted_networks: tuple[IPNetwork, ...] = ()
    """Besides loopback: mail from here is taken for the server's own."""
    redis_socket: str = "/run/redis-mail/redis.sock"
    resolver: str = "127.0.0.1:53"
    max_message_size: int = 50 << 20
    """Bytes; what Postfix takes, so that nothing passes unfiltered for its size."""
    workers: int = 1
    has_systemd: bool = True
    dkim_directory: str = DKIM_DIRECTORY
    dkim_pair: int = FIRST_PAIR
    """The pair of keys that signs."""
    further_pairs: tuple[int, ...] = ()
    """Pairs that do not sign (yet, or any more) and are kept."""
