"""What has to wait until a person sees something."""

from collections.abc import Callable

from textual.dom import DOMNode


def once_painted(node: DOMNode, do: Callable[[], object]) -> None:
    """Call this once what was just mounted is on the terminal: after the refresh that follows mounting, which
    only lays out, and the one after it, which draws. Modules loaded before would hold both up.
    """
    node.call_after_refresh(node.call_after_refresh, do)
