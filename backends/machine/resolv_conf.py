"""/etc/resolv.conf: what it says, and who writes it on this machine."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

AddressClient = Literal["dhclient", "dhcpcd", "networkmanager"]
"""A program that fetches addresses, and writes resolvers into /etc/resolv.conf with them."""

RESOLV_CONF = "/etc/resolv.conf"

_SIGNS: dict[AddressClient, str] = {
    # What is there exactly where the program is set up.
    "dhclient": "/etc/dhcp/dhclient-enter-hooks.d",
    "dhcpcd": "/etc/dhcpcd.conf",
    "networkmanager": "/etc/NetworkManager/conf.d",
}


def is_replaceable() -> bool:
    """Whether resolv.conf can be replaced: nothing can be renamed over a file that is mounted there."""
    mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    return all(line.split()[4] != RESOLV_CONF for line in mounts)


def address_clients() -> tuple[AddressClient, ...]:
    """The programs on this machine that would write resolv.conf over again."""
    return tuple(client for client, sign in _SIGNS.items() if Path(sign).exists())


def nameservers(path: str = RESOLV_CONF) -> tuple[str, ...]:
    """The resolvers that a resolv.conf(5) names, in order; what is no address is left out."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    words = (line.split() for line in lines)
    return tuple(
        word[1] for word in words if len(word) > 1 and word[0] == "nameserver" and _is_address(word[1])
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
