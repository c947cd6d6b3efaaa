"""The page of a step: what has to be said first, then its questions."""

from screens.setup.page import Page


class StepPage(Page):
    """Named for its step."""
