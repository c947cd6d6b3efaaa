"""What the command palette and `:` offer."""

from collections.abc import Callable, Iterator

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from screens.console.console_screen import ConsoleScreen
from screens.console.panel import Panel
from screens.console.panels import PANELS

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
        """Everything, in its order."""
        for name, words, do in self.commands():
            yield DiscoveryHit(Content(name), do, text=name, help=words)

    async def search(self, query: str) -> Hits:
        """What matches, fuzzily."""
        matcher = self.matcher(query)
        for name, words, do in self.commands():
            if (score := matcher.match(f"{name} {words}")) > 0:
                yield Hit(score, Content(name), do, text=name, help=words)


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
