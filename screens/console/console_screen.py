"""The console's frame: tabs above, one panel, what it has to say and the keys below."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.command import CommandPalette, Provider
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from backends.language import _
from screens.console.panel import Panel
from screens.console.panels import PANELS, PanelEntry
from screens.console.tabs import Tabs
from screens.textual_mends import SteadyScreen
from screens.widgets.key_bar import KeyBar


def _actions() -> type[Provider]:
    from screens.console.commands import Actions

    return Actions


class ConsoleScreen(SteadyScreen):
    """Shows one panel at a time; each is made when it is first asked for."""

    HELP: ClassVar[str | None] = _(
        "Every panel has a number. What can be done in it stands below and in the command palette (ctrl+p); "
        "a colon goes anywhere by name: a panel, a mailbox, a domain."
    )
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"show_panel('{entry.id}')", entry.title, show=False, id=f"panel-{entry.id}")
            for number, entry in enumerate(PANELS, 1)
        ),
        Binding("slash", "filter", _("Filter"), id="filter"),
        Binding("colon", "go_to", _("Go to"), key_display=":", id="go-to"),
        Binding("ctrl+r", "refresh_panel", _("Refresh"), show=False, id="refresh"),
        Binding("question_mark,f1", "help", _("Help"), key_display="?", id="help"),
        Binding("q", "app.quit", _("Quit"), id="quit"),
    ]

    def __init__(self, first: str = "overview") -> None:
        super().__init__()
        self._first = first
        self._current = ""

    def compose(self) -> ComposeResult:
        """The frame; panels come into #panels."""
        yield Tabs(PANELS)
        yield Container(id="panels")
        yield Static(id="status")
        yield KeyBar()

    async def on_mount(self) -> None:
        """Show the first panel."""
        await self.action_show_panel(self._first)

    @property
    def panel(self) -> Panel:
        """The panel that is shown."""
        return self.query_one(f"#{self._current}", Panel)

    async def action_show_panel(self, name: str) -> None:
        """Show this panel instead."""
        if name == self._current:
            return
        container = self.query_one("#panels")
        if self._current:
            self.panel.hidden()
            self.panel.display = False
        self._current = name
        if not container.query(f"#{name}"):
            await container.mount(_entry(name).make())
        self.panel.display = True
        self.query_one(Tabs).show(name)
        self._say(self.panel)
        self.panel.shown()
        self.refresh_bindings()

    def action_filter(self) -> None:
        """Look for something in the panel."""
        self.panel.open_filter()

    def action_refresh_panel(self) -> None:
        """Look again now."""
        self.panel.refresh_now()

    def action_go_to(self) -> None:
        """Go anywhere by name."""
        from screens.console.commands import Places

        self.app.push_screen(CommandPalette(providers=[Places], placeholder=_("Go to a panel, a mailbox, …")))

    def action_help(self) -> None:
        """What is here and which keys work."""
        from screens.widgets.help_screen import HelpScreen

        title = _entry(self._current).title
        text = "\n\n".join(part for part in (self.panel.HELP, self.HELP) if part)
        keys = [(self.app.get_key_display(one.binding), one.binding.description) for one in self.actions()]
        self.app.push_screen(HelpScreen(title, text, keys))

    def actions(self) -> Iterator[ActiveBinding]:
        """Every action of the panel and of the console that can be called now, once each; not the moves in
        lists and fields.
        """
        seen: set[str] = set()
        for active in self.active_bindings.values():
            is_ours = isinstance(active.node, Panel | ConsoleScreen)
            if (
                is_ours
                and active.enabled
                and active.binding.description
                and active.binding.action not in seen
            ):
                seen.add(active.binding.action)
                yield active

    @on(Panel.Told)
    def _panel_told(self, event: Panel.Told) -> None:
        if event.panel.id == self._current:
            self._say(event.panel)

    def _say(self, panel: Panel) -> None:
        status = self.query_one("#status", Static)
        status.set_class(panel.is_trouble, "trouble")
        status.update(Content(f"! {panel.status_text}" if panel.is_trouble else panel.status_text))


def _entry(name: str) -> PanelEntry:
    return next(entry for entry in PANELS if entry.id == name)
