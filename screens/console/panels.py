"""Which panels the console has, in the order of their number keys; their modules are loaded when shown."""

from dataclasses import dataclass
from importlib import import_module

from backends.language import _
from screens.console.panel import Panel


@dataclass(frozen=True)
class PanelEntry:
    """A panel before it is loaded. `also` are other words that `:` finds it by."""

    id: str
    title: str
    module: str
    class_name: str
    also: tuple[str, ...] = ()

    def make(self) -> Panel:
        """The panel, freshly made."""
        panel: Panel = getattr(import_module(f"screens.console.{self.module}"), self.class_name)(id=self.id)
        return panel


PANELS = (
    PanelEntry("overview", _("Overview"), "overview_panel", "OverviewPanel", ("checks", "services")),
    PanelEntry("logs", _("Logs"), "logs_panel", "LogsPanel", ("log", "tail")),
    PanelEntry("queue", _("Queue"), "queue_panel", "QueuePanel", ("mailq", "postqueue")),
    PanelEntry("mailboxes", _("Mailboxes"), "mailboxes_panel", "MailboxesPanel", ("accounts", "domains")),
    PanelEntry("bans", _("Bans"), "bans_panel", "BansPanel", ("fail2ban", "unban")),
    PanelEntry(
        "certificates", _("Certificates"), "certificates_panel", "CertificatesPanel", ("tls", "renew", "acme")
    ),
    PanelEntry("dns", _("DNS"), "dns_panel", "DnsPanel", ("records", "dkim", "spf", "dmarc")),
)
