"""Brings lexicon to the machine, only where the answers publish through a DNS provider.

Debian 13 has no package of it any more, so it comes as the Python package dns-lexicon, locked with hashes.
"""

from collections.abc import Iterator

from backends.adapter import Adapter
from backends.lexicon.extra import present_extra
from backends.resources import Resource


class Lexicon(Adapter):
    """An extra beside the program; nothing runs for good."""

    name, step = "lexicon", "dns"
    takes_additions = False

    def __init__(self, *, is_wanted: bool) -> None:
        self.is_wanted = is_wanted

    def resources(self) -> Iterator[Resource]:
        """The extra; one that is wanted no more is in nobody's way, and stays."""
        if self.is_wanted:
            yield present_extra()
