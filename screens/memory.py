"""How the program takes memory from the C library; only glibc, which Debian has, can be told."""

import ctypes
from contextlib import suppress

_ARENAS = -8
"""M_ARENA_MAX of malloc.h."""


def share_memory() -> None:
    """Let all threads take memory from one place. Else each of the dozen that ask checks gets its own, and
    keeps some megabytes of it for good (mallopt(3)). Call it before they begin.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENAS, 1)


def give_back() -> None:
    """Give the machine back what was taken and is free again (malloc_trim(3))."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
