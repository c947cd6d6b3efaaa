"""Which server this is, and for whom."""

from backends.language import _
from wizard.steps.question import Step


def step() -> Step:
    """The first step: names, domains, the admin."""
    return Step(
        name="site",
        title=_("Site"),
        why=_("The names that other servers and people will know this one by."),
        help=_("Everything else is built on these names."),
        sections=("site",),
        questions=(),
    )
