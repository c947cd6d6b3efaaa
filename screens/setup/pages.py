"""Which pages the wizard has, in their order; their modules are loaded when they are first shown."""

from dataclasses import dataclass
from importlib import import_module

from backends.language import _
from screens.setup.page import Page


@dataclass(frozen=True)
class PageEntry:
    """A page before it is loaded. The title is short enough for the sidebar: 14 columns."""

    id: str
    title: str
    module: str
    class_name: str

    def make(self) -> Page:
        """The page, freshly made."""
        page: Page = getattr(import_module(f"screens.setup.{self.module}"), self.class_name)(id=self.id)
        return page


def _step(name: str, title: str) -> PageEntry:
    return PageEntry(name, title, "step_page", "StepPage")


# the names of wizard.steps.STEPS, not taken from there: to load it takes longer than the first paint may
PAGES = (
    _step("site", _("Site")),
    _step("hardware", _("Hardware")),
    _step("certificates", _("Certificates")),
    _step("protocols", _("Protocols")),
    _step("accounts", _("Accounts")),
    _step("antispam", _("Anti-spam")),
    _step("logging", _("Logging")),
    _step("backups", _("Backups")),
    PageEntry("review", _("Review"), "review_page", "ReviewPage"),
    PageEntry("apply", _("Apply"), "apply_page", "ApplyPage"),
    PageEntry("proof", _("Proof"), "proof_page", "ProofPage"),
)
