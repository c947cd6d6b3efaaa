"""One message of the queue in full, without its text: that is nobody's business."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.language import _
from backends.postfix.queue import QueuedMessage
from backends.postfix.queue_headers import subject_of
from screens.console.moments import date_and_time
from screens.console.queue_row import sender_of

_MOST_RECIPIENTS = 100


class QueueMessageScreen(ModalScreen[None]):
    """Envelope, every recipient with the reason, and the header; all of it scrolls."""

    DEFAULT_CSS = """
    QueueMessageScreen { align: center middle; }
    QueueMessageScreen VerticalScroll { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", _("Close")),
        Binding("down,j", "scroll('down')", show=False),
        Binding("up,k", "scroll('up')", show=False),
        Binding("space", "scroll('page_down')", show=False),
        Binding("b", "scroll('page_up')", show=False),
    ]

    def __init__(self, message: QueuedMessage, headers: tuple[str, ...]) -> None:
        super().__init__()
        self._message, self._headers = message, headers

    def compose(self) -> ComposeResult:
        """One column."""
        with Vertical(classes="dialog") as dialog:
            # Headers are long and wide: this dialog takes the screen that others leave free.
            dialog.styles.width = dialog.styles.height = dialog.styles.max_height = "100%"
            dialog.styles.max_width = 120
            yield Static(Content(f"{self._message.queue_id}  {self._message.queue}"), classes="dialog-title")
            with VerticalScroll():
                yield Static(Content("\n".join(self._envelope())), classes="dialog-text")
                yield Static(Content("\n".join(self._headers)))
            yield Static(Content(_("escape closes this")), classes="dialog-foot")

    def action_scroll(self, where: str) -> None:
        """Scroll, wherever the focus is."""
        scroll = self.query_one(VerticalScroll)
        moves = {
            "down": scroll.scroll_down,
            "up": scroll.scroll_up,
            "page_down": scroll.scroll_page_down,
            "page_up": scroll.scroll_page_up,
        }
        moves[where](animate=False)

    def _envelope(self) -> list[str]:
        message = self._message
        lines = [
            _("arrived {time}, {size} bytes").format(
                time=date_and_time(message.arrived),
                size=f"{message.size_bytes:,}" if message.is_read else "…",
            ),
            _("from {sender}").format(sender=sender_of(message)),
        ]
        pairs = list(zip(message.recipients, message.reasons, strict=True))
        for address, reason in pairs[:_MOST_RECIPIENTS]:
            lines.append(_("to {address}").format(address=address))
            lines += [f"  {reason}"] if reason else []
        if len(pairs) > _MOST_RECIPIENTS:
            lines.append(_("and {count} more").format(count=len(pairs) - _MOST_RECIPIENTS))
        if subject := subject_of(self._headers):
            lines.append(_("subject: {subject}").format(subject=subject))
        return lines
