"""What the command palette and `:` offer."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from screens.console.console_screen import ConsoleScreen
from screens.console.panel import Panel
from screens.console.panels import PANELS

_MOST = 200
"""More than these nobody reads through."""

Command = tuple[str, str, Callable[[], object]]
"""A name, a word of help, and what to do."""


class _Listed(Provider):
    """Offers a list of commands, all of them as long as nothing is typed."""

    def commands(self) -> Iterator[Command]:
        """The commands there are now."""
        raise NotImplementedError

    @property
    def console(self) -> ConsoleScreen | None:
        """The console, if it is what the palette was opened over."""
        return self.screen if isinstance(self.screen, ConsoleScreen) else None

    async def discover(self) -> Hits:
        """Everything, in its order; of thousands of places only the first."""
        for name, words, do in islice(self.commands(), _MOST):
            yield DiscoveryHit(Content(name), do, text=name, help=words)

    async def search(self, query: str) -> Hits:
        """What matches, fuzzily. Weighing costs too much to be done for 20,000 addresses at each key."""
        matcher = self.matcher(query)
        letters = query.casefold().replace(" ", "")
        found = 0
        for number, (name, words, do) in enumerate(self.commands()):
            if number % 500 == 0:
                await asyncio.sleep(0)
            text = f"{name} {words}"
            if _has_in_order(letters, text) and (score := matcher.match(text)) > 0:
                yield Hit(score, Content(name), do, text=name, help=words)
                found += 1
                if found == _MOST:
                    return


class Actions(_Listed):
    """Every action of the panel that is shown and of the console."""

    def commands(self) -> Iterator[Command]:
        """One for each key with a description."""
        if self.console is None:
            return
        for active in self.console.actions():

            async def do(action: str = active.binding.action, node: DOMNode = active.node) -> None:
                await self.app.run_action(action, default_namespace=node)

            yield active.binding.description, self.app.get_key_display(active.binding), do


class Places(_Listed):
    """The panels, and what the loaded ones have by name."""

    def commands(self) -> Iterator[Command]:
        """Panels first."""
        console = self.console
        if console is None:
            return
        for entry in PANELS:

            async def show(name: str = entry.id) -> None:
                await console.action_show_panel(name)

            yield entry.title, " ".join(entry.also), show
        for panel in console.query(Panel):
            for name, go in panel.places():

                async def show_and_go(panel: Panel = panel, go: Callable[[], None] = go) -> None:
                    await console.action_show_panel(panel.id or "")
                    go()

                yield name, str(panel.id), show_and_go


def _has_in_order(letters: str, text: str) -> bool:
    """Whether all letters stand in the text, in this order: what every fuzzy match needs."""
    place = 0
    folded = text.casefold()
    for letter in letters:
        place = folded.find(letter, place) + 1
        if not place:
            return False
    return True
