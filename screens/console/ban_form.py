"""What is asked before somebody is banned by hand."""

from ipaddress import ip_address

from textual.app import ComposeResult

from backends.language import _
from screens.widgets.form_screen import FormScreen
from screens.widgets.safe_input import SafeInput


class BanForm(FormScreen[str]):
    """An address that is to be shut out."""

    def __init__(self) -> None:
        super().__init__(_("Ban an address"), _("Ban it"))

    def fields(self) -> ComposeResult:
        """One line."""
        yield self.row(_("Address"), SafeInput(id="ban-address"))

    def is_begun(self) -> bool:
        """Once something is typed."""
        return bool(self.text_of("ban-address"))

    def advice(self) -> str:
        """What a ban by hand is."""
        return _("Every port is closed to it for a week, SSH too. Your own address is refused.")

    async def problem(self) -> str:
        """No address."""
        try:
            ip_address(self.result())
        except ValueError:
            return _("Write an IPv4 or IPv6 address, like 192.0.2.7 or 2001:db8::7.")
        return ""

    def result(self) -> str:
        """What was typed."""
        return self.text_of("ban-address")
