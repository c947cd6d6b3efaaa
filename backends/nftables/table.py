"""Our own table in the kernel: read, loaded, deleted, by nft(8). No other table is ever touched."""

from collections.abc import Sequence
from pathlib import Path

from backends.errors import CommandFailed
from backends.language import _
from backends.machine import files
from backends.machine.facts import IPAddress
from backends.machine.run import find_program, run

_TABLE = ("inet", "mailstead")
_LIFELINE_LASTS = "1h"
_SETTLING_LASTS = "10m"
_START_AFRESH = b"table inet mailstead\ndelete table inet mailstead\n"


def listing() -> bytes | None:
    """The table as the kernel has it, without counters and without what sets hold; None where it isn't there.

    Raises CommandFailed where the kernel does not let us look.
    """
    if find_program("nft") is None:
        return None
    answer = run(["nft", "--stateless", "--terse", "list", "table", *_TABLE], check=False)
    if answer.is_ok:
        return answer.stdout
    if b"No such file or directory" in answer.stderr:
        return None
    raise CommandFailed(
        _("nft can't list the firewall's table"), tried="nft list table", seen=answer.complaint()
    )


def load(rules: Path) -> None:
    """Put a file of rules in the place of the table, in one transaction; raises CommandFailed."""
    run(["nft", "-f", str(rules)])


def delete() -> None:
    """Take the table away; fine when it is not there."""
    if find_program("nft") is not None:
        run(["nft", "-f", "-"], stdin=_START_AFRESH)


def ease_in(addresses: Sequence[IPAddress]) -> None:
    """Let connections from before go on, and open the machine for an hour to people at these addresses."""
    elements = [f"settling {{ 1-65535 timeout {_SETTLING_LASTS} }}"]
    elements += [f"lifeline{a.version} {{ {a} timeout {_LIFELINE_LASTS} }}" for a in addresses]
    lines = [f"add element {' '.join(_TABLE)} {element}\n" for element in elements]
    # Rules that are not of this version's making may have no such sets; they are in force all the same.
    run(["nft", "-f", "-"], stdin="".join(lines).encode(), check=False)


def reloadable(listed: bytes) -> bytes:
    """A listing as rules that can be loaded."""
    return _START_AFRESH + listed


def keep(path: Path, rules: bytes) -> None:
    """Write rules where only root reads them, with the directory they lie in."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write_atomically(path, rules, mode=0o600)
