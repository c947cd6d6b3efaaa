"""The keys that do something here, on the last line."""

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.screen import Screen
from textual.widget import Widget


class _Key(NamedTuple):
    key: str
    shown: str
    words: str
    tooltip: str
    is_enabled: bool
    is_help: bool

    @property
    def width(self) -> int:
        """Cells, the one before the next key too."""
        return cell_len(self.shown) + 1 + cell_len(self.words) + 1


class KeyBar(Widget):
    """Drawn as one line: keys change with every row that the cursor comes to, and Textual's own footer, which
    makes a widget of each, would take most of the time that a key may.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--words"}
    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; color: $footer-foreground; background: $footer-background; }
    KeyBar > .key-bar--key {
        color: $footer-key-foreground; background: $footer-key-background; text-style: bold;
    }
    KeyBar > .key-bar--words {
        color: $footer-description-foreground; background: $footer-description-background;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[_Key, ...] = ()

    def on_mount(self) -> None:
        """Follow what can be pressed."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def render(self) -> Text:
        """Each key and what it does."""
        key_style = self.get_component_rich_style("key-bar--key")
        words_style = self.get_component_rich_style("key-bar--words")
        line = Text(no_wrap=True, end="", overflow="crop")
        for number, key in enumerate(self._fitting):
            line.append(" " if number else "")
            line.append(key.shown, key_style)
            line.append(f" {key.words}", words_style if key.is_enabled else f"{words_style} dim")
        return line

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it."""
        key = self._at(event.x)
        if key is not None and key.is_enabled:
            self.app.simulate_key(key.key)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell more of what is under the mouse."""
        key = self._at(event.x)
        self.tooltip = Text(key.tooltip) if key and key.tooltip else None

    @property
    def _fitting(self) -> list[_Key]:
        """The keys that there is room for; the help, which names all of them, is always there."""
        room = self.size.width + 1 - sum(key.width for key in self._keys if key.is_help)
        shown: list[_Key] = []
        for key in self._keys:
            if key.is_help or key.width <= room:
                shown.append(key)
                room -= 0 if key.is_help else key.width
        return shown

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and self.app.app_focus:
            keys = tuple(_keys(screen, self))
            if keys != self._keys:
                self._keys = keys
                self.refresh()

    def _at(self, x: int) -> _Key | None:
        for key in self._fitting:
            if x < key.width - 1:
                return key if x >= 0 else None
            x -= key.width
        return None


def _keys(screen: Screen[object], bar: Widget) -> Iterator[_Key]:
    """The keys that are shown now, each action once."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.show and binding.action not in seen:
            seen.add(binding.action)
            shown = bar.app.get_key_display(binding)
            is_help = binding.action == "help"
            yield _Key(binding.key, shown, binding.description, active.tooltip, active.enabled, is_help)
