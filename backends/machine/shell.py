"""A shell for the person at the terminal."""

import os
import pwd
import sys


def open_shell(words: str) -> None:
    """Say these words and give the terminal to the person's shell until it is left.

    This is the one program that is started without `run`: it has the terminal, and nobody reads what it says.
    """
    shell = _shell()
    print(words, flush=True)  # noqa: T201  the screen is away meanwhile
    try:
        child = os.posix_spawn(shell, [shell], os.environ)
    except OSError as problem:
        print(f"{shell}: {problem.strerror}", file=sys.stderr)  # noqa: T201
        return
    os.waitpid(child, 0)


def _shell() -> str:
    own = os.environ.get("SHELL") or pwd.getpwuid(os.getuid()).pw_shell
    return own if own.startswith("/") and os.access(own, os.X_OK) else "/bin/sh"
