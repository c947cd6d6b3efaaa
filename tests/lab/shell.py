"""A shell on a machine of the lab, for looking around: `python -m tests.lab.shell trixie --image program`."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.lab.lab import Lab
from tests.lab.recipes import RELEASES


def main(arguments: Sequence[str] | None = None) -> int:
    """Boots one machine and opens a shell on it; leaving the shell takes everything away."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.shell", description=main.__doc__)
    parser.add_argument("release", choices=RELEASES, nargs="?", default=RELEASES[-1])
    parser.add_argument("--image", default="plain", choices=("plain", "packages", "program"))
    parser.add_argument("--container", action="store_true", help="without an init system")
    parser.add_argument("--name", default="mail")
    parser.add_argument("--remote", action="store_true", help="boot the mail domain other.test too")
    wanted = parser.parse_args(arguments)
    started = time.monotonic()
    with Lab() as lab:
        start = lab.container if wanted.container else lab.boot
        machine = start(wanted.release, wanted.name, wanted.image)
        if wanted.remote:
            print(f"other.test is served by {lab.remote.machine.address}", file=sys.stderr)
        print(f"{machine.address} is up after {time.monotonic() - started:.1f} s", file=sys.stderr)
        shell = machine.spawn(
            "bash", "--login", stdin=None, stdout=None, stderr=None, start_new_session=False
        )
        return shell.wait()


if __name__ == "__main__":
    sys.exit(main())
