"""Banning by hand, without shutting oneself out."""

import os
from collections.abc import Mapping

from backends.errors import MailsteadError
from backends.fail2ban import bans
from backends.language import _
from backends.machine.facts import IPAddress, MachineFacts, gather_facts


class WouldLockOut(MailsteadError):
    """An address that may not be banned: a person is connected from it, or it is this machine's."""


def ban_by_hand(address: IPAddress, environment: Mapping[str, str] = os.environ) -> None:
    """Close every port to an address, SSH too. Raises WouldLockOut, or CommandFailed from fail2ban."""
    refuse_to_lock_out(address, gather_facts(environment.get("SSH_CONNECTION")))
    bans.ban(address)


def refuse_to_lock_out(address: IPAddress, facts: MachineFacts) -> None:
    """Raises WouldLockOut for who is connected by SSH now, and for own addresses."""
    plain = getattr(address, "ipv4_mapped", None) or address
    if plain in facts.ssh_peers:
        raise WouldLockOut(
            _("someone is connected from {address} by SSH, perhaps you").format(address=address)
        )
    if plain.is_loopback or plain in facts.addresses:
        raise WouldLockOut(_("{address} is this machine's own address").format(address=address))
    if plain.is_unspecified or plain.is_multicast:
        raise WouldLockOut(_("{address} is no address of one machine").format(address=address))
