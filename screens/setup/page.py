"""What every page of the wizard is and can do."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.widget import Widget

if TYPE_CHECKING:
    from screens.setup.setup_screen import SetupScreen


class Page(Widget):
    """One page of the wizard, made when it is first shown, which is never before the draft is there.

    It shows what `self.setup.draft` says: `self.watch(self.setup, "draft", …)` tells of changes, and a change
    is made by putting another draft there. Its keys stand in BINDINGS, each with a description.
    """

    DEFAULT_CLASSES = "page"
    HELP: ClassVar[str | None] = None
    """A few paragraphs for F1: what the page shows and what people do here."""

    HAS_VIEWS: ClassVar[bool] = False
    """Whether F2 changes what it shows."""

    @property
    def setup(self) -> "SetupScreen":
        """The wizard that this page belongs to."""
        return cast("SetupScreen", self.screen)

    @property
    def state(self) -> str:
        """Its mark in the list of pages, a state as in wizard.readiness; that of a step follows the draft."""
        return "untouched"

    def shown(self) -> None:
        """The page has come into view."""

    def hidden(self) -> None:
        """Another page is shown now."""

    def enter(self) -> None:
        """Give the first thing that can be done here the focus."""
        target = next((w for w in self.query("*") if w.focusable and w.display), None)
        if target is not None:
            target.focus()

    def parting(self) -> tuple[str, str]:
        """A question before the wizard is left, and what follows; empty where the page has nothing to say."""
        return "", ""

    def help(self) -> tuple[str, str]:
        """A title and the text for F1: of what has the focus, else of the page."""
        return "", self.HELP or ""
